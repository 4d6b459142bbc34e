import { describe, expect, test } from "vitest";
import {
  checkInteger,
  checkLabel,
  checkName,
  checkPrefix,
  checkSignal,
  checkTimeout,
  checkToken,
  checkTtl,
} from "../../../src/leases/names.js";

type Check = (value: unknown) => void;
const checks = {
  name: checkName,
  prefix: checkPrefix,
  label: checkLabel,
  ttl: checkTtl,
  timeout: checkTimeout,
  signal: checkSignal,
  token: checkToken,
} as const;

const bad: readonly [keyof typeof checks, unknown, ErrorConstructor, RegExp][] = [
  ["name", undefined, TypeError, /name must be a string, got undefined/],
  ["name", 5, TypeError, /name must be a string, got number 5/],
  ["name", null, TypeError, /got null/],
  ["name", {}, TypeError, /got a object/],
  ["name", "", RangeError, /must not be empty/],
  ["name", "x".repeat(513), RangeError, /at most 512 bytes of UTF-8, got 513/],
  ["name", "é".repeat(257), RangeError, /got 514/],
  ["name", "a\u0000b", RangeError, /control characters/],
  ["name", "a\u007f", RangeError, /control characters/],
  ["name", "a\u009b31m", RangeError, /control characters/],
  ["name", "\ud83d", RangeError, /well-formed/],
  ["prefix", "x".repeat(129), RangeError, /prefix must be at most 128/],
  ["prefix", Symbol("s"), TypeError, /prefix must be a string, got symbol/],
  ["label", "x".repeat(257), RangeError, /label must be at most 256/],
  ["label", 1n, TypeError, /got bigint 1/],
  ["ttl", "10", TypeError, /ttl must be a number of milliseconds, got "10"/],
  ["ttl", 0, RangeError, /from 1 to/],
  ["ttl", Number.NaN, RangeError, /got NaN/],
  ["ttl", Number.POSITIVE_INFINITY, RangeError, /got Infinity/],
  ["ttl", 31_536_000_001, RangeError, /a year/],
  ["timeout", -1, RangeError, /timeout must be 0 or more/],
  ["timeout", Number.NaN, RangeError, /got NaN/],
  ["timeout", "5s", TypeError, /got "5s"/],
  ["signal", {}, TypeError, /signal must be an AbortSignal, got a object/],
  ["token", 5, TypeError, /token must be a bigint, got number 5/],
  ["token", -1n, RangeError, /must not be negative/],
];

describe("bad input is refused by name", () => {
  test.each(bad)("%s %o", (what, value, kind, message) => {
    const check: Check = checks[what];
    expect(() => check(value)).toThrow(kind);
    expect(() => check(value)).toThrow(message);
  });
});

const good: readonly [keyof typeof checks, unknown][] = [
  ["name", "x".repeat(512)],
  ["name", "🔑".repeat(128)],
  ["name", " '\";--%_/\\{}"],
  ["prefix", ""],
  ["label", undefined],
  ["label", ""],
  ["ttl", 1],
  ["ttl", 0.5 + 1],
  ["timeout", undefined],
  ["timeout", 0],
  ["timeout", Number.POSITIVE_INFINITY],
  ["signal", undefined],
  ["signal", AbortSignal.abort()],
  ["token", 0n],
];

test.each(good)("%s takes %o", (what, value) => {
  const check: Check = checks[what];
  expect(check(value)).toBeUndefined();
});

test("a whole number is checked with its bounds, and a long text is cut in the message", () => {
  expect(() => checkInteger("weight", 1.5, 1, 9)).toThrow("weight must be a whole number from 1 to 9, got 1.5");
  expect(() => checkInteger("weight", 10, 1, 9)).toThrow(RangeError);
  expect(() => checkInteger("weight", "x".repeat(100), 1, 9)).toThrow(/got "x{40}…"/);
  checkInteger("weight", 9, 1, 9);
});
