/** Every program of the zoo. */
import { doubleInit } from "./programs/double-init.ts";
import { lateResponse } from "./programs/late-response.ts";
import { lockOrder } from "./programs/lock-order.ts";
import { lostUpdate } from "./programs/lost-update.ts";
import { tickCounting } from "./programs/tick-counting.ts";
import { timeoutAgainstCommit } from "./programs/timeout-against-commit.ts";
import type { Program } from "./zoo.ts";

export const programs: readonly Program[] = [
  lostUpdate,
  doubleInit,
  lockOrder,
  timeoutAgainstCommit,
  lateResponse,
  tickCounting,
];
