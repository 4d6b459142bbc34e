/** Whoever goes on, and every function of a caller's, sees the async context of that caller, never of the one who woke it. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import {
  AutoResetEvent,
  Barrier,
  Condition,
  CountDownLatch,
  LifoQueue,
  ManualResetEvent,
  PriorityQueue,
  Queue,
  SingleFlight,
} from "../../../src/index.js";
import { settle } from "../../support/waits.js";

const caller = new AsyncLocalStorage<string>();

/** Starts waits, each of which calls `see` when it goes on, and gives what lets one of them, or all, go on. */
type Probe = (start: (id: string, wait: () => Promise<unknown>) => void) => (() => unknown)[];

function event(make: () => { wait(): Promise<void>; set(): void }): Probe {
  return (start) => {
    const it = make();
    for (const id of ["a", "b"]) start(id, () => it.wait());
    return [() => it.set(), () => it.set()];
  };
}

function queue(make: () => Queue<number>): Probe {
  return (start) => {
    const [empty, full] = [make(), make()];
    full.tryPut(0);
    for (const id of ["a", "b"]) start(id, () => empty.take());
    start("iterates", async () => {
      for await (const _item of empty) return;
    });
    start("puts", () => full.put(1));
    start("joins", () => full.join());
    return [
      () => empty.tryPut(1),
      () => empty.tryPut(2),
      () => empty.tryPut(3),
      () => full.tryTake(),
      () => full.taskDone(2),
    ];
  };
}

const probes: Readonly<Record<string, Probe>> = {
  ManualResetEvent: event(() => new ManualResetEvent()),
  AutoResetEvent: event(() => new AutoResetEvent()),
  CountDownLatch: (start) => {
    const it = new CountDownLatch(2);
    for (const id of ["a", "b"]) start(id, () => it.wait());
    return [() => it.countDown(), () => it.countDown()];
  },
  Barrier: (start) => {
    const it = new Barrier(3);
    for (const id of ["a", "b"]) start(id, () => it.wait());
    return [() => it.wait()];
  },
  Condition: (start) => {
    const it = new Condition();
    const store = { isReady: false };
    const looks: (string | undefined)[] = [];
    start("a", async () => it.wait(await it.lock.acquire()));
    start("looks", async () => {
      await it.lock.run((guard) => it.waitFor(guard, () => looks.push(caller.getStore()) && store.isReady));
      expect(new Set(looks)).toEqual(new Set(["looks"]));
    });
    return [
      () => {
        const guard = it.lock.tryAcquire()!;
        store.isReady = true;
        it.notify(guard);
        guard.release();
      },
    ];
  },
  Queue: queue(() => new Queue({ capacity: 1 })),
  LifoQueue: queue(() => new LifoQueue({ capacity: 1 })),
  PriorityQueue: queue(() => new PriorityQueue({ capacity: 1, compare: (a, b) => a - b })),
  SingleFlight: (start) => {
    const it = new SingleFlight<string, string | undefined>();
    let finish = (): void => undefined;
    // The function runs in the context of the caller that started it, for all who join.
    const fetch = async (): Promise<string | undefined> => {
      await new Promise<void>((resolve) => (finish = resolve));
      expect(caller.getStore()).toBe("first");
      return caller.getStore();
    };
    const { signal } = new AbortController();
    start("first", () => it.run("k", fetch));
    start("joins", () => it.run("k", fetch));
    start("joins with a signal", () => it.run("k", fetch, { signal }));
    return [() => finish()];
  },
};

test.each(Object.entries(probes))("%s: whoever waits goes on in its own context", async (name, probe) => {
  const seen = new Map<string, string | undefined>();
  const started: string[] = [];
  const wakers = probe((id, wait) => {
    started.push(id);
    void caller.run(id, async () => {
      await wait();
      seen.set(id, caller.getStore());
    });
  });
  await settle();
  for (const wake of wakers) {
    caller.run("waker", wake);
    await settle();
  }
  if (name === "Condition") started.pop(); // one notification, one waiter
  expect([...seen.keys()].sort()).toEqual(started.toSorted());
  for (const [id, store] of seen) expect(store).toBe(id);
});

test("an abort by somebody else rejects in the waiter's context", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const condition = new Condition();
  const flights = new SingleFlight<string, number>();
  const waits: readonly (() => Promise<unknown>)[] = [
    () => new ManualResetEvent().wait({ signal }),
    () => new Barrier(2).wait({ signal }),
    () => new Queue().take({ signal }),
    () => condition.lock.run((guard) => condition.wait(guard, { signal })),
    () => flights.run("k", () => new Promise(() => undefined), { signal }),
  ];
  const stores = waits.map((wait, at) =>
    caller.run(`waiter ${at}`, async () => {
      await wait().catch(() => undefined);
      return caller.getStore();
    }),
  );
  await settle();
  caller.run("aborter", () => controller.abort());
  expect(await Promise.all(stores)).toEqual(waits.map((_wait, at) => `waiter ${at}`));
});

test("onTrip runs in the context of the last arrival", async () => {
  let seen: string | undefined;
  const barrier = new Barrier(2, { onTrip: () => (seen = caller.getStore()) });
  const first = caller.run("first", () => barrier.wait());
  await Promise.all([first, caller.run("last", () => barrier.wait())]);
  expect(seen).toBe("last");
});
