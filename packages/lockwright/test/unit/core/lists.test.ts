import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { hasAbortGroup } from "../../../src/core/abort-groups.js";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import { Mutex } from "../../../src/index.js";
import { installTestPlatform } from "../../support/test-platform.js";

const ignore = (): void => {};

test("a signal has one listener of ours while waits on it live, and none after [A1]", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const mutex = new Mutex();
  const other = new Mutex();
  const guards = [mutex.tryAcquire()!, other.tryAcquire()!];
  const waits = [mutex.acquire({ signal }), other.acquire({ signal }), mutex.acquire({ signal })];
  expect(getEventListeners(signal, "abort").length).toBe(1);
  for (const guard of guards) guard.release();
  (await waits[0]!).release();
  (await waits[1]!).release();
  (await waits[2]!).release();
  expect(getEventListeners(signal, "abort").length).toBe(0);
  expect(hasAbortGroup(signal)).toBe(false);
});

test("a signal that is used again after its last wait ended gets a new listener [A1]", async () => {
  const { signal } = new AbortController();
  const mutex = new Mutex();
  for (let round = 0; round < 3; round += 1) {
    const guard = mutex.tryAcquire()!;
    const wait = mutex.acquire({ signal });
    expect(getEventListeners(signal, "abort").length).toBe(1);
    guard.release();
    (await wait).release();
    expect(getEventListeners(signal, "abort").length).toBe(0);
  }
});

test("an abort leaves no listener and no group [A1, A2]", () => {
  const controller = new AbortController();
  const mutex = new Mutex();
  mutex.tryAcquire();
  for (let at = 0; at < 100; at += 1) mutex.acquire({ signal: controller.signal }).catch(ignore);
  controller.abort();
  expect(mutex.stats().waiting).toBe(0);
  expect(hasAbortGroup(controller.signal)).toBe(false);
  expect(getEventListeners(controller.signal, "abort").length).toBe(0);
});

test("waits of one duration share a timer, and an earlier one moves it forward [D1, D2]", () => {
  using platform = installTestPlatform();
  const mutex = new Mutex();
  mutex.tryAcquire();
  const timedOut: number[] = [];
  for (const timeout of [100, 100, 30, 60]) mutex.acquire({ timeout }).catch(() => timedOut.push(timeout));
  expect(platform.timers.size).toBe(1);
  expect(pendingDeadlines()).toBe(4);
  platform.advance(30);
  expect(mutex.stats().waiting).toBe(3);
  platform.advance(30);
  expect(mutex.stats().waiting).toBe(2);
  platform.advance(40);
  expect(mutex.stats().waiting).toBe(0);
  expect([platform.timers.size, pendingDeadlines()]).toEqual([0, 0]);
});

test("a timer that finds its waits granted looks at the next ones [D2]", async () => {
  using platform = installTestPlatform();
  const [one, two] = [new Mutex(), new Mutex()];
  const guard = one.tryAcquire()!;
  two.tryAcquire();
  const soon = one.acquire({ timeout: 10 });
  const late = two.acquire({ timeout: 20 }).catch((error: { code: string }) => error.code);
  guard.release();
  (await soon).release();
  platform.advance(15);
  expect(pendingDeadlines()).toBe(1);
  platform.advance(5);
  expect(await late).toBe("LW_TIMEOUT");
  expect(platform.timers.size).toBe(0);
});

test("odd durations do not pile up while one wait lives on [D5]", () => {
  using platform = installTestPlatform();
  const mutex = new Mutex();
  mutex.tryAcquire();
  mutex.acquire({ timeout: 1_000_000 }).catch(ignore);
  for (let at = 1; at <= 1000; at += 1) {
    const controller = new AbortController();
    mutex.acquire({ timeout: 5000 + at / 7, signal: controller.signal }).catch(ignore);
    controller.abort();
  }
  expect(pendingDeadlines()).toBe(1);
  platform.advance(1_000_000);
  expect([mutex.stats().waiting, platform.timers.size]).toEqual([0, 0]);
});
