/**
 * One total order over all keys of all keyed locks: by type, then by value; what has no value to compare, by when it was
 * first seen. Whoever takes several keys takes them in this order, so no two callers can wait for each other.
 *
 * The order must be the same for every caller for as long as the process lives. Hence a number that is given once and
 * kept with the object (weakly: an order of keys must not keep them alive), and hence `-0` and `0`, one Map key, and
 * `NaN`, one Map key too, are equal here.
 */
let seen = 0;
const numbers = new WeakMap<object, number>();

/** Gives the number an object or symbol got when it was first seen. */
export function firstSeen(key: object | symbol): number {
  // A symbol of the registry cannot be held weakly; it is compared by its name before this is asked.
  const known = numbers.get(key as object);
  if (known !== undefined) return known;
  seen += 1;
  numbers.set(key as object, seen);
  return seen;
}

/** Types in the order in which keys of them come; undefined last, where `Array.sort` puts it without asking. */
const TYPES: readonly string[] = [
  "boolean",
  "number",
  "bigint",
  "string",
  "registered symbol",
  "symbol",
  "object",
  "undefined",
];

function typeOf(key: unknown): string {
  if (typeof key === "symbol") return Symbol.keyFor(key) === undefined ? "symbol" : "registered symbol";
  return typeof key === "function" ? "object" : typeof key;
}

/** What is compared within a type. */
function valueOf(key: unknown): unknown {
  if (key === null) return 0;
  if (typeof key === "symbol") return Symbol.keyFor(key) ?? firstSeen(key);
  return typeof key === "object" || typeof key === "function" ? firstSeen(key) : key;
}

function compare(a: number | string, b: number | string): number {
  // NaN is equal to itself as a key, and must come somewhere.
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  if (Number.isNaN(b)) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Compares two keys: negative, 0 for the same key, or positive. */
export function compareKeys(a: unknown, b: unknown): number {
  const [left, right] = [typeOf(a), typeOf(b)];
  if (left !== right) return TYPES.indexOf(left) - TYPES.indexOf(right);
  return compare(valueOf(a) as number, valueOf(b) as number);
}

/** Writes a key for people; runs none of its code. */
export function showKey(key: unknown): string {
  if ((typeof key === "object" && key !== null) || typeof key === "function") return `${typeof key} ${firstSeen(key)}`;
  return String(key);
}
