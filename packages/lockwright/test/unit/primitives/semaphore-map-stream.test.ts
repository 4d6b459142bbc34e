import { describe, expect, test } from "vitest";
import { Semaphore } from "../../../src/index.js";
import { codeOf, Gate, settle } from "../../support/quiet.js";

/** An endless source that notes how far it was read and whether it was closed. */
function source(): { pulled: number; closed: number; [Symbol.asyncIterator](): AsyncGenerator<number> } {
  return {
    pulled: 0,
    closed: 0,
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) yield this.pulled++;
      } finally {
        this.closed += 1;
      }
    },
  };
}

/** Bodies that end when the test says so. */
class Bodies {
  readonly started: number[] = [];
  readonly gates: Gate<string>[] = [];
  readonly signals: AbortSignal[] = [];
  readonly run = (item: number, _index: number, signal: AbortSignal): Promise<string> => {
    this.started.push(item);
    this.signals[item] = signal;
    return (this.gates[item] ??= new Gate<string>()).promise;
  };
  finish(...items: number[]): void {
    for (const item of items) this.gates[item]!.open(`result ${item}`);
  }
}

async function readAll<R>(stream: AsyncIterable<R>): Promise<R[]> {
  const results: R[] = [];
  for await (const result of stream) results.push(result);
  return results;
}

describe("order", () => {
  test("results come in input order", async () => {
    const bodies = new Bodies();
    const stream = new Semaphore(3).mapStream([0, 1, 2], bodies.run);
    const read = readAll(stream);
    await settle();
    bodies.finish(2, 0, 1);
    expect(await read).toEqual(["result 0", "result 1", "result 2"]);
  });

  test("ordered: false gives them as they finish", async () => {
    const bodies = new Bodies();
    const stream = new Semaphore(3).mapStream([0, 1, 2], bodies.run, { ordered: false });
    const read = readAll(stream);
    for (const item of [2, 0, 1]) {
      await settle();
      bodies.finish(item);
    }
    expect(await read).toEqual(["result 2", "result 0", "result 1"]);
  });

  test("several next() calls at once are served in their order, and those past the end are done", async () => {
    const stream = new Semaphore(2).mapStream([1, 2], async (item) => item * 10);
    const answers = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]);
    expect(answers.map(({ done, value }) => (done === true ? "done" : value))).toEqual([10, 20, "done", "done"]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe("backpressure", () => {
  test("nothing begins before the first next() [S2]", async () => {
    const items = source();
    const stream = new Semaphore(2).mapStream(items, async (item) => item);
    await settle();
    expect(items.pulled).toBe(0);
    expect(await stream.return!()).toEqual({ done: true, value: undefined });
    expect([items.pulled, items.closed]).toEqual([0, 0]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test.each([true, false])("a slow reader slows the source down, ordered: %s [S1]", async (ordered) => {
    const semaphore = new Semaphore(3);
    const items = source();
    const stream = semaphore.mapStream(items, async (item) => item, { ordered });
    await stream.next();
    await settle(100);
    // One read, three parked.
    expect([items.pulled, semaphore.available]).toEqual([4, 3]);
    await stream.next();
    await settle(100);
    expect(items.pulled).toBe(5);
    await stream.return!();
    expect(items.closed).toBe(1);
  });

  test("what is parked counts by its weight [S1]", async () => {
    const items = source();
    const stream = new Semaphore(10).mapStream(items, async (item) => item, { weight: () => 4 });
    await stream.next();
    await settle(100);
    expect(items.pulled).toBe(4);
    await stream.return!();
  });
});

describe("the end", () => {
  test("a failure comes once, after the results ready before it, and the rest are dropped [S3]", async () => {
    const semaphore = new Semaphore(4);
    const items = source();
    const bodies = new Bodies();
    const stream = semaphore.mapStream(items, bodies.run);
    const first = stream.next();
    await settle();
    bodies.finish(0, 1, 3);
    const boom = new Error("boom");
    bodies.gates[2]!.break(boom);
    await settle();
    for (const item of bodies.started.slice(4)) bodies.gates[item]!.open("late");
    expect((await first).value).toBe("result 0");
    expect((await stream.next()).value).toBe("result 1");
    await expect(stream.next()).rejects.toBe(boom);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect([items.closed, semaphore.available]).toEqual([1, 4]);
  });

  test.each([true, false])(
    "stopOnError: false skips failed items and ends with an AggregateError, ordered: %s",
    async (ordered) => {
      const seen: number[] = [];
      const stream = new Semaphore(2).mapStream(
        [1, 2, 3, 4],
        async (item) => {
          if (item % 2 === 0) throw item;
          return item;
        },
        { stopOnError: false, ordered },
      );
      const error = await (async () => {
        for await (const each of stream) seen.push(each);
        return undefined;
      })().catch((thrown: unknown) => thrown);
      expect(seen).toEqual([1, 3]);
      expect((error as AggregateError).errors).toEqual([2, 4]);
    },
  );

  test("leaving the loop aborts the bodies, waits for them and closes the source [S4]", async () => {
    const semaphore = new Semaphore(3);
    const items = source();
    const bodies = new Bodies();
    let isLeft = false;
    const loop = (async () => {
      for await (const _first of semaphore.mapStream(items, bodies.run)) break;
      isLeft = true;
    })();
    await settle();
    bodies.finish(0);
    await settle();
    const running = bodies.started.slice(1);
    expect(running.length).toBeGreaterThan(0);
    expect(running.map((item) => (bodies.signals[item]!.reason as { code?: string }).code)).toEqual(
      running.map(() => "LW_CANCELLED"),
    );
    expect([isLeft, items.closed]).toEqual([false, 0]);
    bodies.finish(...running);
    await loop;
    expect([isLeft, items.closed, semaphore.available]).toEqual([true, 1, 3]);
  });

  test("a reader that waits when the stream is left is told that it is done", async () => {
    const bodies = new Bodies();
    const stream = new Semaphore(1).mapStream(source(), bodies.run);
    const waiting = stream.next();
    await settle();
    const left = stream.return!();
    bodies.gates[0]!.break(new Error("an echo of the abort"));
    expect(await left).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test("an error in closing the source rejects return(), as in a for await", async () => {
    const items = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: async () => {
          throw new Error("cannot close");
        },
      }),
    } as unknown as AsyncIterable<number>;
    const stream = new Semaphore(1).mapStream(items, async (item) => item);
    await stream.next();
    await expect(stream.return!()).rejects.toThrow("cannot close");
  });

  test("an abort rejects the next read with the reason, and a close with LW_CLOSED", async () => {
    const controller = new AbortController();
    const aborted = new Semaphore(1).mapStream(source(), async (item) => item, { signal: controller.signal });
    await aborted.next();
    await settle();
    controller.abort("stop");
    await settle();
    expect((await aborted.next()).value).toBe(1);
    await expect(aborted.next()).rejects.toBe("stop");
    const semaphore = new Semaphore(1);
    const closed = semaphore.mapStream(source(), async (item) => item);
    await closed.next();
    await settle();
    semaphore.close();
    await closed.next();
    expect(await codeOf(closed.next())).toBe("LW_CLOSED");
  });

  test("its text tells the semaphore and how far it is", async () => {
    const stream = new Semaphore(1, { name: "s" }).mapStream([1], async (item) => item);
    expect(String(stream)).toBe('MapStream { of: "s", not begun, to be read: 0 }');
    await stream.next();
    await stream.next();
    expect(String(stream)).toBe('MapStream { of: "s", over, to be read: 0 }');
  });
});
