/**
 * `node --import @lockwright/explore/register …`: puts the runtime in place before the program loads, and points into
 * every file of it. TypeScript needs no other loader.
 */
import * as module from "node:module";
import { MessageChannel } from "node:worker_threads";
import { installRuntime } from "../runtime/registry.js";
import { noteUninstrumented } from "../sites.js";
import {
  collectorFor,
  instrumentFile,
  isInstrumented,
  optionsFromEnvironment,
  packageOf,
  sourceTwin,
} from "./instrument.js";

/** The synchronous hooks of Node 22.15 and later, as far as they are used here. */
interface SyncHooks {
  resolve(specifier: string, context: { parentURL?: string }, next: (s: string, c: object) => object): object;
  load(url: string, context: object, next: (url: string, context: object) => object): object;
}

const options = optionsFromEnvironment();

const syncHooks: SyncHooks = {
  resolve(specifier, context, next) {
    const collector = collectorFor(specifier, context.parentURL, options);
    if (collector !== undefined) return next(collector, context);
    try {
      return next(specifier, context);
    } catch (error) {
      const twin = sourceTwin(specifier, context.parentURL);
      const { code } = error as NodeJS.ErrnoException;
      if (twin === undefined || (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND")) throw error;
      try {
        return next(twin, context);
      } catch {
        throw error; // the one about the specifier as written
      }
    }
  },
  load(url, context, next) {
    if (isInstrumented(url, options.inline)) return { ...instrumentFile(url, options), shortCircuit: true };
    const name = packageOf(url);
    if (name !== undefined) noteUninstrumented(name);
    return next(url, context);
  },
};

function registerAsync(): void {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", (name: string) => noteUninstrumented(name));
  port1.unref();
  module.register("./loader.js", import.meta.url, { data: { options, port: port2 }, transferList: [port2] });
}

installRuntime();
// Points move columns, and taking out TypeScript's own constructs moves lines: stacks are to name the source.
process.setSourceMapsEnabled(true);
const { registerHooks } = module as { registerHooks?: (hooks: SyncHooks) => void };
if (registerHooks === undefined) registerAsync();
else registerHooks(syncHooks);
