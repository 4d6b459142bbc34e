/**
 * The module hooks of `register`, for Node's asynchronous loader (its own thread: Node 20 and 22 below 22.15). They know of
 * the program only what travels in the modules; package names go back over a port.
 */
import type { LoadHook, ResolveHook } from "node:module";
import type { MessagePort } from "node:worker_threads";
import {
  collectorFor,
  type InstrumentOptions,
  instrumentFile,
  isInstrumented,
  packageOf,
  sourceTwin,
} from "./instrument.js";

let options: InstrumentOptions;
let port: MessagePort | undefined;

/** Takes what `register` hands over. */
export function initialize(data: { readonly options: InstrumentOptions; readonly port: MessagePort }): void {
  options = data.options;
  port = data.port;
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  const collector = collectorFor(specifier, context.parentURL, options);
  if (collector !== undefined) return next(collector, context);
  try {
    return await next(specifier, context);
  } catch (error) {
    const twin = sourceTwin(specifier, context.parentURL);
    if (twin === undefined || (error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    try {
      return await next(twin, context);
    } catch {
      throw error; // the one about the specifier as written
    }
  }
};

export const load: LoadHook = async (url, context, next) => {
  if (isInstrumented(url, options.inline)) return { ...instrumentFile(url, options), shortCircuit: true };
  const name = packageOf(url);
  if (name !== undefined) port?.postMessage(name);
  return next(url, context);
};
