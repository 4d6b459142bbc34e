/**
 * Chance inside a run: seeded, and the same in every schedule, so that the schedule is the only thing that differs.
 *
 * The functions of `node:crypto` are called first, for their checks and their errors; then what they gave is overwritten.
 * Their callback forms are externals.
 */
import { modules, natives } from "../natives.js";
import { currentRun, type Run } from "../runtime/run.js";
import { currentScope } from "./scope.js";

type Native = (...args: unknown[]) => unknown;
type Callback = (error: Error | null, value: unknown) => void;

function fill(run: Run, view: ArrayBufferView | ArrayBuffer): void {
  const bytes = ArrayBuffer.isView(view)
    ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    : new Uint8Array(view);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = Math.floor(run.random() * 256);
}

/** A version 4 UUID (RFC 9562) from the run's generator. */
function uuid(run: Run): string {
  const bytes = new Uint8Array(16);
  fill(run, bytes);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** What takes the place of what the native function gave for these arguments. */
type Replace = (run: Run, given: unknown, args: readonly unknown[]) => unknown;

function overwrite(run: Run, given: unknown): unknown {
  fill(run, given as ArrayBufferView);
  return given;
}

/** Offset and size count elements of the view, as in Node. */
function overwritePart(run: Run, given: unknown, [view, offset = 0, size]: readonly unknown[]): unknown {
  if (!ArrayBuffer.isView(view)) {
    const end = size === undefined ? undefined : Number(offset) + Number(size);
    const part = new Uint8Array(view as ArrayBuffer).subarray(Number(offset), end);
    fill(run, part);
    return given;
  }
  const width = (view as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
  const start = Number(offset) * width;
  const length = size === undefined ? view.byteLength - start : Number(size) * width;
  fill(run, new Uint8Array(view.buffer, view.byteOffset + start, length));
  return given;
}

function between(run: Run, _: unknown, args: readonly unknown[]): number {
  const [low, high] = args.length === 1 ? [0, Number(args[0])] : [Number(args[0]), Number(args[1])];
  return low + Math.floor(run.random() * (high - low));
}

const replacements: Readonly<Record<string, Replace>> = {
  randomUUID: (run) => uuid(run),
  getRandomValues: overwrite,
  randomBytes: overwrite,
  randomFillSync: overwritePart,
  randomInt: between,
};

/** The function that does at once what a callback form does later. */
const SYNCHRONOUS: Readonly<Record<string, string>> = { randomFill: "randomFillSync" };

function wrap(owner: object, name: string): void {
  const native = Reflect.get(owner, name) as Native | undefined;
  if (typeof native !== "function") return;
  const replace = replacements[name];
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const run = currentRun();
    if (run === null) return Reflect.apply(native, this, args);
    const callback = args.at(-1);
    if (typeof callback === "function") return later(run, owner, name, args.slice(0, -1), callback as Callback);
    const given = Reflect.apply(native, this, args);
    return replace === undefined ? given : replace(run, given, args);
  };
  // Where a property may not be redefined (getters of node:crypto), it is left: the determinism check names what it does.
  const { configurable = true, writable = false } = Object.getOwnPropertyDescriptor(owner, name) ?? {};
  if (configurable) Object.defineProperty(owner, name, { value: wrapper, configurable: true, writable: true });
  else if (writable) Reflect.set(owner, name, wrapper);
}

/** The callback form: refuses bad arguments at once, as Node does, and gives its value in a step of its own. */
function later(run: Run, owner: object, name: string, args: readonly unknown[], callback: Callback): void {
  const sync = Reflect.get(owner, SYNCHRONOUS[name] ?? name) as Native;
  const value = Reflect.apply(sync, owner, args);
  const scope = currentScope();
  run.issue(`crypto.${name}`, {}, () => scope.runInAsyncScope(callback as Native, undefined, null, value));
}

/** Puts seeded chance in place of the real one, for as long as a run is active. */
export function installRandom(): void {
  Math.random = () => {
    const run = currentRun();
    return run === null ? natives.random() : run.random();
  };
  if (natives.crypto !== undefined) for (const name of ["randomUUID", "getRandomValues"]) wrap(natives.crypto, name);
  if (modules.crypto !== undefined)
    for (const name of [...Object.keys(replacements), ...Object.keys(SYNCHRONOUS)]) wrap(modules.crypto, name);
}
