/** What a killer runs on: the explorer as it is, or a mutant of it. */
import type * as explore from "../../src/explore.js";
import type * as activation from "../../src/runtime/activation.js";
import type * as engineAsync from "../../src/runtime/engine-async.js";
import type * as engineFast from "../../src/runtime/engine-fast.js";
import type * as point from "../../src/runtime/point.js";
import type * as recorder from "../../src/runtime/recorder.js";
import type * as registry from "../../src/runtime/registry.js";
import type * as run from "../../src/runtime/run.js";
import type * as bounded from "../../src/search/bounded.js";
import type * as executor from "../../src/search/executor.js";
import type * as sampling from "../../src/search/sampling.js";
import type * as shrink from "../../src/search/shrink.js";
import type * as signature from "../../src/search/signature.js";
import type * as sites from "../../src/sites.js";
import type * as fair from "../../src/strategies/fair.js";
import type * as pct from "../../src/strategies/pct.js";
import type * as replay from "../../src/strategies/replay.js";
import type * as token from "../../src/token.js";
import type * as io from "../../src/world/io.js";
import type * as requests from "../../src/world/requests.js";

/** The parts of the explorer that killers use. */
export type Library = typeof explore &
  typeof activation &
  typeof engineAsync &
  typeof engineFast &
  typeof point &
  typeof recorder &
  typeof registry &
  typeof run &
  typeof bounded &
  typeof executor &
  typeof sampling &
  typeof shrink &
  typeof signature &
  typeof sites &
  typeof fair &
  typeof pct &
  typeof replay &
  typeof token &
  typeof io &
  typeof requests;

const FILES = [
  "explore",
  "runtime/activation",
  "runtime/engine-async",
  "runtime/engine-fast",
  "runtime/point",
  "runtime/recorder",
  "runtime/registry",
  "runtime/run",
  "search/bounded",
  "search/executor",
  "search/sampling",
  "search/shrink",
  "search/signature",
  "sites",
  "strategies/fair",
  "strategies/pct",
  "strategies/replay",
  "token",
  "world/io",
  "world/requests",
];

const KEY = Symbol.for("lockwright.explore");

/** Loads the explorer; with a name the mutant of that name, a copy of the whole module graph with one line changed. */
export async function loadLibrary(mutant?: string): Promise<Library> {
  const query = mutant === undefined ? "" : `?mutant=${encodeURIComponent(mutant)}`;
  const load = (file: string): Promise<object> => import(/* @vite-ignore */ `../../src/${file}.ts${query}`);
  return Object.assign({}, ...(await Promise.all(FILES.map(load)))) as Library;
}

/**
 * Calls `act` with the library as the runtime of the thread. The worlds of several copies lie on top of each other: outside
 * its own runs each hands on to the one below, so what matters is that no copy is left inside a run.
 */
export async function using(library: Library, act: (library: Library) => Promise<void>): Promise<void> {
  const registry = globalThis as { [KEY]?: unknown };
  delete registry[KEY];
  library.installRuntime();
  try {
    await act(library);
  } finally {
    library.setCurrentRun(null);
    delete registry[KEY];
  }
}
