/** What `map` and `mapStream` take: their options, and the iterable they read from. */
import { checkBody, checkDuration, checkOptions, checkSignal, show } from "../core/options.js";
import type { WaitOptions } from "./lock.js";

/** How far a `map` is, after an item settled. */
export interface MapProgress {
  /** Items settled, the failed ones included. */
  readonly done: number;
  /** Items whose body threw. */
  readonly failed: number;
  /** Bodies running now. */
  readonly active: number;
  /** Items in all, for an array, a typed array, a Set or a Map; unknown for any other source. */
  readonly total: number | undefined;
}

/** Options of `map` and `mapStream`; `signal` ends the whole, `timeout` bounds the wait of each item for its permits. */
export interface MapOptions<T> extends WaitOptions {
  /** Permits an item takes, a whole number from 1. Default: 1 each. */
  readonly weight?: (item: T) => number;
  /** False to go on after a failed item, and to reject with an AggregateError of all of them at the end. Default true. */
  readonly stopOnError?: boolean;
  /** Called after each settled item. If it throws, the map fails with that. */
  readonly onProgress?: (progress: MapProgress) => void;
}

/** Options of one map, checked. */
export interface MapPlan<T> {
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
  readonly weight: ((item: T) => number) | undefined;
  readonly stopOnError: boolean;
  readonly onProgress: ((progress: MapProgress) => void) | undefined;
  readonly ordered: boolean;
}

/** Reads a source item by item. */
export interface ItemSource<T> {
  /** Items in all, where the source knows. */
  readonly total: number | undefined;
  /** True when items come as promises. */
  readonly isAsync: boolean;
  open(): Iterator<T> | AsyncIterator<T>;
}

function checkOptionalFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function")
    throw new TypeError(`${name} must be a function, got ${show(value)}`);
}

function checkFlag(name: string, value: unknown): void {
  if (typeof value !== "boolean") throw new TypeError(`${name} must be true or false, got ${show(value)}`);
}

/** Checks a mapper and its options. Throws a TypeError or RangeError. */
export function readPlan<T>(fn: unknown, options: MapOptions<T> & { readonly ordered?: boolean } = {}): MapPlan<T> {
  checkBody(fn);
  checkOptions(options);
  const { signal, timeout = Infinity, weight, onProgress, stopOnError = true, ordered = true } = options;
  if (signal !== undefined) checkSignal(signal);
  checkDuration("timeout", timeout);
  checkOptionalFunction("weight", weight);
  checkOptionalFunction("onProgress", onProgress);
  checkFlag("stopOnError", stopOnError);
  checkFlag("ordered", ordered);
  return { signal, timeout, weight, stopOnError, onProgress, ordered };
}

/** Checks that `items` can be iterated, without beginning to. Throws a TypeError. */
export function readSource<T>(items: Iterable<T> | AsyncIterable<T>): ItemSource<T> {
  const source = items as Partial<Iterable<T> & AsyncIterable<T>> | null | undefined;
  if (typeof source?.[Symbol.asyncIterator] === "function")
    return { total: undefined, isAsync: true, open: () => source[Symbol.asyncIterator]!() };
  if (typeof source?.[Symbol.iterator] === "function")
    return { total: sizeOf(items), isAsync: false, open: () => source[Symbol.iterator]!() };
  throw new TypeError(`items must be iterable, got ${show(items)}`);
}

/** Only what is known to yield as many items as it says: a string, for one, yields fewer than its length. */
function sizeOf(items: unknown): number | undefined {
  if (Array.isArray(items)) return items.length;
  if (items instanceof Set || items instanceof Map) return items.size;
  return ArrayBuffer.isView(items) ? (items as Uint8Array).length : undefined;
}
