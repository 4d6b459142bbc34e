/** What the walk knows about the code it is in: the nearest function, and whether its awaits are under control. */
import type { SiteKind } from "../sites.js";

/** The surroundings of a node. */
export interface Scope {
  /** Name of the nearest function, as sites show it. */
  readonly owner: string;
  /** How many sites of each kind the nearest function has so far. */
  readonly ordinals: Map<SiteKind, number>;
  /**
   * The variable that holds the activation here. Undefined where no transformed function is running: at the top of a
   * module, in parameters, in field initialisers, in functions that are not async.
   */
  readonly activation: string | undefined;
  readonly isAsyncGenerator: boolean;
  readonly isStrict: boolean;
}

/** Begins a function's (or an initialiser's) own surroundings: nothing is running in it yet. */
export function innerScope(owner: string, isStrict: boolean): Scope {
  return { owner, ordinals: new Map(), activation: undefined, isAsyncGenerator: false, isStrict };
}
