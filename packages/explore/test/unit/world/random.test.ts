/** Chance inside a run comes from its seed alone, in every form; outside it is Node's own. */
import * as nodeCrypto from "node:crypto";
import { randomBytes, randomFill, randomFillSync, randomInt, randomUUID } from "node:crypto";
import { isDeepStrictEqual, promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { issueIo as io } from "../../../src/world/io.js";
import { departing, ENGINES, type HowToRun, runBody } from "../../support/run.js";

/** Draws from every source. */
async function draws(how: HowToRun): Promise<readonly unknown[]> {
  const drawn: unknown[] = [];
  const { run } = await runBody(async () => {
    drawn.push(Math.random(), randomUUID(), crypto.randomUUID(), randomInt(1000), randomInt(5, 6));
    drawn.push(randomBytes(4).toString("hex"), [...crypto.getRandomValues(new Uint8Array(4))]);
    drawn.push([...randomFillSync(new Uint16Array(4), 1, 2)]);
    const buffer = new ArrayBuffer(3);
    randomFillSync(buffer as never);
    drawn.push([...new Uint8Array(buffer)]);
    drawn.push((await promisify(randomBytes)(4)).toString("hex"), await promisify<number, number>(randomInt)(1000));
    drawn.push([...(await promisify<Uint8Array, Uint8Array>(randomFill)(new Uint8Array(4)))]);
    await Promise.all([io("a"), io("b")]);
    drawn.push(Math.random());
  }, how);
  expect(run.outcome).toEqual({ kind: "passed" });
  return drawn;
}

describe.each(ENGINES)("on the %s engine", (engine) => {
  test("every source is seeded: equal in every schedule, different for another seed", async () => {
    const first = await draws({ engine, seed: 7 });
    expect(await draws({ engine, seed: 7, ...departing({ 0: 1 }) })).toEqual(first);
    const other = await draws({ engine, seed: 8 });
    // randomInt(5, 6) has no choice.
    expect(first.filter((value, at) => at !== 4 && isDeepStrictEqual(other[at], value))).toEqual([]);
  });

  test("ids have the form of theirs, numbers their range, fills their part", async () => {
    await runBody(
      async () => {
        expect(randomUUID()).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
        for (let at = 0; at < 1000; at += 1) expect([3, 4]).toContain(randomInt(3, 5));
        const view = randomFillSync(new Uint16Array(4), 1, 2);
        expect([view[0], view[3]]).toEqual([0, 0]);
        expect(view[1]! + view[2]!).toBeGreaterThan(0);
      },
      { engine },
    ).then(({ run }) => expect(run.outcome).toEqual({ kind: "passed" }));
  });

  test("a callback comes in a step of its own, as what completes from outside", async () => {
    const { run } = await runBody(
      async () => {
        await promisify(randomBytes)(4);
      },
      { engine },
    );
    expect(run.step).toBe(1);
  });
});

test("bad arguments are refused in Node's own words", async () => {
  const bad: readonly (() => unknown)[] = [
    () => randomBytes(-1),
    () => randomBytes("4" as never),
    () => randomInt(5, 2),
    () => randomInt("5" as never),
    () => randomBytes(-1, () => {}),
    () => crypto.getRandomValues(new Float32Array(1) as never),
    () => crypto.getRandomValues(new Uint8Array(70_000)),
    () => randomUUID({ disableEntropyCache: 5 } as never),
  ];
  const messages = (): readonly string[] =>
    bad.map((call) => {
      try {
        call();
        return "taken";
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
    });
  const outside = messages();
  await runBody(async () => expect(messages()).toEqual(outside)).then(({ run }) =>
    expect(run.outcome).toEqual({ kind: "passed" }),
  );
  expect(outside).not.toContain("taken");
});

test("outside a run numbers are Node's own", () => {
  expect(new Set(Array.from({ length: 50 }, () => nodeCrypto.randomUUID())).size).toBe(50);
  expect(new Set(Array.from({ length: 50 }, () => Math.random())).size).toBe(50);
});
