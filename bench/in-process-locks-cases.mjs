/**
 * Keyed and read-write locks beside their peers: a hot key, keys used once, readers and writers free and queued. Cases and
 * rows for in-process.mjs; sampling is the caller's. rwlock takes callbacks, so it is used as a program of promises would.
 */
import RwlockModule from "rwlock";
import { AsyncLock, lockwright } from "./in-process-peers.mjs";

const OPS = 1000;
const KEYS = 1_000_000;
let sink = 0;

const turn = () => new Promise((resolve) => setImmediate(resolve));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const body = async () => {
  sink += 1;
};

/** Every tenth operation writes. */
const isWrite = (at) => at % 10 === 9;

/** Uses a million keys once each and gives what is then kept of them. */
async function retained(start) {
  const use = start();
  await use(-1);
  const readings = [];
  for (let round = 0; round < 3; round += 1) {
    await turn();
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let key = 0; key < KEYS; key += 1) await use(round * KEYS + key);
    await turn();
    globalThis.gc();
    readings.push(Math.max(process.memoryUsage().heapUsed - before, 1));
  }
  readings.sort((a, b) => a - b);
  return { p50: readings[1], min: readings[0] };
}

const keyUsers = {
  lockwright: () => {
    const lock = new lockwright.KeyedMutex();
    return async (key) => {
      const guard = await lock.acquire(key);
      sink += 1;
      guard.release();
    };
  },
  "async-lock": () => {
    const lock = new AsyncLock();
    return (key) => lock.acquire(String(key), body);
  },
  "a Map of mutexes": () => {
    const locks = new Map();
    return async (key) => {
      let lock = locks.get(key);
      if (lock === undefined) locks.set(key, (lock = new lockwright.Mutex()));
      const guard = await lock.acquire();
      sink += 1;
      guard.release();
    };
  },
};

/** Lets `n` callers queue behind a writer, nine in ten of them readers, and serves them all. */
function queueBehindWriter(n, start) {
  return new Promise((resolve) => {
    const { open, read, write } = start();
    let left = n;
    const done = () => {
      if (--left === 0) resolve();
    };
    for (let at = 0; at < n; at += 1) void (isWrite(at) ? write(done) : read(done));
    open();
  });
}

/** One crowd after a smaller one: the peer needs some twenty seconds for 100k, so there are no samples to choose from. */
async function queueOnce(n, start) {
  for (let round = 0; round < 20; round += 1) await queueBehindWriter(1000, start);
  globalThis.gc();
  const begin = process.hrtime.bigint();
  await queueBehindWriter(n, start);
  const each = Number(process.hrtime.bigint() - begin) / n;
  return { p50: each, min: each };
}

const sides = {
  lockwright: () => {
    const lock = new lockwright.ReadWriteLock();
    const hold = lock.write.tryAcquire();
    return {
      open: () => hold.release(),
      read: async (done) => {
        const guard = lock.read.tryAcquire() ?? (await lock.read.acquire());
        sink += 1;
        guard.release();
        done();
      },
      write: async (done) => {
        const guard = lock.write.tryAcquire() ?? (await lock.write.acquire());
        sink += 1;
        guard.release();
        done();
      },
    };
  },
  rwlock: () => {
    const lock = new RwlockModule();
    let hold;
    lock.writeLock((release) => (hold = release));
    return {
      open: () => hold(),
      read: async (done) => {
        const release = await new Promise((resolve) => lock.readLock(resolve));
        sink += 1;
        release();
        done();
      },
      write: async (done) => {
        const release = await new Promise((resolve) => lock.writeLock(resolve));
        sink += 1;
        release();
        done();
      },
    };
  },
};

/**
 * Uses every kind of lock once in a while: a program that knows them all pays for the variety at each access, and paid 150 ns
 * for each field of a new lock before its fields were only assigned.
 */
function useAllKinds() {
  const rw = new lockwright.ReadWriteLock();
  const stamped = new lockwright.StampedLock();
  const keyed = new lockwright.KeyedSemaphore(2);
  const striped = new lockwright.StripedMutex(4);
  const others = [new lockwright.Semaphore(2), new lockwright.CapacityLimiter(2), rw.read, rw.upgradeable, rw.write];
  const all = [...others, stamped.read, stamped.write, keyed.at("key"), striped.at("key")];
  for (let round = 0; round < 20_000; round += 1) for (const lock of all) lock.tryAcquire().release();
}

/** Time of 200 holds of 10 ms asked for at once, one in twenty of them a write. */
async function longHolds(start) {
  const { read, write } = start();
  const begin = process.hrtime.bigint();
  await Promise.all(Array.from({ length: 200 }, (_none, at) => (at % 20 === 19 ? write() : read())));
  return Number(process.hrtime.bigint() - begin);
}

/** The cases by name; `sample` and `sampleTimed` as in in-process-cases.mjs. */
export function lockCases(sample, sampleTimed) {
  const newKeys = () => {
    const lock = new lockwright.KeyedMutex();
    let key = 0;
    return sample(async () => {
      for (let at = 0; at < OPS; at += 1) {
        const guard = await lock.acquire((key += 1));
        try {
          sink += 1;
        } finally {
          guard.release();
        }
      }
    }, OPS);
  };
  const cases = {
    "hot key try lockwright": () => {
      const lock = new lockwright.KeyedMutex();
      return sample(async () => {
        for (let at = 0; at < OPS; at += 1) {
          const guard = lock.tryAcquire("key") ?? (await lock.acquire("key"));
          try {
            sink += 1;
          } finally {
            guard.release();
          }
        }
      }, OPS);
    },
    "hot key acquire lockwright": () => {
      const lock = new lockwright.KeyedMutex();
      return sample(async () => {
        for (let at = 0; at < OPS; at += 1) {
          const guard = await lock.acquire("key");
          try {
            sink += 1;
          } finally {
            guard.release();
          }
        }
      }, OPS);
    },
    "hot key run lockwright": () => {
      const lock = new lockwright.KeyedMutex();
      return sample(async () => {
        for (let at = 0; at < OPS; at += 1) await lock.run("key", body);
      }, OPS);
    },
    "hot key async-lock": () => {
      const lock = new AsyncLock();
      return sample(async () => {
        for (let at = 0; at < OPS; at += 1) await lock.acquire("key", body);
      }, OPS);
    },
    "new keys lockwright": newKeys,
    "new keys async-lock": () => {
      const lock = new AsyncLock();
      let key = 0;
      return sample(async () => {
        for (let at = 0; at < OPS; at += 1) await lock.acquire(String((key += 1)), body);
      }, OPS);
    },
    "new keys run lockwright": () => {
      const lock = new lockwright.KeyedMutex();
      let key = 0;
      return sample(async () => {
        for (let at = 0; at < OPS; at += 1) await lock.run(String((key += 1)), body);
      }, OPS);
    },
    "try lockwright among all kinds": () => {
      useAllKinds();
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
    "new keys lockwright among all kinds": () => {
      useAllKinds();
      return newKeys();
    },
    "rw free lockwright": () => {
      const lock = new lockwright.ReadWriteLock();
      return sample(async () => {
        for (let at = 0; at < OPS; at += 1) {
          if (isWrite(at)) {
            const guard = lock.write.tryAcquire() ?? (await lock.write.acquire());
            sink += 1;
            guard.release();
          } else {
            const guard = lock.read.tryAcquire() ?? (await lock.read.acquire());
            sink += 1;
            guard.release();
          }
        }
      }, OPS);
    },
    "rw free rwlock": () => {
      const lock = new RwlockModule();
      return sample(async () => {
        for (let at = 0; at < OPS; at += 1) {
          const take = isWrite(at) ? lock.writeLock : lock.readLock;
          const release = await new Promise((resolve) => take(resolve));
          sink += 1;
          release();
        }
      }, OPS);
    },
    "rw free rwlock, callback": () => {
      const lock = new RwlockModule();
      const once = (release) => {
        sink += 1;
        release();
      };
      return sample(() => {
        for (let at = 0; at < OPS; at += 1) (isWrite(at) ? lock.writeLock : lock.readLock)(once);
      }, OPS);
    },
    "long holds lockwright": () =>
      sampleTimed(
        () =>
          longHolds(() => {
            const lock = new lockwright.ReadWriteLock();
            return { read: () => lock.read.run(() => sleep(10)), write: () => lock.write.run(() => sleep(10)) };
          }),
        200,
        2,
      ),
    "long holds Mutex": () =>
      sampleTimed(
        () =>
          longHolds(() => {
            const lock = new lockwright.Mutex();
            const hold = () => lock.run(() => sleep(10));
            return { read: hold, write: hold };
          }),
        200,
        2,
      ),
  };
  for (const [who, start] of Object.entries(keyUsers)) cases[`keys once ${who}`] = () => retained(start);
  for (const [who, start] of Object.entries(sides)) {
    cases[`rw queue 10k ${who}`] = () => sample(() => queueBehindWriter(10_000, start), 10_000);
    cases[`rw queue 100k ${who}`] = () => queueOnce(100_000, start);
  }
  return cases;
}

export const lockRows = [
  {
    name: "keyed, one hot key, tryAcquire() ?? await acquire() (the peer has no such form: an async body)",
    ours: "hot key try lockwright",
    against: { "hot key async-lock": 0.15 },
  },
  {
    name: "keyed, one hot key, await acquire() (the peer: an async body)",
    ours: "hot key acquire lockwright",
    against: { "hot key async-lock": 0.4 },
  },
  {
    name: "keyed, one hot key, run(): the same work",
    ours: "hot key run lockwright",
    against: { "hot key async-lock": 1 },
  },
  {
    name: "keyed, a new key each time, run(): the same work",
    ours: "new keys run lockwright",
    against: { "new keys async-lock": undefined },
  },
  {
    name: "keyed, a new key each time, await acquire()",
    ours: "new keys lockwright",
    against: { "new keys async-lock": undefined },
  },
  {
    name: "the same in a program that uses every kind of lock",
    ours: "new keys lockwright among all kinds",
    against: { "new keys async-lock": undefined },
  },
  {
    name: "a Mutex, try first, in a program that uses every kind of lock",
    ours: "try lockwright among all kinds",
    against: { "acquire async-sema": undefined, "raw await": undefined },
  },
  {
    name: "1 M keys used once, bytes retained",
    unit: "B",
    ours: "keys once lockwright",
    atMost: 1e6,
    against: { "keys once async-lock": undefined, "keys once a Map of mutexes": undefined },
  },
  {
    name: "read-write, 90 % reads, free, try first (the peer by promise, and as it is made, by callback)",
    ours: "rw free lockwright",
    against: { "rw free rwlock": 0.9, "rw free rwlock, callback": undefined },
  },
  {
    name: "read-write, 90 % reads, 10k queued",
    ours: "rw queue 10k lockwright",
    against: { "rw queue 10k rwlock": 1.1 },
  },
  {
    name: "read-write, 90 % reads, 100k queued",
    ours: "rw queue 100k lockwright",
    against: { "rw queue 100k rwlock": 1.1 },
  },
  {
    name: "read-write, 95 % reads of 10 ms, time per hold",
    ours: "long holds lockwright",
    against: { "long holds Mutex": 0.2 },
  },
];
