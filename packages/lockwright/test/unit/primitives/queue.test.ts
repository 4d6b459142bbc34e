import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import { LifoQueue, PriorityQueue, Queue, type QueueOptions } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { codeOf, errorOf, settle, statesOf, watch } from "../../support/waits.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => {
  assert.equal(platform.timers.size, 0, "no timer is left");
  assert.equal(pendingDeadlines(), 0);
  platform[Symbol.dispose]();
});

/** The three queues, made so that items go in and out in the order 1, 2, 3 … where one at a time is in. */
const kinds: Readonly<Record<string, (options?: QueueOptions) => Queue<number>>> = {
  Queue: (options) => new Queue<number>(options),
  LifoQueue: (options) => new LifoQueue<number>(options),
  PriorityQueue: (options) => new PriorityQueue<number>({ ...options, compare: (a, b) => a - b }),
};

describe.each(Object.entries(kinds))("%s", (_kind, make) => {
  test("put waits while it is full, take while it is empty, the try calls say so [73]", async () => {
    const queue = make({ capacity: 1 });
    expect(queue.tryTake()).toBeUndefined();
    const taken = watch(queue.take());
    await settle();
    expect(taken.state).toBe("waits");
    await queue.put(1);
    await settle();
    expect([taken.value, queue.size]).toEqual([1, 0]);
    expect(queue.tryPut(2)).toBe(true);
    expect(queue.tryPut(3)).toBe(false);
    const put = watch(queue.put(3));
    await settle();
    expect([put.state, queue.size]).toEqual(["waits", 1]);
    expect(await queue.take()).toBe(2);
    await settle();
    expect([put.state, queue.tryTake(), queue.tryTake(-1)]).toEqual(["passed", 3, -1]);
  });

  test("tryPut serves a waiting taker and tryTake lets a waiting putter in, several of both [74, B1]", async () => {
    const queue = make({ capacity: 1 });
    const takes = [watch(queue.take()), watch(queue.take())];
    expect([queue.tryPut(1), queue.tryPut(2), queue.tryPut(3), queue.tryPut(4)]).toEqual([true, true, true, false]);
    await settle();
    expect(takes.map((take) => take.value)).toEqual([1, 2]);
    const puts = [watch(queue.put(4)), watch(queue.put(5))];
    expect([queue.tryTake(), queue.stats().putting, queue.size]).toEqual([3, 1, 1]);
    expect([queue.tryTake(), queue.tryTake(), queue.tryTake()]).toEqual([4, 5, undefined]);
    await settle();
    expect(statesOf(puts)).toBe("passed passed");
  });

  // A and B take; A is aborted; C puts. All in one tick.
  test("a taker cancelled before the put takes nothing with it: the next has the item [75, B3]", async () => {
    const queue = make();
    const controller = new AbortController();
    const a = watch(queue.take({ signal: controller.signal }));
    const b = watch(queue.take());
    controller.abort("gone");
    expect(queue.stats().taking).toBe(1);
    queue.tryPut(1);
    await settle();
    expect([a.error, b.value, queue.size]).toEqual(["gone", 1, 0]);
  });

  // A and B take; C puts, which goes to A; A is aborted in the same tick, too late.
  test("a taker aborted after the put has the item, and order is kept [75, W2]", async () => {
    const queue = make();
    const controller = new AbortController();
    const a = watch(queue.take({ signal: controller.signal }));
    const b = watch(queue.take());
    queue.tryPut(1);
    controller.abort("late");
    queue.tryPut(2);
    await settle();
    expect([a.value, b.value]).toEqual([1, 2]);
  });

  // The queue is full; A and B put; A is aborted; C takes twice.
  test("a cancelled putter's item goes in never, and the next putter goes in [76, B3]", async () => {
    const queue = make({ capacity: 1 });
    queue.tryPut(0);
    const controller = new AbortController();
    const a = watch(queue.put(1, { signal: controller.signal }));
    const b = watch(queue.put(2));
    controller.abort("gone");
    expect(queue.stats().putting).toBe(1);
    expect([queue.tryTake(), queue.tryTake(), queue.tryTake()]).toEqual([0, 2, undefined]);
    await settle();
    expect([a.error, b.state]).toEqual(["gone", "passed"]);
  });

  // The queue is full; A puts; C takes, which lets A in; A is aborted in the same tick, too late.
  test("a putter aborted after it went in has put, once [76, W2]", async () => {
    const queue = make({ capacity: 1 });
    queue.tryPut(0);
    const controller = new AbortController();
    const a = watch(queue.put(1, { signal: controller.signal }));
    expect(queue.tryTake()).toBe(0);
    controller.abort("late");
    await settle();
    expect([a.state, queue.tryTake(), queue.tryTake()]).toEqual(["passed", 1, undefined]);
  });

  test("waits time out after exactly that long and say what they lacked; 0 is now or never", async () => {
    const queue = make({ capacity: 1, name: "jobs" });
    const take = watch(queue.take({ timeout: 50 }));
    platform.advance(49);
    await settle();
    expect(take.state).toBe("waits");
    platform.advance(1);
    await settle();
    expect(String(take.error)).toContain('"jobs" had nothing to take within 50 ms (0 other callers wait); ');
    queue.tryPut(1);
    const put = watch(queue.put(2, { timeout: 50 }));
    const join = watch(queue.join({ timeout: 50 }));
    platform.advance(50);
    await settle();
    expect(String(put.error)).toContain('"jobs" had no room within 50 ms');
    expect(String(join.error)).toContain('"jobs" was not finished within 50 ms');
    expect(await codeOf(queue.put(2, { timeout: 0 }))).toBe("LW_TIMEOUT");
    expect(await queue.take({ timeout: 0 })).toBe(1);
    expect(await codeOf(queue.take({ timeout: 0 }))).toBe("LW_TIMEOUT");
  });

  test("a signal aborted beforehand rejects and moves nothing", async () => {
    const queue = make();
    const signal = AbortSignal.abort("no");
    expect(await errorOf(queue.put(1, { signal }))).toBe("no");
    queue.tryPut(2);
    expect(await errorOf(queue.take({ signal }))).toBe("no");
    expect(await errorOf(queue.join({ signal }))).toBe("no");
    expect(queue.stats()).toMatchObject({ size: 1, unfinished: 1 });
  });

  test("join waits for as many done as went in, one that is empty returns at once [77, B4]", async () => {
    const queue = make({ capacity: 2 });
    await queue.join({ timeout: 0 });
    queue.tryPut(1);
    queue.tryPut(2);
    const joins = [watch(queue.join()), watch(queue.join())];
    queue.tryTake();
    queue.tryTake();
    queue.taskDone();
    await settle();
    expect([statesOf(joins), queue.stats().unfinished]).toEqual(["waits waits", 1]);
    queue.taskDone();
    await settle();
    expect([statesOf(joins), queue.stats().unfinished]).toEqual(["passed passed", 0]);
  });

  test("more done than went in is LW_OVER_RELEASE and changes nothing [77]", () => {
    const queue = make({ name: "jobs" });
    queue.tryPut(1);
    queue.tryPut(2);
    expect(() => queue.taskDone(3)).toThrow(
      expect.objectContaining({ code: "LW_OVER_RELEASE", message: expect.stringContaining("2 unfinished items") }),
    );
    expect(queue.stats().unfinished).toBe(2);
    queue.taskDone(2);
    expect(() => queue.taskDone()).toThrow(expect.objectContaining({ code: "LW_OVER_RELEASE" }));
  });

  test("an item from hand to hand counts as unfinished too [77, B4]", async () => {
    const queue = make();
    const taken = queue.take();
    queue.tryPut(1);
    expect([await taken, queue.stats().unfinished]).toEqual([1, 1]);
  });

  test("after shutdown put throws at once, take drains and then throws [78, B5]", async () => {
    const queue = make({ name: "jobs" });
    queue.tryPut(1);
    queue.tryPut(2);
    expect(queue.shutdown()).toEqual([]);
    expect([queue.closed, queue.size]).toEqual([true, 2]);
    expect(await codeOf(queue.put(3))).toBe("LW_CLOSED");
    expect(() => queue.tryPut(3)).toThrow('"jobs" is shut down; put nothing after shutdown()');
    expect(new Set([await queue.take(), queue.tryTake()])).toEqual(new Set([1, 2]));
    expect(await codeOf(queue.take())).toBe("LW_CLOSED");
    expect(() => queue.tryTake()).toThrow(expect.objectContaining({ code: "LW_CLOSED" }));
  });

  test("shutdown rejects blocked putters and takers, each with an error of its own [78, 80]", async () => {
    const empty = make();
    const full = make({ capacity: 1 });
    full.tryPut(1);
    const blocked = [empty.take(), empty.take(), full.put(2), full.put(3)];
    empty.shutdown();
    full.shutdown();
    const errors = await Promise.all(blocked.map(errorOf));
    for (const error of errors) expect(error).toMatchObject({ code: "LW_CLOSED" });
    expect(new Set(errors).size).toBe(4);
    expect([full.tryTake(), full.stats().putting]).toEqual([1, 0]);
  });

  test("shutdown now drops what is in, in order of arrival, and counts it done [78]", async () => {
    const queue = make();
    for (const item of [3, 1, 2]) queue.tryPut(item);
    const join = watch(queue.join());
    expect(queue.shutdown("now")).toEqual([3, 1, 2]);
    expect(queue.stats()).toMatchObject({ size: 0, unfinished: 0, closed: true });
    await settle();
    expect(join.state).toBe("passed");
    expect(await codeOf(queue.take())).toBe("LW_CLOSED");
  });

  test("shutdown now frees join only when what was taken is done too [78]", async () => {
    const queue = make();
    queue.tryPut(1);
    queue.tryPut(2);
    queue.tryTake();
    const join = watch(queue.join());
    expect(queue.shutdown("now").length).toBe(1);
    await settle();
    expect([join.state, queue.stats().unfinished]).toEqual(["waits", 1]);
    queue.taskDone();
    await settle();
    expect(join.state).toBe("passed");
  });

  test("shutdown may be repeated, and now may follow drain [78]", () => {
    const queue = make();
    queue.tryPut(1);
    queue.shutdown();
    queue.shutdown("drain");
    expect(queue.shutdown("now")).toEqual([1]);
    expect(queue.shutdown("now")).toEqual([]);
  });

  test("an iteration takes what is put and ends cleanly on shutdown, waiting or not [81, 80]", async () => {
    const queue = make();
    const seen: number[] = [];
    const consumer = (async () => {
      for await (const item of queue) seen.push(item);
      return "ended";
    })();
    await settle();
    queue.tryPut(1);
    await settle();
    queue.tryPut(2);
    await settle();
    queue.shutdown();
    expect([await consumer, seen]).toEqual(["ended", [1, 2]]);
    for await (const item of queue) expect.unreachable(String(item));
  });

  test("several iterations share the items in turn and all end [81, 83]", async () => {
    const queue = make();
    const seen: string[] = [];
    const consumers = ["a", "b"].map(async (name) => {
      for await (const item of queue) seen.push(`${name}${item}`);
    });
    for (const item of [1, 2, 3, 4]) {
      await settle();
      queue.tryPut(item);
    }
    queue.shutdown();
    await Promise.all(consumers);
    expect(seen).toEqual(["a1", "b2", "a3", "b4"]);
  });

  test("an iteration that is broken off takes no further item [B3]", async () => {
    const queue = make();
    const iterator = queue[Symbol.asyncIterator]();
    const steps = [watch(iterator.next()), watch(iterator.next())];
    queue.tryPut(1);
    expect(queue.stats().taking).toBe(1);
    expect(await iterator.return!()).toEqual({ done: true, value: undefined });
    expect(queue.stats().taking).toBe(0);
    await settle();
    expect(steps.map((step) => step.value)).toEqual([
      { done: false, value: 1 },
      { done: true, value: undefined },
    ]);
    queue.tryPut(2);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(queue.size).toBe(1);
  });

  test("break in for await leaves the rest in the queue", async () => {
    const queue = make();
    queue.tryPut(1);
    queue.tryPut(2);
    for await (const _item of queue) break;
    expect(queue.size).toBe(1);
  });

  test("only the last producer handle to close shuts it down, and takers drain [80]", async () => {
    const queue = make();
    const [one, two] = [queue.producer(), queue.producer()];
    expect(queue.stats().producers).toBe(2);
    await one.put(1);
    one.close();
    one.close();
    expect([queue.closed, queue.stats().producers]).toEqual([false, 1]);
    expect(two.tryPut(2)).toBe(true);
    const late = watch(queue.join());
    two[Symbol.dispose]();
    expect([queue.closed, queue.stats().producers]).toEqual([true, 0]);
    expect(new Set([queue.tryTake(), queue.tryTake()])).toEqual(new Set([1, 2]));
    queue.taskDone(2);
    await settle();
    expect(late.state).toBe("passed");
    expect(() => queue.producer()).toThrow(expect.objectContaining({ code: "LW_CLOSED" }));
  });

  test("a producer handle used after close is refused, whatever the queue [80]", async () => {
    const queue = make({ name: "jobs" });
    const one = queue.producer();
    using _two = queue.producer();
    one.close();
    expect(() => one.tryPut(1)).toThrow('this producer of "jobs" is closed; ');
    expect(await codeOf(one.put(1))).toBe("LW_CLOSED");
    expect([queue.size, queue.closed]).toEqual([0, false]);
  });

  test("stats and inspect text tell size, capacity, waiters, handles and closing [82, 11]", async () => {
    const queue = make({ capacity: 2, name: "jobs" });
    const waits = [queue.take(), queue.take()];
    expect(queue.stats()).toEqual({
      size: 0,
      capacity: 2,
      putting: 0,
      taking: 2,
      producers: 0,
      unfinished: 0,
      closed: false,
    });
    expect(Object.isFrozen(queue.stats())).toBe(true);
    for (const item of [1, 2, 3, 4]) expect(queue.tryPut(item)).toBe(true);
    void queue.put(5).catch(() => undefined);
    using producer = queue.producer();
    expect(queue.stats()).toMatchObject({ size: 2, putting: 1, taking: 0, producers: 1, unfinished: 4 });
    expect(inspect(queue)).toBe(`${queue.constructor.name} { name: "jobs", size: 2 of 2, putting: 1, taking: 0 }`);
    await Promise.all(waits);
    expect(make().name).toMatch(/queue-\d+$/);
    expect(make().capacity).toBe(Infinity);
    producer.close();
    expect(String(queue)).toContain(", closed }");
  });

  test("several producers and takers alternate fairly [83]", async () => {
    const queue = make({ capacity: 1 });
    const shares: Record<string, number> = {};
    const producers = ["p", "q", "r"].map(async (name) => {
      for (let at = 0; at < 20; at += 1) {
        await queue.put(at);
        shares[name] = (shares[name] ?? 0) + 1;
        const counts = ["p", "q", "r"].map((other) => shares[other] ?? 0);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
      }
    });
    const takers = ["s", "t"].map(async (name) => {
      for (let at = 0; at < 30; at += 1) {
        await queue.take();
        shares[name] = (shares[name] ?? 0) + 1;
        expect(Math.abs((shares["s"] ?? 0) - (shares["t"] ?? 0))).toBeLessThanOrEqual(2);
      }
    });
    await Promise.all([...producers, ...takers]);
    expect(queue.stats()).toMatchObject({ size: 0, putting: 0, taking: 0 });
  });

  test("10 000 takers on one signal leave in one abort, and the next put has its own taker", async () => {
    const queue = make();
    const controller = new AbortController();
    const waits = Array.from({ length: 10_000 }, () => watch(queue.take({ signal: controller.signal })));
    const last = watch(queue.take());
    controller.abort("all");
    expect(queue.stats().taking).toBe(1);
    queue.tryPut(7);
    await settle();
    expect([last.value, waits.every((wait) => wait.error === "all")]).toEqual([7, true]);
  });
});

describe("Queue", () => {
  test("items come out in order of arrival, also where putters waited", async () => {
    const queue = new Queue<number>({ capacity: 2 });
    const puts = [1, 2, 3, 4, 5].map((item) => queue.put(item));
    const taken: number[] = [];
    for (let at = 0; at < 5; at += 1) taken.push(await queue.take());
    await Promise.all(puts);
    expect(taken).toEqual([1, 2, 3, 4, 5]);
  });

  test("with capacity 0 put waits for the taker, and tryPut goes from hand to hand only [79]", async () => {
    const queue = new Queue<string>({ capacity: 0 });
    expect(queue.tryPut("a")).toBe(false);
    const put = watch(queue.put("a"));
    const second = watch(queue.put("b"));
    await settle();
    expect([put.state, queue.size, queue.stats().unfinished]).toEqual(["waits", 0, 0]);
    expect(await queue.take()).toBe("a");
    await settle();
    expect(statesOf([put, second])).toBe("passed waits");
    expect(queue.tryTake()).toBe("b");
    const take = watch(queue.take());
    expect(queue.tryPut("c")).toBe(true);
    await settle();
    expect([take.value, queue.stats().unfinished]).toEqual(["c", 3]);
  });

  test("undefined is an item like any other, told from nothing by an empty of one's own [73]", async () => {
    const queue = new Queue<undefined>();
    const nothing = Symbol("nothing");
    queue.tryPut(undefined);
    expect([queue.tryTake(nothing), queue.tryTake(nothing)]).toEqual([undefined, nothing]);
  });

  test("an item that is a promise is awaited by take and given as it is by tryTake and iteration", async () => {
    const queue = new Queue<Promise<number>>();
    queue.tryPut(Promise.resolve(1));
    expect(await queue.take()).toBe(1);
    const promise = Promise.resolve(2);
    queue.tryPut(promise);
    expect(queue.tryTake()).toBe(promise);
    const step = queue[Symbol.asyncIterator]().next();
    queue.tryPut(promise);
    expect((await step).value).toBe(promise);
  });

  test("an item whose then re-enters the queue finds it settled [W3]", async () => {
    const queue = new Queue<object>();
    const seen: unknown[] = [];
    const item = {
      // oxlint-disable-next-line unicorn/no-thenable -- the hostility under test
      get then(): undefined {
        seen.push({ ...queue.stats() }, queue.tryTake());
        return undefined;
      },
    };
    const take = queue.take();
    queue.tryPut(item);
    expect(await take).toBe(item);
    expect(seen.slice(0, 2)).toEqual([expect.objectContaining({ size: 0, taking: 0, unfinished: 1 }), undefined]);
  });

  test("100 000 items go through and the ring gives its slots back", () => {
    const queue = new Queue<number>();
    for (let item = 0; item < 100_000; item += 1) queue.tryPut(item);
    for (let item = 0; item < 100_000; item += 1) assert.equal(queue.tryTake(), item);
    expect(queue.size).toBe(0);
  });

  test("a cancelled putter's item is not kept alive by the queue [76]", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const queue = new Queue<object>({ capacity: 0 });
    void queue.put({});
    const controller = new AbortController();
    const item = (() => {
      const it = {};
      queue.put(it, { signal: controller.signal }).catch(() => undefined);
      return new WeakRef(it);
    })();
    void queue.put({});
    controller.abort();
    for (let round = 0; round < 20 && item.deref() !== undefined; round += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    expect([item.deref(), queue.stats().putting]).toEqual([undefined, 2]);
  });

  test("a producer handle collected unclosed is reported by name; closed, or of a closed queue, it is not [84]", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(`${warning.name}: ${warning.message}`);
    process.on("warning", note);
    const queue = new Queue<number>({ name: "leaky" });
    (() => {
      const shutDown = new Queue<number>({ name: "shut down" });
      shutDown.producer();
      shutDown.shutdown();
      queue.producer().tryPut(1);
      queue.producer().close();
    })();
    const round = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    };
    for (let rounds = 0; rounds < 200 && warnings.length === 0; rounds += 1) await round();
    for (let rounds = 0; rounds < 5; rounds += 1) await round();
    process.off("warning", note);
    expect(warnings).toEqual([
      'LockwrightWarning: a producer of "leaky" was collected as garbage without being closed; close() it, or its consumers wait for ever',
    ]);
    expect(queue.closed).toBe(false);
  });
});

describe("LifoQueue", () => {
  test("the newest item comes out first; putters still go in by arrival", async () => {
    const queue = new LifoQueue<number>({ capacity: 2 });
    const puts = [1, 2, 3, 4].map((item) => queue.put(item));
    const taken: number[] = [];
    for (let at = 0; at < 4; at += 1) taken.push(await queue.take());
    await Promise.all(puts);
    expect(taken).toEqual([2, 3, 4, 1]);
  });

  test("it is a Queue", () => {
    expect(new LifoQueue()).toBeInstanceOf(Queue);
  });
});

describe("PriorityQueue", () => {
  interface Job {
    readonly name: string;
    readonly rank: number;
  }
  const byRank = (a: Job, b: Job): number => a.rank - b.rank;

  test("the best item comes out first, equal ones in order of arrival [H2]", () => {
    const queue = new PriorityQueue<Job>({ compare: byRank });
    for (const [name, rank] of Object.entries({ a: 2, b: 1, c: 2, d: 1, e: 3 })) queue.tryPut({ name, rank });
    const names = Array.from({ length: 5 }, () => queue.tryTake()!.name);
    expect(names.join("")).toBe("bdace");
  });

  test("with ageing every n-th take serves the oldest, so a poor item does not stay for ever [H3]", () => {
    const queue = new PriorityQueue<Job>({ compare: byRank, ageing: 3 });
    queue.tryPut({ name: "poor", rank: 9 });
    queue.tryPut({ name: "poorer", rank: 10 });
    const taken: string[] = [];
    for (let at = 0; at < 6; at += 1) {
      queue.tryPut({ name: `good${at}`, rank: 1 });
      taken.push(queue.tryTake()!.name);
    }
    expect(taken).toEqual(["good0", "good1", "poor", "good2", "good3", "poorer"]);
  });

  test("without ageing a poor item stays while better ones come", () => {
    const queue = new PriorityQueue<Job>({ compare: byRank });
    queue.tryPut({ name: "poor", rank: 9 });
    for (let at = 0; at < 50; at += 1) {
      queue.tryPut({ name: "good", rank: 1 });
      expect(queue.tryTake()!.name).toBe("good");
    }
  });

  test("a waiting putter's item does not compete before it is in", async () => {
    const queue = new PriorityQueue<Job>({ compare: byRank, capacity: 1 });
    queue.tryPut({ name: "in", rank: 5 });
    const put = queue.put({ name: "better", rank: 1 });
    expect([queue.tryTake()!.name, queue.tryTake()!.name]).toEqual(["in", "better"]);
    await put;
  });

  test("a comparator that throws fails the put or take and changes nothing [H1]", async () => {
    let isBroken = false;
    const compare = (a: number, b: number): number => {
      if (isBroken) throw new Error("no order");
      return a - b;
    };
    const queue = new PriorityQueue<number>({ compare });
    for (const item of [5, 3, 4, 1, 2]) queue.tryPut(item);
    isBroken = true;
    expect(() => queue.tryPut(6)).toThrow("no order");
    expect(await errorOf(queue.put(6))).toEqual(new Error("no order"));
    expect(() => queue.tryTake()).toThrow("no order");
    expect(await errorOf(queue.take())).toEqual(new Error("no order"));
    expect(await errorOf(queue[Symbol.asyncIterator]().next())).toEqual(new Error("no order"));
    expect(queue.stats()).toMatchObject({ size: 5, unfinished: 5, taking: 0, putting: 0 });
    isBroken = false;
    expect(Array.from({ length: 5 }, () => queue.tryTake())).toEqual([1, 2, 3, 4, 5]);
  });

  // The queue is full with 1 and 2; A puts "bad" and B puts 3; C takes.
  test("an item the comparator refuses fails its putter, not the taker who made room, and the next goes in", async () => {
    const queue = new PriorityQueue<number>({
      capacity: 2,
      compare: (a, b) => {
        if (a === 99 || b === 99) throw new Error("99?");
        return a - b;
      },
    });
    queue.tryPut(1);
    queue.tryPut(2);
    const a = watch(queue.put(99));
    const b = watch(queue.put(3));
    expect(await queue.take()).toBe(1);
    await settle();
    expect([a.error, b.state, queue.size]).toEqual([new Error("99?"), "passed", 2]);
    expect([queue.tryTake(), queue.tryTake()]).toEqual([2, 3]);
    expect(queue.stats().unfinished).toBe(3);
  });

  test("a comparator that answers no number is refused by name", () => {
    for (const answer of [true, undefined, Number.NaN, "1"]) {
      const queue = new PriorityQueue<number>({ compare: () => answer as never });
      queue.tryPut(1);
      expect(() => queue.tryPut(2)).toThrow(TypeError);
      expect(() => queue.tryPut(2)).toThrow(/compare must return a number, got/);
      expect(queue.size).toBe(1);
    }
  });

  test("a comparator that uses the queue it orders is refused, and nothing is lost [H1]", () => {
    const attempts: (() => unknown)[] = [() => queue.tryPut(0), () => queue.tryTake(), () => queue.shutdown("now")];
    let attempt: (() => unknown) | undefined;
    const queue: PriorityQueue<number> = new PriorityQueue<number>({
      compare: (a, b) => {
        attempt?.();
        return a - b;
      },
    });
    queue.tryPut(2);
    queue.tryPut(3);
    queue.tryPut(4);
    for (attempt of attempts) {
      expect(() => queue.tryPut(1)).toThrow("compare must not use the queue that it orders");
      expect(() => queue.tryTake()).toThrow("compare must not use the queue that it orders");
      expect(queue.stats()).toMatchObject({ size: 3, unfinished: 3, closed: false });
    }
    attempt = undefined;
    expect([queue.tryTake(), queue.tryTake(), queue.tryTake()]).toEqual([2, 3, 4]);
  });

  test("a putter aborted by the comparator while it goes in has put, once [B3]", async () => {
    const controller = new AbortController();
    let isArmed = false;
    const queue = new PriorityQueue<number>({
      capacity: 2,
      compare: (a, b) => {
        if (isArmed) controller.abort("now");
        return a - b;
      },
    });
    queue.tryPut(1);
    queue.tryPut(2);
    const put = watch(queue.put(3, { signal: controller.signal }));
    isArmed = true;
    expect(queue.tryTake()).toBe(1);
    await settle();
    expect([put.state, queue.size, queue.stats().putting]).toEqual(["passed", 2, 0]);
  });
});
