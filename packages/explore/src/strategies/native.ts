/** Native order: never a departure. */
import type { Strategy } from "../schedule.js";

/** Gives the strategy that departs nowhere. */
export function nativeOrder(): Strategy {
  return { pick: () => 0 };
}
