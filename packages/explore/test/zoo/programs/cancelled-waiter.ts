/** A waiter that was cancelled stays in the queue; the next hand-over goes to it and is lost. */
import type { Body } from "@lockwright/explore";
import { io, type Program } from "../zoo.ts";
import { SimpleSemaphore } from "./permits.ts";

const queue =
  (removesCancelled: boolean): Body =>
  async () => {
    const lock = new SimpleSemaphore(1, { removesCancelled });
    const abort = new AbortController();
    await lock.acquire();
    const cancelled = lock.acquire(abort.signal).then(
      () => lock.release(),
      () => {},
    );
    const patient = lock.acquire().then(() => lock.release());
    const release = io("work").then(() => lock.release());
    const cancel = io("click away").then(() => abort.abort(new Error("cancelled")));
    await Promise.all([cancelled, patient, release, cancel]);
  };

export const cancelledWaiter: Program = {
  name: "cancelled-waiter",
  kind: "a cancelled waiter swallows its hand-over",
  grade: "B",
  message: /deadlock/,
  bug: queue(false),
  fixed: queue(true),
};
