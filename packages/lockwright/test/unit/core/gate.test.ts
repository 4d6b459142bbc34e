/** What listeners hear of those who wait where nobody holds anything, and of a holder who lends. */
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EventChannel, channels, type Hook, installHook } from "../../../src/events.js";
import { AutoResetEvent, Barrier, Condition, ManualResetEvent, Mutex, Queue } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { settle } from "../../support/waits.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => platform[Symbol.dispose]());

/** Collects what is published while `run` runs, one line each. */
async function published(run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const names = ["created", "queued", "granted", "released", "left"] as const;
  const stops = names.map((name) => {
    const channel = channels[name] as unknown as EventChannel<Record<string, unknown>>;
    const listener = (message: Record<string, unknown>): void => {
      const { lock, holders, ...rest } = message;
      const held = Array.isArray(holders) ? { holders: holders.length } : {};
      lines.push(
        `${name} ${(lock as { name?: string } | undefined)?.name ?? ""} ${JSON.stringify({ ...rest, ...held })}`,
      );
    };
    channel.subscribe(listener);
    return () => channel.unsubscribe(listener);
  });
  await run();
  for (const stop of stops) stop();
  return lines;
}

/** Logs hook calls with the number of the grant, told apart by the hook's own field as a profiler does. */
function loggingHook(lines: string[]): Hook {
  let grants = 0;
  const of = (grant: { probe: unknown }): string => `#${String((grant.probe ??= ++grants))}`;
  return {
    queued: (lock, grant, depth) => lines.push(`queued ${lock.ref.kind} ${of(grant)} depth ${depth}`),
    granted: (lock, grant) => lines.push(`granted ${lock.ref.kind} ${of(grant)}`),
    released: (lock, grant) => lines.push(`released ${lock.ref.kind} ${of(grant)}`),
    left: (lock, grant, why) => lines.push(`left ${lock.ref.kind} ${of(grant)} ${why}`),
    missed: (lock) => lines.push(`missed ${lock.ref.kind}`),
  };
}

describe("channels", () => {
  test("tell of waits at a gate: queued, then granted with the time waited, or left and why", async () => {
    const lines = await published(async () => {
      const event = new ManualResetEvent({ name: "ready" });
      const controller = new AbortController();
      const waits = [event.wait(), event.wait({ timeout: 5 }), event.wait({ signal: controller.signal })];
      platform.advance(5);
      controller.abort();
      platform.advance(2);
      event.set();
      await Promise.allSettled(waits);
      await event.wait();
    });
    expect(lines).toEqual([
      'created  {"id":' +
        lines[0]!.match(/\d+/)![0] +
        ',"name":"ready","kind":"manual-reset-event","scope":"process","permits":0}',
      'queued ready {"depth":1,"holders":0}',
      'queued ready {"depth":2,"holders":0}',
      'queued ready {"depth":3,"holders":0}',
      'left ready {"why":"timeout","waited":5}',
      'left ready {"why":"abort","waited":5}',
      'granted ready {"waited":7,"depth":0}',
    ]);
  });

  test("tell of putters, takers and joiners of a queue under its one name, depth over all", async () => {
    const lines = await published(async () => {
      const queue = new Queue<number>({ name: "jobs", capacity: 1 });
      const take = queue.take();
      queue.tryPut(1);
      queue.tryPut(2);
      const put = queue.put(3);
      const join = queue.join();
      queue.shutdown();
      await Promise.allSettled([take, put]);
      queue.tryTake();
      queue.taskDone(2);
      await join;
    });
    expect(lines.slice(1)).toEqual([
      'queued jobs {"depth":1,"holders":0}',
      'granted jobs {"waited":0,"depth":0}',
      'queued jobs {"depth":1,"holders":0}',
      'queued jobs {"depth":2,"holders":0}',
      'left jobs {"why":"closed","waited":0}',
      'granted jobs {"waited":0,"depth":0}',
    ]);
  });

  test("tell of a broken barrier", async () => {
    const lines = await published(async () => {
      const barrier = new Barrier(2, { name: "b" });
      const wait = barrier.wait();
      barrier.abort();
      await wait.catch(() => undefined);
    });
    expect(lines.at(-1)).toBe('left b {"why":"broken","waited":0}');
  });

  test("tell of a lent guard: released, queued again when notified, granted with that wait alone", async () => {
    const lines = await published(async () => {
      const condition = new Condition(new Mutex({ name: "m" }));
      const guard = condition.lock.tryAcquire()!;
      const wait = condition.wait(guard);
      platform.advance(10);
      const holder = condition.lock.tryAcquire()!;
      condition.notify(holder);
      platform.advance(3);
      holder.release();
      await wait;
      platform.advance(4);
      guard.release();
    });
    const name = lines.find((line) => line.includes("condition"))!.split(" ")[1]!;
    expect(lines.slice(1)).toEqual([
      'granted m {"waited":0,"depth":0}',
      `queued ${name} {"depth":1,"holders":0}`,
      'released m {"held":0,"waiters":0}',
      'granted m {"waited":0,"depth":0}',
      'queued m {"depth":1,"holders":1}',
      `granted ${name} {"waited":10,"depth":0}`,
      'released m {"held":3,"waiters":0}',
      'granted m {"waited":3,"depth":0}',
      'released m {"held":4,"waiters":0}',
    ]);
  });
});

describe("the hook", () => {
  test("hears of a miss, and of a wait and its grant under one probe", async () => {
    const lines: string[] = [];
    using _hook = installHook(loggingHook(lines));
    const event = new AutoResetEvent();
    expect(event.tryWait()).toBe(false);
    const wait = event.wait();
    event.set();
    await wait;
    const queue = new Queue<number>({ capacity: 0 });
    queue.tryTake();
    queue.tryPut(1);
    expect(lines).toEqual([
      "missed auto-reset-event",
      "queued auto-reset-event #1 depth 1",
      "granted auto-reset-event #1",
      "missed queue",
      "missed queue",
    ]);
  });

  test("hears of a lent guard as of a new wait and hold, and of a cancelled one as well", async () => {
    const lines: string[] = [];
    using _hook = installHook(loggingHook(lines));
    const condition = new Condition();
    const controller = new AbortController();
    const guard = condition.lock.tryAcquire()!;
    const wait = condition.wait(guard, { signal: controller.signal }).catch(() => undefined);
    controller.abort();
    await wait;
    guard.release();
    expect(lines).toEqual([
      "granted mutex #1",
      "queued condition #2 depth 1",
      "released mutex #1",
      "queued mutex #3 depth 0",
      "granted mutex #3",
      "left condition #2 abort",
      "released mutex #3",
    ]);
  });

  test("may re-enter the queue it hears of: the state it sees is settled", async () => {
    const sizes: number[] = [];
    const queue = new Queue<number>({ capacity: 1 });
    using _hook = installHook({
      ...loggingHook([]),
      queued: () => void sizes.push(queue.stats().putting),
      granted: () => {
        sizes.push(queue.size);
        queue.tryTake();
      },
    });
    queue.tryPut(1);
    const put = queue.put(2);
    expect(queue.tryTake()).toBe(1);
    await put;
    expect([sizes, queue.size]).toEqual([[1, 1], 0]);
  });

  test("that throws at a gate is uninstalled and harms no wait", async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", note);
    using _hook = installHook({
      ...loggingHook([]),
      queued: () => {
        throw new Error("bad hook");
      },
    });
    const event = new ManualResetEvent();
    const wait = event.wait();
    event.set();
    await wait;
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    expect(warnings).toEqual([expect.stringContaining("bad hook")]);
  });
});

test("a cancelled waiter is not kept by the gate: tombstones and listeners go [W1]", async () => {
  const event = new ManualResetEvent();
  const signals: AbortSignal[] = [];
  void event.wait();
  for (let at = 0; at < 1000; at += 1) {
    const controller = new AbortController();
    signals.push(controller.signal);
    const wait = event.wait({ signal: controller.signal });
    controller.abort();
    await wait.catch(() => undefined);
  }
  await settle();
  expect(event.waiting).toBe(1);
  expect(signals.every((signal) => getEventListeners(signal, "abort").length === 0)).toBe(true);
});
