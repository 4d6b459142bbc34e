/**
 * The cases of the in-process bench. One case runs per process (`node --expose-gc in-process-cases.mjs <case> <ms>`), so
 * each loop below is compiled for one lock class only: a loop shared by several reads three times too slow.
 *
 * A case gives nanoseconds (or bytes) per operation; timed ones sample 1000 operations at a time and report p50 and min.
 */
import { lockCases } from "./in-process-locks-cases.mjs";
import { limitCases } from "./in-process-limits-cases.mjs";
import { AsyncLock, asyncMutex, asyncSema, lockwright } from "./in-process-peers.mjs";
import { queueCases, queueSink } from "./in-process-queue-cases.mjs";

const OPS = 1000;
const budget = Number(process.argv[3] ?? 400);
let sink = 0;

/** Samples `batch`, which does `ops` operations, for the time budget; drops the first fifth as warm-up. */
async function sample(batch, ops) {
  const times = [];
  const until = performance.now() + budget;
  while (performance.now() < until || times.length < 12) {
    const begin = process.hrtime.bigint();
    await batch();
    times.push(Number(process.hrtime.bigint() - begin) / ops);
  }
  const kept = times.slice(Math.floor(times.length / 5)).sort((a, b) => a - b);
  return { p50: kept[kept.length >> 1], min: kept[0] };
}

/** Samples only the part of `round` that it times itself; `round` gives nanoseconds. */
async function sampleTimed(round, ops, rounds) {
  const times = [];
  for (let at = 0; at < rounds; at += 1) {
    globalThis.gc();
    times.push((await round()) / ops);
  }
  const kept = times.slice(1).sort((a, b) => a - b);
  return { p50: kept[kept.length >> 1], min: kept[0] };
}

const settled = Promise.resolve();
const body = async () => {
  sink += 1;
};

/** Starts `n` callers that wait behind a held lock; the last one to finish resolves the promise. */
function crowd(n, start, one) {
  return new Promise((resolve) => {
    let left = n;
    const done = () => {
      if (--left === 0) resolve();
    };
    const context = start();
    for (let at = 0; at < n; at += 1) void one(context, done);
    context.open();
  });
}

const crowds = {
  bare: [
    () => {
      const waiters = [];
      let next = 0;
      return { waiters, open: () => waiters[next++]?.() };
    },
    async (context, done) => {
      await new Promise((resolve) => context.waiters.push(resolve));
      sink += 1;
      context.open();
      done();
    },
  ],
  lockwright: [
    () => {
      const lock = new lockwright.Mutex();
      const guard = lock.tryAcquire();
      return { lock, open: () => guard.release() };
    },
    async (context, done) => {
      const guard = await context.lock.acquire();
      sink += 1;
      guard.release();
      done();
    },
  ],
  "async-sema": [
    () => {
      const lock = new asyncSema.Sema(1);
      lock.tryAcquire();
      return { lock, open: () => lock.release() };
    },
    async (context, done) => {
      await context.lock.acquire();
      sink += 1;
      context.lock.release();
      done();
    },
  ],
  "async-mutex": [
    () => {
      const lock = new asyncMutex.Mutex();
      let free;
      void lock.acquire().then((release) => (free = release));
      return {
        lock,
        open: () =>
          void settled
            .then(() => {})
            .then(() => {})
            .then(() => {})
            .then(() => setImmediate(() => free())),
      };
    },
    async (context, done) => {
      const release = await context.lock.acquire();
      sink += 1;
      release();
      done();
    },
  ],
};

function queueCase(who, n) {
  const [start, one] = crowds[who];
  return () => sample(() => crowd(n, start, one), n);
}

async function bytesPerWaiter(who) {
  const [start, one] = crowds[who];
  const n = 50_000;
  const readings = [];
  for (let round = 0; round < 6; round += 1) {
    const context = start();
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    let left = n;
    let resolveAll;
    const all = new Promise((resolve) => (resolveAll = resolve));
    const done = () => --left === 0 && resolveAll();
    for (let at = 0; at < n; at += 1) void one(context, done);
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
    readings.push((process.memoryUsage().heapUsed - before) / n);
    context.open();
    await all;
  }
  readings.sort((a, b) => a - b);
  return { p50: readings[readings.length >> 1], min: readings[0] };
}

/** Time to end the waits of `n` callers at once, from the call until every one has settled. */
async function endAll(n, start, one) {
  const context = start();
  const waits = [];
  for (let at = 0; at < n; at += 1) waits.push(one(context));
  await new Promise((resolve) => setImmediate(resolve));
  const begin = process.hrtime.bigint();
  context.end();
  await Promise.all(waits);
  return Number(process.hrtime.bigint() - begin);
}

/** Time to cancel `n` waits one by one, in a fixed scattered order. */
async function cancelEach(n, start, one) {
  const context = start();
  const waits = [];
  for (let at = 0; at < n; at += 1) waits.push(one(context, at));
  await new Promise((resolve) => setImmediate(resolve));
  const begin = process.hrtime.bigint();
  for (let at = 0; at < n; at += 1) context.cancel((at * 7919) % n);
  await Promise.all(waits);
  return Number(process.hrtime.bigint() - begin);
}

const startAbort = () => {
  const lock = new lockwright.Mutex();
  lock.tryAcquire();
  const controller = new AbortController();
  return { lock, options: { signal: controller.signal }, end: () => controller.abort() };
};
const waitAbort = async (context) => {
  try {
    await context.lock.acquire(context.options);
  } catch {
    sink += 1;
  }
};

async function enqueueWithSignal(n) {
  const context = startAbort();
  const waits = [];
  const begin = process.hrtime.bigint();
  for (let at = 0; at < n; at += 1) waits.push(waitAbort(context));
  const spent = Number(process.hrtime.bigint() - begin);
  context.end();
  await Promise.all(waits);
  return spent;
}

async function timeoutCost() {
  const n = OPS;
  const round = async (options) => {
    const lock = new lockwright.Mutex();
    const guard = lock.tryAcquire();
    const waits = [];
    const one = async () => {
      const mine = await lock.acquire(options);
      sink += 1;
      mine.release();
    };
    const begin = process.hrtime.bigint();
    for (let at = 0; at < n; at += 1) waits.push(one());
    guard.release();
    await Promise.all(waits);
    return Number(process.hrtime.bigint() - begin) / n;
  };
  // The same options object but for the timeout, alternately, so that only the timeout differs.
  const plain = [];
  const timed = [];
  for (let at = 0; at < 1000; at += 1) {
    plain.push(await round({ weight: undefined, timeout: Infinity }));
    timed.push(await round({ weight: undefined, timeout: 60_000 }));
  }
  const middle = (list) => list.slice(200).sort((a, b) => a - b)[400];
  return { p50: middle(timed) - middle(plain), min: Math.min(...timed) - Math.min(...plain) };
}

const cases = {
  "raw await": () =>
    sample(async () => {
      for (let at = 0; at < OPS; at += 1) {
        await settled;
        sink += 1;
      }
    }, OPS),
  "raw call": () => {
    const call = (fn) => fn();
    const inner = () => (sink += 1);
    return sample(() => {
      for (let at = 0; at < OPS; at += 1) call(inner);
    }, OPS);
  },
  "try lockwright": () => {
    const lock = new lockwright.Mutex();
    return sample(async () => {
      for (let at = 0; at < OPS; at += 1) {
        const guard = lock.tryAcquire() ?? (await lock.acquire());
        try {
          sink += 1;
        } finally {
          guard.release();
        }
      }
    }, OPS);
  },
  "try lockwright Semaphore": () => {
    const lock = new lockwright.Semaphore(4);
    return sample(async () => {
      for (let at = 0; at < OPS; at += 1) {
        const guard = lock.tryAcquire() ?? (await lock.acquire());
        try {
          sink += 1;
        } finally {
          guard.release();
        }
      }
    }, OPS);
  },
  "acquire lockwright": () => {
    const lock = new lockwright.Mutex();
    return sample(async () => {
      for (let at = 0; at < OPS; at += 1) {
        const guard = await lock.acquire();
        try {
          sink += 1;
        } finally {
          guard.release();
        }
      }
    }, OPS);
  },
  "acquire async-sema": () => {
    const lock = new asyncSema.Sema(1);
    return sample(async () => {
      for (let at = 0; at < OPS; at += 1) {
        await lock.acquire();
        try {
          sink += 1;
        } finally {
          lock.release();
        }
      }
    }, OPS);
  },
  "acquire async-mutex": () => {
    const lock = new asyncMutex.Mutex();
    return sample(async () => {
      for (let at = 0; at < OPS; at += 1) {
        const release = await lock.acquire();
        try {
          sink += 1;
        } finally {
          release();
        }
      }
    }, OPS);
  },
  "run lockwright": () => {
    const lock = new lockwright.Mutex();
    return sample(async () => {
      for (let at = 0; at < OPS; at += 1) await lock.run(body);
    }, OPS);
  },
  "run async-lock": () => {
    const lock = new AsyncLock();
    return sample(async () => {
      for (let at = 0; at < OPS; at += 1) await lock.acquire("key", body);
    }, OPS);
  },
  "run async-mutex": () => {
    const lock = new asyncMutex.Mutex();
    return sample(async () => {
      for (let at = 0; at < OPS; at += 1) await lock.runExclusive(body);
    }, OPS);
  },
  "runSync lockwright": () => {
    const lock = new lockwright.Mutex();
    const inner = () => (sink += 1);
    return sample(() => {
      for (let at = 0; at < OPS; at += 1) lock.runSync(inner);
    }, OPS);
  },
  "bytes bare": () => bytesPerWaiter("bare"),
  "bytes lockwright": () => bytesPerWaiter("lockwright"),
  "bytes async-sema": () => bytesPerWaiter("async-sema"),
  "bytes async-mutex": () => bytesPerWaiter("async-mutex"),
  "abort lockwright": () => sampleTimed(() => endAll(100_000, startAbort, waitAbort), 100_000, 6),
  "abort async-mutex": () =>
    sampleTimed(
      () =>
        endAll(
          100_000,
          () => {
            const lock = new asyncMutex.Mutex();
            void lock.acquire();
            return { lock, end: () => lock.cancel() };
          },
          async (context) => {
            try {
              await context.lock.acquire();
            } catch {
              sink += 1;
            }
          },
        ),
      100_000,
      6,
    ),
  "enqueue 1k": () => sampleTimed(() => enqueueWithSignal(1000), 1000, 60),
  "enqueue 100k": () => sampleTimed(() => enqueueWithSignal(100_000), 100_000, 6),
  "timeout lockwright": timeoutCost,
  "timeout pair": () => {
    const nothing = () => {};
    return sample(() => {
      for (let at = 0; at < OPS; at += 1) clearTimeout(setTimeout(nothing, 60_000));
    }, OPS);
  },
};

for (const [label, n] of [
  ["100", 100],
  ["10k", 10_000],
  ["100k", 100_000],
]) {
  for (const who of Object.keys(crowds)) cases[`queue ${label} ${who}`] = queueCase(who, n);
}

for (const [label, n] of [
  ["1k", 1000],
  ["10k", 10_000],
  ["100k", 100_000],
]) {
  const rounds = n > 50_000 ? 5 : n > 5000 ? 12 : 80;
  cases[`cancel ${label} lockwright`] = () =>
    sampleTimed(
      () =>
        cancelEach(
          n,
          () => {
            const lock = new lockwright.Mutex();
            lock.tryAcquire();
            const controllers = [];
            return { lock, controllers, cancel: (at) => controllers[at].abort() };
          },
          async (context) => {
            const controller = new AbortController();
            context.controllers.push(controller);
            try {
              await context.lock.acquire({ signal: controller.signal });
            } catch {
              sink += 1;
            }
          },
        ),
      n,
      rounds,
    );
  cases[`cancel ${label} bare`] = () =>
    sampleTimed(
      () =>
        cancelEach(
          n,
          () => {
            const controllers = [];
            return { controllers, cancel: (at) => controllers[at].abort() };
          },
          async (context) => {
            const controller = new AbortController();
            context.controllers.push(controller);
            const { signal } = controller;
            try {
              await new Promise((_resolve, reject) => {
                signal.addEventListener("abort", () => reject(signal.reason), { once: true });
              });
            } catch {
              sink += 1;
            }
          },
        ),
      n,
      rounds,
    );
}

Object.assign(cases, lockCases(sample, sampleTimed));
Object.assign(cases, limitCases(sample));
Object.assign(cases, queueCases(sample, OPS));

export const caseNames = Object.keys(cases);

if (process.argv[2] !== undefined && import.meta.url === `file://${process.argv[1]}`) {
  const run = cases[process.argv[2]];
  if (run === undefined) throw new Error(`no case named ${process.argv[2]}`);
  console.log(JSON.stringify(await run()));
  if (sink + queueSink() < 0) console.log(sink);
  process.exit(0);
}
