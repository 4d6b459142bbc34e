/** The table of commands. Each is loaded when it is used: a `lockwright ls` from cron loads nothing of `demo`. */
import type { Command, Commands } from "./command.js";

const LOADERS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./run.js")).runCommand,
  ls: async () => (await import("./ls.js")).lsCommand,
  show: async () => (await import("./show.js")).showCommand,
  release: async () => (await import("./release.js")).releaseCommand,
  wait: async () => (await import("./wait.js")).waitCommand,
  watch: async () => (await import("./watch.js")).watchCommand,
  explore: async () => (await import("./explore.js")).exploreCommand,
  demo: async () => (await import("./demo.js")).demoCommand,
  completion: async () => (await import("./completion.js")).completionCommand,
  help: async () => (await import("./help-command.js")).helpCommand,
};

/** Called by the shells' completion functions, not by people. */
const HIDDEN: Readonly<Record<string, () => Promise<Command>>> = {
  __complete: async () => (await import("./complete.js")).completeCommand,
};

async function load(name: string): Promise<Command | undefined> {
  if (Object.hasOwn(LOADERS, name)) return await LOADERS[name]?.();
  return Object.hasOwn(HIDDEN, name) ? await HIDDEN[name]?.() : undefined;
}

/** Every command there is; `names` and `loadAll` leave out the hidden ones. */
export const commands: Commands = {
  names: Object.keys(LOADERS),
  load,
  loadAll: () => Promise.all(Object.values(LOADERS).map((loader) => loader())),
};
