/** Time inside a run: virtual, still within a segment, the same in every run; outside all is Node's own. */
import { performance as hooks } from "node:perf_hooks";
import { describe, expect, test } from "vitest";
import { p, r } from "../../../src/runtime/point.js";
import { refuseFakeTimers } from "../../../src/world/install.js";
import { EPOCH } from "../../../src/world/clock.js";
import { issueIo as io } from "../../../src/world/io.js";
import { ENGINES, runBody, task } from "../../support/run.js";

const later = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

describe.each(ENGINES)("on the %s engine", (engine) => {
  test("every clock reads the same virtual time, from a fixed epoch", async () => {
    const seen: unknown[] = [];
    const start = process.hrtime();
    await runBody(
      async (t) => {
        const first = process.hrtime();
        const read = (): unknown[] => [
          Date.now() - EPOCH,
          Date.now() - new Date().getTime(),
          performance.now(),
          hooks.now(),
          process.hrtime.bigint(),
          process.hrtime(first).join(),
          t.now,
        ];
        seen.push(read());
        await later(1500);
        seen.push(read());
      },
      { engine },
    );
    expect(seen).toEqual([
      [0, 0, 0, 0, 0n, "0,0", 0],
      [1500, 0, 1500, 1500, 1_500_000_000n, "1,500000000", 1500],
    ]);
    expect(process.hrtime(start)[0]).toBeLessThan(10);
  });

  test("time stands still within a segment", async () => {
    const times = new Set<number>();
    await runBody(
      async () => {
        for (let at = 0; at < 100_000; at += 1) times.add(Date.now());
        await Promise.resolve();
        times.add(Date.now());
      },
      { engine },
    );
    expect([...times]).toEqual([EPOCH]);
  });

  test("a million readings in one segment are an error with their line, not a hang", async () => {
    const spinner = task("spinner", async ({ a, at }) => {
      r(a, await p(a, at(2), 0, io("request")));
      const end = Date.now() + 5;
      while (Date.now() < end);
    });
    const { run } = await runBody(spinner, { engine });
    expect(run.outcome).toMatchObject({ kind: "spinning", what: "clock readings" });
    let message = "";
    await runBody(
      async () => {
        try {
          while (performance.now() < 1);
        } catch (error) {
          message = (error as Error).message;
        }
      },
      { engine },
    );
    expect(message).toMatch(
      /^the clock was read a million times without an await at .*clock\.test\.ts:\d+: time stands/,
    );
  });
});

describe("Date", () => {
  test("is the native one in all but the present", async () => {
    class Mine extends Date {}
    await runBody(async () => {
      expect(new Date(0).toISOString()).toBe("1970-01-01T00:00:00.000Z");
      expect(new Date(2020, 1, 3).getDate()).toBe(3);
      expect(Date()).toBe(String(new Date(EPOCH)));
      expect(new Date()).toBeInstanceOf(Date);
      expect(new Mine()).toBeInstanceOf(Mine);
      expect(new Mine().getTime()).toBe(EPOCH);
      expect(Date.prototype.constructor).toBe(Date);
      expect([Date.name, Date.length, Date.UTC(2000)]).toEqual(["Date", 7, EPOCH]);
      expect(structuredClone(new Date())).toEqual(new Date());
      expect(Reflect.construct(Date, [], Mine)).toBeInstanceOf(Mine);
    }).then(({ run }) => expect(run.outcome).toEqual({ kind: "passed" }));
    expect(Math.abs(Date.now() - (performance.timeOrigin + performance.now()))).toBeLessThan(60_000);
  });
});

describe("another fake clock", () => {
  test("in place of ours is refused with the way out", () => {
    refuseFakeTimers();
    for (const name of ["setTimeout", "Date"] as const) {
      const ours = globalThis[name];
      Reflect.set(globalThis, name, function fake() {});
      try {
        expect(refuseFakeTimers).toThrow(
          expect.objectContaining({
            code: "LW_FAKE_TIMERS",
            message: expect.stringContaining("vi.useRealTimers()") as string,
          }),
        );
      } finally {
        Reflect.set(globalThis, name, ours);
      }
    }
    refuseFakeTimers();
  });
});
