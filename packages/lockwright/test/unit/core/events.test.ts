import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Grant, type Hook, hook as installed, installHook, type Observed } from "../../../src/events.js";
import { type LockwrightError, Mutex, Semaphore } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => platform[Symbol.dispose]());

const ignore = (): void => {};

/** Listens to the named channels while `body` runs, and gives what came. */
async function listen(
  names: readonly string[],
  body: () => Promise<void>,
): Promise<[string, Record<string, unknown>][]> {
  const heard: [string, Record<string, unknown>][] = [];
  const listeners = names.map((name) => {
    const listener = (message: unknown): void => void heard.push([name, message as Record<string, unknown>]);
    subscribe(`lockwright:${name}`, listener);
    return () => unsubscribe(`lockwright:${name}`, listener);
  });
  try {
    await body();
  } finally {
    for (const stop of listeners) stop();
  }
  return heard;
}

/** A hook that writes down what it is told. */
function recorder(): Hook & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    queued: (lock, _grant, depth) => void told.push(`queued ${lock.ref.name} ${depth}`),
    granted: (lock, grant) => void told.push(`granted ${lock.ref.name} ${grant.weight}`),
    released: (lock, _grant, depth, value) => void told.push(`released ${lock.ref.name} ${depth} ${String(value)}`),
    left: (lock, _grant, why) => void told.push(`left ${lock.ref.name} ${why}`),
    missed: (lock) => void told.push(`missed ${lock.ref.name}`),
  };
}

describe("channels", () => {
  test("a named lock tells that it was created, an unnamed one does not", async () => {
    const heard = await listen(["created"], async () => {
      new Mutex();
      new Semaphore(3, { name: "pool" });
    });
    expect(heard).toMatchObject([["created", { name: "pool", kind: "semaphore", scope: "process", permits: 3 }]]);
  });

  test("a wait tells queued, released and granted with times and holders", async () => {
    const heard = await listen(["queued", "granted", "released"], async () => {
      const mutex = new Mutex({ name: "m" });
      const guard = mutex.tryAcquire()!;
      platform.advance(5);
      const wait = mutex.acquire();
      platform.advance(7);
      guard.release();
      platform.advance(2);
      (await wait).release();
    });
    expect(heard.map(([name, { lock: _lock, ...rest }]) => [name, rest])).toEqual([
      ["granted", { waited: 0, depth: 0 }],
      ["queued", { depth: 1, holders: [{ since: 1000 }] }],
      ["released", { held: 12, waiters: 0 }],
      ["granted", { waited: 7, depth: 0 }],
      ["released", { held: 2, waiters: 0 }],
    ]);
    expect(heard[0]![1]["lock"]).toMatchObject({ name: "m", kind: "mutex" });
  });

  test("a waiter that gives up tells why and how long it waited", async () => {
    const heard = await listen(["left"], async () => {
      const mutex = new Mutex();
      mutex.tryAcquire();
      const controller = new AbortController();
      mutex.acquire({ signal: controller.signal }).catch(ignore);
      mutex.acquire({ timeout: 10 }).catch(ignore);
      mutex.acquire().catch(ignore);
      platform.advance(4);
      controller.abort();
      platform.advance(6);
      mutex.cancelWaiters();
      mutex.acquire().catch(ignore);
      mutex.close();
    });
    expect(heard.map(([, event]) => [event["why"], event["waited"]])).toEqual([
      ["abort", 4],
      ["timeout", 10],
      ["cancelled", 10],
      ["closed", 0],
    ]);
  });

  test("events carry a reference, never the lock or a guard", async () => {
    const heard = await listen(["granted", "released"], async () => new Mutex().run(ignore));
    for (const [, event] of heard) expect(Object.values(event).some((value) => value instanceof Mutex)).toBe(false);
    expect(Object.isFrozen(heard[0]![1]["lock"])).toBe(true);
  });

  test("a subscriber that came late and left early breaks nothing", async () => {
    const mutex = new Mutex();
    const guard = mutex.tryAcquire()!;
    const wait = mutex.acquire();
    const heard = await listen(["granted", "released"], async () => guard.release());
    expect(heard.map(([name]) => name)).toEqual(["released", "granted"]);
    (await wait).release();
    expect(mutex.locked).toBe(false);
  });
});

describe("hook", () => {
  test("it hears every step after the lock's state is settled, with a run body's value", async () => {
    const hook = recorder();
    using _ = installHook(hook);
    const semaphore = new Semaphore(2, { name: "s" });
    const guard = semaphore.tryAcquire({ weight: 2 })!;
    expect(semaphore.tryAcquire()).toBeUndefined();
    const wait = semaphore.run(() => "value");
    guard.release();
    await wait;
    expect(hook.told).toEqual([
      "granted s 2",
      "missed s",
      "queued s 1",
      "released s 0 undefined",
      "granted s 1",
      "released s 0 value",
    ]);
  });

  test("a probe set on a lock or a grant stays its own", async () => {
    const probes: unknown[] = [];
    const noteGrant = (lock: Observed, grant: Grant): void => {
      lock.probe = "lock";
      grant.probe = grant.intent;
    };
    using _ = installHook({
      ...recorder(),
      queued: noteGrant,
      released: (lock, grant) => void probes.push(lock.probe, grant.probe, grant.mode),
    });
    const mutex = new Mutex();
    const guard = mutex.tryAcquire()!;
    const wait = mutex.acquire({ intent: "read" });
    guard.release();
    (await wait).release();
    expect(probes).toEqual(["lock", undefined, "exclusive", "lock", "read", "exclusive"]);
  });

  test("a hook that releases and acquires inside its own call does no harm", async () => {
    const mutex = new Mutex({ name: "m" });
    let turns = 0;
    using _ = installHook({
      ...recorder(),
      granted: (_lock, grant) => {
        if (turns++ < 5) (grant as unknown as Disposable)[Symbol.dispose]();
      },
      released: () => {
        if (turns < 5) mutex.tryAcquire()?.[Symbol.dispose]();
        else if (turns++ < 10) mutex.acquire().catch(ignore);
      },
    });
    const guard = mutex.tryAcquire()!;
    expect(guard.held).toBe(false);
    mutex.cancelWaiters();
    using last = mutex.tryAcquire();
    last?.[Symbol.dispose]();
    expect(installed).not.toBeNull();
    for (let step = 0; step < 20; step += 1) await Promise.resolve();
    const { held, available, waiting } = mutex.stats();
    expect([held + available, waiting]).toEqual([1, 0]);
  });

  test("a hook that throws is uninstalled with one warning, and the lock goes on", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void (warning.name === "LockwrightWarning" && warnings.push(warning));
    process.on("warning", onWarning);
    using _ = installHook({
      ...recorder(),
      granted: () => {
        throw new Error("telemetry");
      },
    });
    const mutex = new Mutex();
    const guard = mutex.tryAcquire()!;
    expect(installed).toBeNull();
    guard.release();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    expect(warnings.map((warning) => warning.message)).toEqual([expect.stringContaining("telemetry")]);
    expect(mutex.locked).toBe(false);
  });

  test("a second hook is refused while one is installed", () => {
    using _ = installHook(recorder());
    expect(() => installHook(recorder())).toThrow(/already installed/);
  });

  test("a waiter that a resize makes too heavy leaves as cancelled", async () => {
    const hook = recorder();
    using _ = installHook(hook);
    const semaphore = new Semaphore(2, { name: "s" });
    semaphore.tryAcquire();
    const wait = semaphore.acquire({ weight: 2 }).catch((error: LockwrightError) => error.code);
    semaphore.resize(1);
    expect(await wait).toBe("LW_WEIGHT");
    expect(hook.told.at(-1)).toBe("left s cancelled");
  });
});
