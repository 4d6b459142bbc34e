/** What must compile and what must not, for events, barriers, conditions, queues and SingleFlight; judged as in locks.test.ts. */
import { expect, expectTypeOf, test } from "vitest";
import {
  AutoResetEvent,
  Barrier,
  Condition,
  CountDownLatch,
  LifoQueue,
  ManualResetEvent,
  Mutex,
  PriorityQueue,
  Queue,
  type QueueProducer,
  Semaphore,
  SingleFlight,
  type WaitOptions,
} from "../../src/index.js";

interface Job {
  readonly rank: number;
}

test("methods have the types of the contract", async () => {
  const queue = new Queue<Job>({ capacity: 2, name: "jobs" });
  expectTypeOf<Parameters<Queue<Job>["put"]>>().toEqualTypeOf<[item: Job, options?: WaitOptions | undefined]>();
  expectTypeOf<ReturnType<Queue<Job>["take"]>>().toEqualTypeOf<Promise<Job>>();
  expectTypeOf(queue.tryTake()).toEqualTypeOf<Job | undefined>();
  expectTypeOf(queue.tryTake("none" as const)).toEqualTypeOf<Job | "none">();
  expectTypeOf(queue.shutdown("now")).toEqualTypeOf<Job[]>();
  expectTypeOf(new Queue<Job>().producer()).toEqualTypeOf<QueueProducer<Job>>();
  for await (const job of queue) expectTypeOf(job).toEqualTypeOf<Job>();
  const all: Queue<Job>[] = [
    queue,
    new LifoQueue<Job>({ capacity: 1 }),
    new PriorityQueue<Job>({ compare: (a, b) => a.rank - b.rank, ageing: 2, capacity: 3, name: "p" }),
    new PriorityQueue({ compare: (a: Job, b: Job) => a.rank - b.rank }),
  ];
  expect(all.length).toBe(4);
  expectTypeOf(new Barrier(1).wait()).toEqualTypeOf<Promise<number>>();
  expectTypeOf(new ManualResetEvent({ set: true }).wait()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(new AutoResetEvent().tryWait()).toEqualTypeOf<boolean>();
  expectTypeOf(new CountDownLatch(0).wait({ timeout: 5 })).toEqualTypeOf<Promise<void>>();
  const condition = new Condition(new Mutex());
  const guard = await condition.lock.acquire();
  expectTypeOf(condition.waitFor(guard, () => 7)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(condition.notifyAll(guard)).toEqualTypeOf<number>();
  const flights = new SingleFlight<string, Job>();
  expectTypeOf(flights.run("k", async (signal) => ({ rank: Number(signal.aborted) }))).toEqualTypeOf<Promise<Job>>();
});

test("what must not compile does not", () => {
  const never = (): boolean => false;
  if (never()) {
    const queue = new Queue<Job>();
    // @ts-expect-error an item is a job
    queue.tryPut(1);
    // @ts-expect-error there may be nothing to take
    void queue.tryTake().rank;
    // @ts-expect-error no such mode
    queue.shutdown("later");
    // @ts-expect-error size is read only
    queue.size = 0;
    // @ts-expect-error a priority queue needs its order
    new PriorityQueue<Job>();
    // @ts-expect-error an order is a number
    new PriorityQueue<Job>({ compare: (a, b) => a.rank > b.rank });
    // @ts-expect-error a barrier needs its parties
    new Barrier();
    // @ts-expect-error a latch needs its count
    new CountDownLatch();
    // @ts-expect-error a condition goes with a mutex
    new Condition(new Semaphore(1));
    // @ts-expect-error the guard is the proof of holding
    void new Condition().wait();
    // @ts-expect-error an event is set by set()
    new ManualResetEvent().isSet = true;
    // @ts-expect-error a latch is not used again
    new CountDownLatch(1).reset();
    // @ts-expect-error a value of the declared type
    void new SingleFlight<string, Job>().run("k", async () => 1);
    // @ts-expect-error a run takes no timeout
    void new SingleFlight<string, number>().run("k", () => 1, { timeout: 5 });
  }
  expect(never()).toBe(false);
});
