/**
 * Accesses of properties, noted by code of a `track` build while a run records them; at all other times each call is a
 * look at one field.
 *
 * A location is an object and a key: objects are numbered in the order in which a run first touches them. A collection
 * (Array, Map, Set and their weak kin) is one location, whatever the key: the runtime sees which method is called, not
 * with what. Other methods touch nothing by being called; what they do is noted inside them.
 *
 * Looking at an object must not run the program's code: no getter is read, and a Proxy is asked for its prototype only.
 */
import { siteAt } from "../sites.js";
import type { Recorder } from "./recorder.js";
import { currentRun } from "./run.js";

/** Read, write, both, or the read of a method that is called at once. */
export type AccessKind = "r" | "w" | "rw" | "m";

/** Accesses noted in one run; a loop over a large array would fill the memory. */
const MAX_ACCESSES = 100_000;

/** What a method does to its collection where it is not merely a look. */
const EFFECTS: Readonly<Record<string, "w" | "rw">> = {
  add: "w",
  clear: "w",
  copyWithin: "w",
  delete: "w",
  fill: "w",
  pop: "rw",
  push: "w",
  reverse: "rw",
  set: "w",
  shift: "rw",
  sort: "rw",
  splice: "rw",
  unshift: "w",
};

function isCollection(object: object): boolean {
  return (
    Array.isArray(object) ||
    object instanceof Map ||
    object instanceof Set ||
    object instanceof WeakMap ||
    object instanceof WeakSet
  );
}

/** The name of a class, without running anything of it. */
function classOf(object: object): string {
  const own = (target: object, key: string): unknown => Object.getOwnPropertyDescriptor(target, key)?.value;
  if (typeof object === "function") return String(own(object, "name") ?? "function");
  const prototype: unknown = Object.getPrototypeOf(object);
  const made = typeof prototype === "object" && prototype !== null ? own(prototype, "constructor") : undefined;
  const name = typeof made === "function" ? own(made, "name") : undefined;
  return typeof name === "string" && name !== "" && name !== "Object" ? name.slice(0, 60) : "object";
}

/** The objects of one run, by number and class. */
class Locations {
  readonly #names = new WeakMap<object, string>();
  #count = 0;
  noted = 0;

  nameOf(object: object): string {
    let name = this.#names.get(object);
    if (name === undefined) this.#names.set(object, (name = `${classOf(object)}#${(this.#count += 1)}`));
    return name;
  }
}

const runs = new WeakMap<Recorder, Locations>();

function noteNow(recorder: Recorder, object: unknown, key: unknown, kind: AccessKind, id: number): void {
  if ((typeof object !== "object" && typeof object !== "function") || object === null) return;
  // Turning an object into a key runs its code.
  if ((typeof key === "object" && key !== null) || typeof key === "function") return;
  const isWhole = isCollection(object);
  const site = siteAt(id);
  if (site === undefined || (kind === "m" && !isWhole)) return;
  let locations = runs.get(recorder);
  if (locations === undefined) runs.set(recorder, (locations = new Locations()));
  if (locations.noted >= MAX_ACCESSES) return;
  locations.noted += 1;
  const access = kind === "m" ? (EFFECTS[String(key)] ?? "r") : kind;
  recorder.access(site, `${locations.nameOf(object)}.${isWhole ? "*" : String(key)}`, access);
}

function note(recorder: Recorder, object: unknown, key: unknown, kind: AccessKind, id: number): void {
  try {
    noteNow(recorder, object, key, kind, id);
  } catch {
    // A revoked Proxy, or a trap that throws: the access itself is about to say so, in the program's own place.
  }
}

/** Notes that `object[key]` is about to be accessed; gives `object`. */
export function g<T>(object: T, key: unknown, kind: AccessKind, site: number): T {
  const recorder = currentRun()?.recorder;
  if (recorder?.isTracking === true) note(recorder, object, key, kind, site);
  return object;
}

/** Notes a write of `object[key]` whose right-hand side has just given `value`; gives `value`. */
export function w<T>(value: T, object: unknown, key: unknown, site: number): T {
  const recorder = currentRun()?.recorder;
  if (recorder?.isTracking === true) note(recorder, object, key, "w", site);
  return value;
}
