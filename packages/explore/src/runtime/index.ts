/** Puts the runtime in place when it is imported: what a build made beforehand needs. */
import { installRuntime } from "./registry.js";

installRuntime();

export { type Body, type Explorer } from "./explorer.js";
export { installRuntime, type PointCalls } from "./registry.js";
export { issueIo as io, type IoOptions } from "../world/io.js";
