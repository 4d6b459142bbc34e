/**
 * Makes a failing schedule small: delta debugging over its departures (Zeller and Hildebrandt, ddmin), then lower
 * choices, then a bounded search below the price reached. The last step is needed: removing one departure shifts the
 * meaning of those after it, and ddmin alone got stuck at 5 where 2 sufficed, and at 6 where none did.
 */
import { costOf, type Deviation, type Fidelity, type Schedule } from "../schedule.js";
import { BoundedSearch } from "./bounded.js";
import type { Executor, Job } from "./executor.js";
import { signatureOf } from "./signature.js";

/** Schedules spent at most on the search below the price reached. */
const MAX_BELOW = 500;

/** Shrinks `schedule`, keeping its signature. Schedules with a fair suffix are left as they are. */
export async function shrink(executor: Executor, schedule: Schedule, signature: string): Promise<Schedule> {
  if (schedule.fairFrom !== undefined) return schedule;
  const { fidelity } = schedule;
  const attempt = async (deviations: readonly Deviation[]): Promise<readonly Deviation[] | undefined> => {
    const run = await executor.once({ ...executor.jobOf({ fidelity, deviations }), keepsLive: true });
    if (signatureOf(run) !== signature) return undefined;
    return run.deviations.length <= deviations.length ? run.deviations : deviations;
  };
  const fewer = await removeChunks(schedule.deviations, attempt);
  const lower = await lowerChoices(fewer, attempt);
  return { fidelity, deviations: (await searchBelow(executor, fidelity, lower, signature)) ?? lower };
}

type Attempt = (deviations: readonly Deviation[]) => Promise<readonly Deviation[] | undefined>;

async function removeChunks(start: readonly Deviation[], attempt: Attempt): Promise<readonly Deviation[]> {
  let kept = start;
  let chunk = Math.max(1, kept.length >> 1);
  for (;;) {
    let isSmaller = false;
    for (let at = 0; at < kept.length;) {
      const without = await attempt([...kept.slice(0, at), ...kept.slice(at + chunk)]);
      if (without === undefined) at += chunk;
      else {
        kept = without;
        isSmaller = true;
      }
    }
    if (chunk > 1) chunk >>= 1;
    else if (!isSmaller) return kept;
  }
}

async function lowerChoices(start: readonly Deviation[], attempt: Attempt): Promise<readonly Deviation[]> {
  let kept = start;
  for (let at = 0; at < kept.length; at += 1) {
    const deviation = kept[at]!;
    if (deviation.kind !== "pick") continue;
    for (let choice = 1; choice < deviation.choice; choice += 1) {
      const lowered = await attempt(kept.map((each) => (each === deviation ? { ...deviation, choice } : each)));
      if (lowered === undefined) continue;
      kept = lowered;
      break;
    }
  }
  return kept;
}

/** Looks for the same failure at a lower price than `reached`. */
async function searchBelow(
  executor: Executor,
  fidelity: Fidelity,
  reached: readonly Deviation[],
  signature: string,
): Promise<readonly Deviation[] | undefined> {
  const { external, hold } = costOf(reached);
  const price = external + hold;
  if (price === 0) return undefined;
  // Fewer in all, or as many with fewer holds.
  const isCheaper = (deviations: readonly Deviation[]): boolean => {
    const cost = costOf(deviations);
    return cost.external + cost.hold < price || (cost.external + cost.hold === price && cost.hold < hold);
  };
  const search = new BoundedSearch(fidelity, { external: price, hold: Math.max(0, hold - 1) });
  let left = MAX_BELOW;
  let found: readonly Deviation[] | undefined;
  const next = (): Job | undefined => {
    if (left-- === 0) return undefined;
    const job = search.next();
    return job === undefined ? undefined : { ...job, keepsLive: true };
  };
  await executor.search(next, (run) => {
    search.ran(run);
    if (signatureOf(run) !== signature || !isCheaper(run.deviations)) return false;
    found = run.deviations;
    return true;
  });
  return found;
}
