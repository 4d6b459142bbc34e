/**
 * Where transformed code finds its runtime: one per thread, under a registered symbol. The transformer may sit in another
 * thread or process, and modules of the program are loaded by loaders that know nothing of this package.
 */
import { ScheduleError } from "../errors.js";
import { installWorld } from "../world/install.js";
import { im } from "../world/requests.js";
import { addSites } from "../sites.js";
import { g, w } from "./access.js";
import { ad, du } from "./disposal.js";
import { c, d, enter, exit, it, p, r, y } from "./point.js";

const KEY = Symbol.for("lockwright.explore");

/** What transformed code calls; see `transform/`. */
export interface PointCalls {
  readonly mod: typeof addSites;
  readonly enter: typeof enter;
  readonly exit: typeof exit;
  readonly p: typeof p;
  readonly r: typeof r;
  readonly c: typeof c;
  readonly d: typeof d;
  readonly it: typeof it;
  readonly y: typeof y;
  readonly ad: typeof ad;
  readonly du: typeof du;
  readonly im: typeof im;
  readonly g: typeof g;
  readonly w: typeof w;
}

const points: PointCalls = { mod: addSites, enter, exit, p, r, c, d, it, y, ad, du, im, g, w };

/** Publishes the runtime and puts the virtual world in place. Refuses a second copy of this package in one thread. */
export function installRuntime(): void {
  const scope = globalThis as { [KEY]?: PointCalls };
  if (scope[KEY] === points) return;
  if (scope[KEY] !== undefined)
    throw new ScheduleError(
      "LW_SCHEDULE",
      "two copies of @lockwright/explore are loaded in one thread: install it once (npm ls @lockwright/explore)",
    );
  installWorld();
  scope[KEY] = points;
}
