/**
 * Limits beside their peers: what a queued task of a limiter costs in time and memory, a rate limiter's `tryAcquire`, one
 * sample of an adaptive limiter. Cases and rows for in-process.mjs; sampling is the caller's.
 */
import fastq from "fastq";
import pLimit from "p-limit";
import PQueue from "p-queue";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { asyncSema, lockwright } from "./in-process-peers.mjs";

const TASKS = 100_000;
const LIMIT = 10;
let sink = 0;

const body = async () => {
  sink += 1;
};

/** How each library is given one task; a function per library, so that each loop below sees one only. */
const limiters = {
  lockwright: () => {
    const limit = new lockwright.Semaphore(LIMIT);
    return () => limit.run(body);
  },
  "p-limit": () => {
    const limit = pLimit(LIMIT);
    return () => limit(body);
  },
  "p-queue": () => {
    const queue = new PQueue({ concurrency: LIMIT });
    return () => queue.add(body);
  },
  fastq: () => {
    const queue = fastq.promise(body, LIMIT);
    return () => queue.push(undefined);
  },
  "async-sema": () => {
    const sema = new asyncSema.Sema(LIMIT);
    return async () => {
      await sema.acquire();
      try {
        await body();
      } finally {
        sema.release();
      }
    };
  },
  "Promise.all": () => body,
};

async function limitAll(start) {
  const add = start();
  const tasks = [];
  for (let at = 0; at < TASKS; at += 1) tasks.push(add());
  await Promise.all(tasks);
}

/** Each library's task that holds its place until `gate` opens. */
const gated = {
  lockwright: (gate) => {
    const limit = new lockwright.Semaphore(LIMIT);
    return [() => limit.run(() => gate), () => limit.run(body)];
  },
  "p-limit": (gate) => {
    const limit = pLimit(LIMIT);
    return [() => limit(() => gate), () => limit(body)];
  },
  "p-queue": (gate) => {
    const queue = new PQueue({ concurrency: LIMIT });
    return [() => queue.add(() => gate), () => queue.add(body)];
  },
  fastq: (gate) => {
    const queue = fastq.promise((wait) => (wait ? gate : body()), LIMIT);
    return [() => queue.push(true), () => queue.push(false)];
  },
  "async-sema": (gate) => {
    const sema = new asyncSema.Sema(LIMIT);
    const run = async (task) => {
      await sema.acquire();
      try {
        await task();
      } finally {
        sema.release();
      }
    };
    return [() => run(() => gate), () => run(body)];
  },
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function bytesPerTask(start) {
  const readings = [];
  for (let round = 0; round < 6; round += 1) {
    let open;
    const gate = new Promise((resolve) => (open = resolve));
    const [hold, add] = start(gate);
    const tasks = [];
    for (let at = 0; at < LIMIT; at += 1) tasks.push(hold());
    await turn();
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < TASKS; at += 1) tasks.push(add());
    await turn();
    globalThis.gc();
    readings.push((process.memoryUsage().heapUsed - before) / TASKS);
    open();
    await Promise.all(tasks);
  }
  readings.sort((a, b) => a - b);
  return { p50: readings[readings.length >> 1], min: readings[0] };
}

const OPS = 1000;

/** A limiter that never says no, so that only the decision is measured. */
const rates = {
  clock: () => () => (sink += performance.now()),
  lockwright: () => {
    const limiter = new lockwright.RateLimiter({ rate: 1e9, burst: 1e9 });
    return () => (sink += limiter.tryAcquire() ? 1 : 0);
  },
  "lockwright token bucket": () => {
    const limiter = new lockwright.RateLimiter({ rate: 1e9, burst: 1e9, algorithm: "token-bucket" });
    return () => (sink += limiter.tryAcquire() ? 1 : 0);
  },
};

async function rateLimiterFlexible(sample) {
  const limiter = new RateLimiterMemory({ points: 1e9, duration: 3600 });
  return sample(async () => {
    for (let at = 0; at < OPS; at += 1) {
      await limiter.consume("key");
      sink += 1;
    }
  }, OPS);
}

/** Both hold and release one permit; the difference is the sample. */
const holds = {
  Semaphore: () => new lockwright.Semaphore(1),
  AdaptiveLimiter: () => new lockwright.AdaptiveLimiter({ min: 1, max: 1, initial: 1 }),
};

/** The cases by name; `sample(batch, ops)` as in in-process-cases.mjs. */
export function limitCases(sample) {
  const cases = {};
  for (const [who, start] of Object.entries(limiters))
    cases[`limiter ${who}`] = () => sample(() => limitAll(start), TASKS);
  for (const [who, start] of Object.entries(gated)) cases[`task bytes ${who}`] = () => bytesPerTask(start);
  for (const [who, start] of Object.entries(rates)) {
    cases[`rate ${who}`] = () => {
      const one = start();
      return sample(() => {
        for (let at = 0; at < OPS; at += 1) one();
      }, OPS);
    };
  }
  cases["rate lockwright, awaited"] = () => {
    const limiter = new lockwright.RateLimiter({ rate: 1e9, burst: 1e9 });
    return sample(async () => {
      for (let at = 0; at < OPS; at += 1) await limiter.acquire();
    }, OPS);
  };
  cases["rate rate-limiter-flexible"] = () => rateLimiterFlexible(sample);
  for (const [who, make] of Object.entries(holds)) {
    cases[`hold ${who}`] = () => {
      const lock = make();
      return sample(() => {
        for (let at = 0; at < OPS; at += 1) lock.tryAcquire().release();
      }, OPS);
    };
  }
  return cases;
}

export const limitRows = [
  {
    name: "limiter, 100k tasks, limit 10",
    ours: "limiter lockwright",
    against: {
      "limiter fastq": 0.85,
      "limiter async-sema": 0.5,
      "limiter p-limit": 0.5,
      "limiter p-queue": undefined,
      "limiter Promise.all": undefined,
    },
  },
  {
    name: "bytes per queued task",
    unit: "B",
    ours: "task bytes lockwright",
    atMost: 330,
    against: {
      "task bytes fastq": undefined,
      "task bytes async-sema": undefined,
      "task bytes p-limit": undefined,
      "task bytes p-queue": undefined,
    },
  },
  {
    name: "rate limiter, await acquire (the peer keeps a window by key)",
    ours: "rate lockwright, awaited",
    against: { "rate rate-limiter-flexible": undefined },
  },
  {
    name: "rate limiter, tryAcquire (rate-limiter-flexible has none: a promise)",
    ours: "rate lockwright",
    against: { "rate clock": 1.3, "rate rate-limiter-flexible": 0.4, "rate lockwright token bucket": undefined },
  },
  {
    name: "adaptive limiter, tryAcquire and release, one sample each",
    ours: "hold AdaptiveLimiter",
    against: { "rate clock": undefined, "hold Semaphore": undefined },
  },
];
