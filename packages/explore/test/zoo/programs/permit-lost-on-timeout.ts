/** A caller waits for a slot at most 50 ms. The slot it no longer wants still comes to it. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program, sleep } from "../zoo.ts";
import { SimpleSemaphore } from "./permits.ts";

async function acquireWithinLeaky(slots: SimpleSemaphore, ms: number): Promise<boolean> {
  const acquired = slots.acquire().then(() => true);
  return await Promise.race([acquired, sleep(ms).then(() => false)]);
}

async function acquireWithin(slots: SimpleSemaphore, ms: number): Promise<boolean> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error("too late")), ms);
  try {
    await slots.acquire(abort.signal);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

const callers =
  (acquire: typeof acquireWithin): Body =>
  async (t) => {
    const slots = new SimpleSemaphore(1);
    await slots.acquire();
    const impatient = async (): Promise<void> => {
      if (await acquire(slots, 50)) slots.release();
    };
    const holder = async (): Promise<void> => {
      await io("work");
      slots.release();
    };
    await Promise.all([impatient(), holder()]);
    await t.settled();
    assert(slots.free === 1, "a slot is gone");
  };

export const permitLostOnTimeout: Program = {
  name: "permit-lost-on-timeout",
  kind: "permit lost on abort or timeout",
  grade: "B",
  message: /a slot is gone/,
  isTimed: true,
  bug: callers(acquireWithinLeaky),
  fixed: callers(acquireWithin),
};
