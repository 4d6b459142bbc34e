/** Chance inside a run: seeded, and the same in every schedule, so that a schedule is the only thing that differs. */
import { modules, natives } from "../natives.js";
import { currentRun, type Run } from "../runtime/run.js";
import { seeded } from "../schedule.js";

const generators = new WeakMap<Run, () => number>();

function generatorOf(run: Run): () => number {
  let generator = generators.get(run);
  if (generator === undefined) generators.set(run, (generator = seeded(run.seed)));
  return generator;
}

function fill(run: Run, view: ArrayBufferView): void {
  const random = generatorOf(run);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = Math.floor(random() * 256);
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

type Random = (...args: never[]) => unknown;

/** What takes the place of a function of `node:crypto` inside a run; undefined: leave it to the native one. */
const controlled: Readonly<Record<string, (run: Run, ...args: unknown[]) => { readonly value: unknown } | undefined>> =
  {
    randomUUID: (run) => ({ value: uuid(run) }),
    getRandomValues: (run, view) => {
      fill(run, view as ArrayBufferView);
      return { value: view };
    },
    randomFillSync: (run, view, offset, size) => {
      if (offset !== undefined || size !== undefined || !ArrayBuffer.isView(view)) return undefined;
      fill(run, view);
      return { value: view };
    },
    randomBytes: (run, size, callback) => {
      if (typeof size !== "number" || callback !== undefined) return undefined;
      const bytes = Buffer.alloc(size);
      fill(run, bytes);
      return { value: bytes };
    },
    randomInt: (run, low, high, callback) => {
      if (typeof callback === "function" || typeof high === "function") return undefined;
      const [from, to] = high === undefined ? [0, Number(low)] : [Number(low), Number(high)];
      return { value: from + Math.floor(generatorOf(run)() * (to - from)) };
    },
  };

function wrap(owner: object, name: string): void {
  const native = Reflect.get(owner, name) as Random | undefined;
  if (typeof native !== "function") return;
  const replacement = function (this: unknown, ...args: unknown[]): unknown {
    const run = currentRun();
    const found = run === null ? undefined : controlled[name]!(run, ...args);
    return found === undefined ? Reflect.apply(native, this, args as never[]) : found.value;
  };
  // Where a property may not be redefined (getters of node:crypto), it is left: the determinism check names what it does.
  const { configurable = true, writable = false } = Object.getOwnPropertyDescriptor(owner, name) ?? {};
  if (configurable) Object.defineProperty(owner, name, { value: replacement, configurable: true, writable: true });
  else if (writable) Reflect.set(owner, name, replacement);
}

/** Puts seeded chance in place of the real one, for as long as a run is active. */
export function installRandom(): void {
  Math.random = () => {
    const run = currentRun();
    return run === null ? natives.random() : generatorOf(run)();
  };
  if (natives.crypto !== undefined) for (const name of ["randomUUID", "getRandomValues"]) wrap(natives.crypto, name);
  if (modules.crypto !== undefined) for (const name of Object.keys(controlled)) wrap(modules.crypto, name);
}
