/** A commit that a timeout may roll back: the check comes before the last request, not with it. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program, sleep } from "../zoo.ts";

interface Outcome {
  isCommitted: boolean;
  isRolledBack: boolean;
}

async function commitWithin(ms: number, outcome: Outcome, isDecidedOnce: boolean): Promise<void> {
  let isLate = false;
  let isDecided = false;
  const timer = setTimeout(() => {
    if (isDecidedOnce && isDecided) return;
    isLate = true;
    outcome.isRolledBack = true;
  }, ms);
  await io("prepare");
  await io("vote");
  if (isLate) return;
  isDecided = true;
  await io("commit");
  outcome.isCommitted = true;
  clearTimeout(timer);
}

const commits =
  (isDecidedOnce: boolean): Body =>
  async () => {
    const outcome: Outcome = { isCommitted: false, isRolledBack: false };
    await commitWithin(50, outcome, isDecidedOnce);
    await sleep(100);
    assert(!(outcome.isCommitted && outcome.isRolledBack), "committed and rolled back");
  };

export const timeoutAgainstCommit: Program = {
  name: "timeout-against-commit",
  kind: "timeout against commit",
  grade: "B",
  message: /committed and rolled back/,
  isTimed: true,
  bug: commits(false),
  fixed: commits(true),
};
