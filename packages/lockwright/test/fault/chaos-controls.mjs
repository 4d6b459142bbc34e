/**
 * Negative controls: locks that are broken on purpose. The checker must report each, or it is the checker that is broken.
 *
 * A control changes what a worker sees: its space, how it fences, checks and runs. `reports` names the properties at
 * least one of which must be violated in the run.
 */
import { LockSpace } from "../../dist/leases/index.js";
import { monotonicNow } from "./chaos-random.mjs";

/** How a worker works when nothing is broken. */
const honest = {
  openSpace: (options) => new LockSpace(options),
  fence: (database, lease, fence) => fence(database, lease),
  check: (lease) => lease.check(),
  run: (lock, body, options) => lock.run(body, options),
};

/** A lease over nothing. */
function looseLease(name, token) {
  return { name, token, state: "held", check() {}, release: async () => {} };
}

/** Grants at once, always, with growing tokens: the time in microseconds. */
class NoOpSpace {
  mutex(name) {
    const acquire = async () => looseLease(name, process.hrtime.bigint() / 1000n);
    return { acquire, tryAcquire: acquire, run: async (body) => await body(await acquire()) };
  }

  semaphore(name) {
    return this.mutex(name);
  }

  readWriteLock(name) {
    return { read: this.mutex(name), write: this.mutex(name) };
  }

  async close() {}
}

/** The real lock, but every lease shows the same token. */
function withoutTokens(lock) {
  const flat = (lease) =>
    lease &&
    Object.create(lease, {
      token: { value: 1n },
      state: { get: () => lease.state },
      check: { value: () => lease.check() },
      release: { value: () => lease.release() },
    });
  return {
    acquire: async (options) => flat(await lock.acquire(options)),
    tryAcquire: async (options) => flat(await lock.tryAcquire(options)),
    run: (body, options) => lock.run((lease) => body(flat(lease)), options),
  };
}

/** Wraps every lock that a space gives out. */
function mapSpace(space, change) {
  return {
    mutex: (name) => change(space.mutex(name)),
    semaphore: (name, permits) => change(space.semaphore(name, permits)),
    readWriteLock: (name) => {
      const { read, write } = space.readWriteLock(name);
      return { read: change(read), write: change(write) };
    },
    close: () => space.close(),
  };
}

/** After some releases the next waiter is thrown out of the queue, and a waiter that is not in it is told to go on waiting. */
function droppingStore(store, dice) {
  const execute = async (commands) => {
    const results = await store.execute(commands);
    for (const command of commands) {
      if (command.type !== "release" || !dice.hits(0.3)) continue;
      const [next] = (await store.inspect(command.resource)).waiters;
      if (next !== undefined) await store.execute([{ type: "cancel", resource: command.resource, id: next.id }]);
    }
    const queued = { type: "queued", ahead: [], lapse: undefined, holders: [] };
    return results.map((result, at) => (commands[at].type === "heartbeat" && result.type === "gone" ? queued : result));
  };
  return new Proxy(store, {
    get(target, key) {
      if (key === "execute") return execute;
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Gives the lock back and returns the value, whatever became of the lease. */
async function deafRun(lock, body, options) {
  const lease = await lock.acquire(options);
  try {
    return await body(lease);
  } finally {
    await lease.release();
  }
}

/** Two stores that know nothing of each other, behind one name. */
function splitSpace(options) {
  return new LockSpace({ ...options, prefix: process.pid % 2 === 0 ? "even:" : "odd:" });
}

export const controls = {
  none: { ...honest, reports: [] },
  "no-op-lock": {
    ...honest,
    reports: ["exclusion"],
    openSpace: () => new NoOpSpace(),
    fence: () => {}, // it has no lease of ours to show
  },
  // A ttl of 1 ms that nobody renews, and a holder who trusts it.
  "tiny-ttl": {
    ...honest,
    reports: ["exclusion"],
    openSpace: (options) => new LockSpace({ ...options, ttl: 1, renewal: "loop" }),
    check: () => {},
    run: deafRun,
  },
  "no-fencing": { ...honest, reports: ["fenced-writes"], fence: () => {} },
  "stuck-token": {
    ...honest,
    reports: ["token-order"],
    openSpace: (options) => mapSpace(new LockSpace(options), withoutTokens),
    fence: () => {},
  },
  "dropped-waiters": {
    ...honest,
    reports: ["progress"],
    openSpace: (options) => new LockSpace({ ...options, store: droppingStore(options.store, options.dice) }),
  },
  "deaf-run": { ...honest, reports: ["run-tells-loss"], run: deafRun },
  "split-brain": { ...honest, reports: ["exclusion"], openSpace: splitSpace },
};

/** A moment and the proof that the lease was held at it; throws if it is not. */
export function provedAt(control, lease) {
  const at = monotonicNow(); // before the check: see checker.mjs
  control.check(lease);
  return at;
}
