/**
 * Programs that end, or would hang, by themselves. Usage: node deadlock-programs.mjs <program>, or as a worker thread with
 * the program's name as workerData. Each prints what it saw; a deadlock that nobody catches ends the process.
 */
import { subscribe } from "node:diagnostics_channel";
import { isMainThread, workerData } from "node:worker_threads";
import { Mutex, ReadWriteLock, ReentrantMutex, Semaphore, taskScope, trackOwners } from "../../../dist/index.js";

const m = new Mutex({ name: "m" });
const a = new Mutex({ name: "a" });
const b = new Mutex({ name: "b" });

function say(...words) {
  process.stdout.write(`${words.join(" ")}\n`);
}

/** Says how a promise ended. */
async function told(promise) {
  say(
    await promise.then(
      (value) => String(value),
      (error) => error.code ?? String(error),
    ),
  );
}

/**
 * Says how a promise ended, or that it did not by the time a timer of `ms` fired that was set before. On a crowded machine
 * all timers are late, but in another order only if a turn takes as long as they are apart. The first pause is for the loop's clock, which stands still in a turn:
 * the turn that loads the modules is a long one.
 */
async function toldWithin(ms, start) {
  await pause(1);
  const late = pause(ms).then(() => "late");
  await told(Promise.race([start(), late]));
}

/** Keeps the loop alive while `body` runs. */
async function besideTimers(body) {
  const timer = setInterval(() => {}, 10_000);
  try {
    await body();
  } finally {
    clearInterval(timer);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const nestedMutex = () => m.run(async () => m.run(() => 1));
function nestedLimit() {
  const limit = new Semaphore(2, { name: "limit" });
  return Promise.all([1, 2].map(() => limit.run(async () => limit.run(() => 1))));
}
/** Unseen by the stack: each body first yields. */
const crossed = (options) =>
  Promise.allSettled([
    a.run(async () => (await pause(5), b.run(() => 1, options))),
    b.run(async () => (await pause(5), a.run(() => 2, options))),
  ]);

const programs = {
  "nested mutex": nestedMutex,
  "nested limit": nestedLimit,
  "nested mutex beside timers": () => besideTimers(() => toldWithin(1000, nestedMutex)),
  "nested limit beside timers": () => besideTimers(() => toldWithin(1000, nestedLimit)),
  "a cycle by scopes beside timers": () => {
    const crossing = async () => {
      const one = taskScope(() => a.run(() => b.run(() => 1)));
      const outcomes = await Promise.allSettled([one, taskScope(() => b.run(() => a.run(() => 2)))]);
      return outcomes.map(({ value, reason }) => value ?? reason.code);
    };
    return besideTimers(() => toldWithin(1, crossing));
  },
  "a late nested mutex, at the top level": () => m.run(async () => (await pause(5), m.run(() => 1))),
  "a late nested mutex, in a chain of promises": () => {
    void m.run(async () => (await pause(5), m.run(() => 1)));
  },
  "a cycle by drain": async () => {
    const outcomes = await crossed();
    say(...outcomes.map(({ reason }) => reason?.code));
    say(outcomes[0].reason.message.split("\n")[0]);
  },
  "an upgrade behind a reader who never leaves": async () => {
    const lock = new ReadWriteLock({ name: "config" });
    await lock.read.acquire();
    const reading = await lock.upgradeable.acquire();
    await told(reading.upgrade());
  },
  "a drain that is caught, after which the program goes on": async () => {
    await told(m.run(async () => (await pause(5), m.run(() => 1))));
    await pause(5);
    await told(m.run(() => "on"));
  },
  "a guard that is never given back": async () => {
    await m.acquire();
    await told(m.acquire());
  },
  "a paused semaphore": () => told(new Semaphore(0).acquire()),
  "a reentrant mutex asked for outside its context": async () => {
    const mutex = new ReentrantMutex();
    await mutex.acquire();
    await told(mutex.acquire());
  },
  "report at the end": async () => {
    subscribe("lockwright:deadlock", ({ kind, rejected }) => say(kind, rejected));
    const mutex = new Mutex({ deadlock: "report" });
    await mutex.acquire();
    await mutex.acquire();
  },
  "off at the end": async () => {
    subscribe("lockwright:deadlock", () => say("told"));
    const mutex = new Mutex({ deadlock: "off" });
    await mutex.acquire();
    await mutex.acquire();
  },
  "drain with owners tracked": async () => {
    trackOwners(true);
    await taskScope(async () => void (await m.acquire()), { name: "the forgetful one" });
    const error = await m.acquire().catch((reason) => reason);
    say(
      error.edges[0].holderSite.includes("deadlock-programs.mjs"),
      error.edges[0].waiterSite.includes("deadlock-programs.mjs"),
    );
  },
  "another listener that releases at the first beforeExit": async () => {
    const guard = await m.acquire();
    process.once("beforeExit", () => guard.release());
    await told(m.acquire().then(() => "served"));
  },
  "another listener that does nothing": async () => {
    process.on("beforeExit", () => {});
    await m.acquire();
    await told(m.acquire());
  },

  // The innocent twins.
  "a map of run": async () => {
    const pool = new Semaphore(2);
    say(
      (await taskScope(() => Promise.all([1, 2, 3, 4, 5, 6].map((id) => pool.run(() => pause(20).then(() => id))))))
        .length,
    );
  },
  "detached follow-ups": async () => {
    let done = 0;
    await m.run(async () => {
      for (let at = 0; at < 3; at += 1) void m.run(() => (done += 1), { detached: true });
      await pause(60);
    });
    await m.run(() => say(done));
  },
  "a body that schedules itself": async () => {
    let rounds = 0;
    const again = async () => {
      rounds += 1;
      if (rounds < 20) void m.run(again);
      else say(rounds);
      await pause(3);
    };
    await m.run(again);
  },
  "short bodies that nobody awaits": async () => {
    const limit = new Semaphore(1);
    let done = 0;
    await limit.run(async () => {
      for (let at = 0; at < 5; at += 1) void limit.run(() => pause(1).then(() => (done += 1) === 5 && say("done")));
      await pause(5);
    });
  },
  "an idle consumer at the end": () => {
    void new Mutex().whenAvailable();
    const busy = new Mutex();
    busy.tryAcquire();
    void busy.whenAvailable();
    say("idle");
  },
  "a guard that travels": async () => {
    const guard = await m.acquire({ detached: true });
    setTimeout(() => guard.release(), 30);
    (await m.acquire()).release();
    say("passed on");
  },
  "a wait with a timeout at the end": async () => {
    await m.acquire();
    await told(m.acquire({ timeout: 40 }));
  },
};

const name = isMainThread ? process.argv[2] : workerData;
await programs[name]();
