/** Every program of the zoo. */
import { barrierGenerations } from "./programs/barrier-generations.ts";
import { cancelledWaiter } from "./programs/cancelled-waiter.ts";
import { checkThenAct } from "./programs/check-then-act.ts";
import { closeDropsWork } from "./programs/close-drops-work.ts";
import { disposedTooEarly } from "./programs/disposed-too-early.ts";
import { doubleInit } from "./programs/double-init.ts";
import { doubleRelease } from "./programs/double-release.ts";
import { earlyExitLeaks } from "./programs/early-exit-leaks.ts";
import { eventBeforeListener } from "./programs/event-before-listener.ts";
import { intervalOvertakesItself } from "./programs/interval-overtakes-itself.ts";
import { lateResponse } from "./programs/late-response.ts";
import { leaseOver } from "./programs/lease-over.ts";
import { lockOrder } from "./programs/lock-order.ts";
import { lockRing } from "./programs/lock-ring.ts";
import { lostUpdate } from "./programs/lost-update.ts";
import { mutualBackOff } from "./programs/mutual-back-off.ts";
import { newcomerOvertakes } from "./programs/newcomer-overtakes.ts";
import { oneWoken } from "./programs/one-woken.ts";
import { outlivesClose } from "./programs/outlives-close.ts";
import { permitLostOnThrow } from "./programs/permit-lost-on-throw.ts";
import { permitLostOnTimeout } from "./programs/permit-lost-on-timeout.ts";
import { reEntry } from "./programs/re-entry.ts";
import { rejectedCache } from "./programs/rejected-cache.ts";
import { retryAndLateSuccess } from "./programs/retry-and-late-success.ts";
import { siblingGoesOn } from "./programs/sibling-goes-on.ts";
import { signalBeforeWait } from "./programs/signal-before-wait.ts";
import { staleValue } from "./programs/stale-value.ts";
import { stampede } from "./programs/stampede.ts";
import { tickCounting } from "./programs/tick-counting.ts";
import { timeoutAgainstCommit } from "./programs/timeout-against-commit.ts";
import { twoUpgraders } from "./programs/two-upgraders.ts";
import { unhandledRejection } from "./programs/unhandled-rejection.ts";
import { writeBehind } from "./programs/write-behind.ts";
import type { Program } from "./zoo.ts";

export const programs: readonly Program[] = [
  barrierGenerations,
  cancelledWaiter,
  checkThenAct,
  closeDropsWork,
  disposedTooEarly,
  doubleInit,
  doubleRelease,
  earlyExitLeaks,
  eventBeforeListener,
  intervalOvertakesItself,
  lateResponse,
  leaseOver,
  lockOrder,
  lockRing,
  lostUpdate,
  mutualBackOff,
  newcomerOvertakes,
  oneWoken,
  outlivesClose,
  permitLostOnThrow,
  permitLostOnTimeout,
  reEntry,
  rejectedCache,
  retryAndLateSuccess,
  siblingGoesOn,
  signalBeforeWait,
  staleValue,
  stampede,
  tickCounting,
  timeoutAgainstCommit,
  twoUpgraders,
  unhandledRejection,
  writeBehind,
];
