/** A job that fails keeps its slot. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";
import { SimpleSemaphore } from "./permits.ts";

async function runLeaky(slots: SimpleSemaphore, job: () => Promise<void>): Promise<void> {
  await slots.acquire();
  await job();
  slots.release();
}

async function runSafely(slots: SimpleSemaphore, job: () => Promise<void>): Promise<void> {
  await slots.acquire();
  try {
    await job();
  } finally {
    slots.release();
  }
}

const jobs =
  (run: typeof runSafely): Body =>
  async (t) => {
    const slots = new SimpleSemaphore(1);
    let cancelled = false;
    const fails = run(slots, async () => {
      await io("work");
      if (cancelled) throw new Error("cancelled");
    }).catch(() => {});
    const cancel = async (): Promise<void> => {
      await io("user thinks");
      await io("user cancels");
      cancelled = true;
    };
    await Promise.all([fails, cancel()]);
    await t.settled();
    assert(slots.free === 1, "a slot is gone");
  };

export const permitLostOnThrow: Program = {
  name: "permit-lost-on-throw",
  kind: "permit lost on throw",
  grade: "B",
  message: /a slot is gone/,
  bug: jobs(runLeaky),
  fixed: jobs(runSafely),
};
