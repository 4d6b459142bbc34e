/** An error handler and a finally block both give the slot back; then two are in. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";
import { SimpleSemaphore } from "./permits.ts";

const workers =
  (isReleasedOnce: boolean): Body =>
  async (t) => {
    const slot = new SimpleSemaphore(1);
    let inside = 0;
    let isCancelled = false;
    t.invariant(() => inside <= 1, "one at a time");
    const work = async (): Promise<void> => {
      await slot.acquire();
      inside += 1;
      try {
        await io("work");
        if (isCancelled) throw new Error("cancelled");
      } catch {
        if (!isReleasedOnce) slot.release();
      } finally {
        inside -= 1;
        slot.release();
      }
    };
    const cancel = async (): Promise<void> => {
      for (let step = 0; step < 4; step += 1) await io("move the mouse");
      await io("cancel");
      isCancelled = true;
      await io("think again");
      isCancelled = false;
    };
    await Promise.all([work(), work(), work(), cancel()]);
    assert(slot.free === 1, "one slot has become two");
  };

export const doubleRelease: Program = {
  name: "double-release",
  kind: "double release admits two",
  grade: "B",
  message: /one at a time|become two/,
  bug: workers(false),
  fixed: workers(true),
};
