import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../src/cli/duration.js";

const what = "--ttl";

describe("a duration", () => {
  test.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5s", 1500],
    ["0s", 0],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["0.5d", 43_200_000],
    ["1.4ms", 1],
    ["365d", 31_536_000_000],
  ])("of %s is %i ms", (given, ms) => {
    expect(parseDuration(given, { what })).toBe(ms);
  });

  test.each([
    "",
    " ",
    "30",
    "1.5",
    "s",
    "-1s",
    "+1s",
    "1 s",
    "1S",
    "5M",
    "1w",
    "1h30m",
    "1e3s",
    ".5s",
    "1.s",
    "Infinity",
    "0x10s",
    "１s",
    "1s\n",
    `${"9".repeat(400)}s`,
  ])("of %j is refused", (given) => {
    expect(() => parseDuration(given, { what })).toThrow(/^--ttl must be/);
  });

  test("without a unit is answered by which there are", () => {
    expect(() => parseDuration("30", { what })).toThrow(
      expect.objectContaining({ hint: "say which unit: 30s or 30ms?" }),
    );
    expect(() => parseDuration("1h30m", { what })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("one number and one unit") as string }),
    );
  });

  test("is kept within its bounds, which are named", () => {
    expect(() => parseDuration("0s", { what, least: 1 })).toThrow("--ttl must be from 1ms to 365d, got 0s");
    expect(() => parseDuration("2m", { what, most: 90_000 })).toThrow("--ttl must be from 0ms to 90s, got 2m");
    expect(parseDuration("90s", { what, most: 90_000 })).toBe(90_000);
  });

  test.each([
    [0, "0ms"],
    [850.4, "850ms"],
    [999.4, "999ms"],
    [999.6, "1s"],
    [1000, "1s"],
    [8249, "8.2s"],
    [9960, "10s"],
    [59_400, "59s"],
    [59_600, "1m"],
    [200_000, "3m 20s"],
    [7_500_000, "2h 5m"],
    [86_400_000, "1d"],
    [273_600_000, "3d 4h"],
  ])("of %i ms is written %s", (ms, written) => {
    expect(formatDuration(ms)).toBe(written);
  });
});
