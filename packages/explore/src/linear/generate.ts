/**
 * Which operations the clients of a scenario call. All of it comes from the seed, its size too: small ones come first,
 * since a bug that shows with two clients and one operation each is best read that way.
 */
import { seeded } from "../schedule.js";

/** Operations of each client. */
export type Scenario<O> = readonly (readonly O[])[];

/** Scenarios of growing size; then the sizes begin anew. */
export const SIZES = 6;

/** The size of the scenario of a seed: at least two clients with one operation each, as far as there are that many. */
export function sizeOf(
  seed: number,
  clients: number,
  length: number,
): { readonly clients: number; readonly length: number } {
  const share = ((((seed - 1) % SIZES) + SIZES) % SIZES) / (SIZES - 1);
  return {
    clients: Math.min(clients, 2 + Math.round(share * Math.max(0, clients - 2))),
    length: 1 + Math.round(share * (length - 1)),
  };
}

/** Makes the scenario of a seed. */
export function makeScenario<O>(
  ops: (random: () => number) => O,
  seed: number,
  most: { readonly clients: number; readonly length: number },
): Scenario<O> {
  const random = seeded(seed);
  const { clients, length } = sizeOf(seed, most.clients, most.length);
  return Array.from({ length: clients }, () => Array.from({ length }, () => ops(random)));
}
