/** Two polite processes: each steps back when it sees that the other wants in, and tries again, for ever in step. */
import type { Body } from "@lockwright/explore";
import { io, type Program } from "../zoo.ts";

const polite =
  (hasPriority: boolean): Body =>
  async () => {
    const wants = [false, false];
    const enter = async (me: number): Promise<void> => {
      const other = 1 - me;
      for (;;) {
        wants[me] = true;
        await io(`${me} looks`);
        const isContested = wants[other];
        await io(`${me} decides`);
        if (!isContested) break;
        if (hasPriority && me === 0) {
          while (wants[other]) await io(`${me} waits`);
          break;
        }
        wants[me] = false;
        await io(`${me} steps back`);
      }
      await io(`${me} works`);
      wants[me] = false;
    };
    await Promise.all([enter(0), enter(1)]);
  };

export const mutualBackOff: Program = {
  name: "mutual-back-off",
  kind: "mutual back-off that never ends; its twin polls, which is no livelock",
  grade: "A",
  message: /livelock/,
  options: { maxSteps: 60 },
  bug: polite(false),
  fixed: polite(true),
};
