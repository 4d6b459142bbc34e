/** Values of models and operations: compared by structure, and shown in a few characters. */
import { natives } from "../natives.js";

/** Compares by structure: primitives by `Object.is` but for the sign of zero, objects of one class field by field. */
export function isEqual(a: unknown, b: unknown): boolean {
  return compare(a, b, []);
}

type Pair = readonly [object, object];

function compare(a: unknown, b: unknown, open: readonly Pair[]): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  // A cycle: equal if nothing else tells them apart.
  if (open.some(([x, y]) => x === a && y === b)) return true;
  const inner: readonly Pair[] = [...open, [a, b]];
  if (a instanceof Map) return sameMaps(a, b as Map<unknown, unknown>, inner);
  if (a instanceof Set) return sameSets(a, b as Set<unknown>, inner);
  if (a instanceof natives.Date) return a.getTime() === (b as Date).getTime();
  if (a instanceof RegExp) return String(a) === String(b);
  if (a instanceof Error && (a.name !== (b as Error).name || a.message !== (b as Error).message)) return false;
  return sameFields(a as Fields, b as Fields, inner);
}

type Fields = Readonly<Record<PropertyKey, unknown>>;

function sameFields(a: Fields, b: Fields, open: readonly Pair[]): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && compare(a[key], b[key], open))
  );
}

function sameMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>, open: readonly Pair[]): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.has(key) && compare(value, b.get(key), open));
}

function sameSets(a: Set<unknown>, b: Set<unknown>, open: readonly Pair[]): boolean {
  if (a.size !== b.size) return false;
  const others = [...b];
  return [...a].every((value) => b.has(value) || others.some((other) => compare(value, other, open)));
}

const MAX_ITEMS = 8;
const MAX_DEPTH = 4;
const MAX_TEXT = 80;

/** Shows a value on one line: `{ kind: "write", value: 1 }`. */
export function showValue(value: unknown): string {
  const text = show(value, 0);
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}

function show(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[${value.name || "function"}]`;
  if (typeof value !== "object" || value === null) return String(value);
  if (depth === MAX_DEPTH) return "…";
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof natives.Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  const items = (all: readonly unknown[]): string[] => all.map((each) => show(each, depth + 1));
  if (Array.isArray(value)) return bracket("[", items(value.slice(0, MAX_ITEMS)), value.length, "]");
  if (value instanceof Set) return `Set ${bracket("{", items([...value].slice(0, MAX_ITEMS)), value.size, "}")}`;
  const isMap = value instanceof Map;
  const entries: readonly (readonly [unknown, unknown])[] = isMap ? [...value] : Object.entries(value);
  const pairs = entries.slice(0, MAX_ITEMS).map(([key, each]) => {
    return `${isMap ? `${show(key, depth + 1)} =>` : `${String(key)}:`} ${show(each, depth + 1)}`;
  });
  return `${isMap ? "Map " : ""}${bracket("{", pairs, entries.length, "}")}`;
}

function bracket(open: string, items: readonly string[], count: number, close: string): string {
  const all = count > items.length ? [...items, "…"] : items;
  if (all.length === 0) return open + close;
  const pad = open === "{" ? " " : "";
  return `${open}${pad}${all.join(", ")}${pad}${close}`;
}
