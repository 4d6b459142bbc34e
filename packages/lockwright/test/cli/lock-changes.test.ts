import { describe, expect, test } from "vitest";
import { changesOf } from "../../src/cli/lock-changes.js";
import { hasPermits, isFree, stateWords, visible } from "../../src/cli/lock-view.js";
import { EXCLUSIVE, type HolderState, type ResourceState, type WaiterState } from "../../src/leases/lock-store.js";

const holder = (id: string, token: bigint, heldFor = 5): HolderState => ({
  id,
  token,
  heldFor,
  process: "p",
  weight: EXCLUSIVE,
  label: id,
  expiresIn: 100,
});
const waiter = (id: string, waitingFor = 10): WaiterState => ({
  id,
  process: "p",
  weight: EXCLUSIVE,
  label: id,
  waitingFor,
});
const state = (
  token: bigint,
  holders: readonly HolderState[],
  waiters: readonly WaiterState[] = [],
  capacity = EXCLUSIVE,
): ResourceState => ({
  name: "job",
  capacity,
  used: holders.reduce((sum, { weight }) => sum + weight, 0),
  token,
  holders,
  waiters,
});

describe("between two looks", () => {
  const words = (before: ResourceState | undefined, after: ResourceState): readonly string[] =>
    changesOf(before, after, 100).map((change) =>
      "holder" in change
        ? `${change.event} ${change.holder.id}`
        : "waiter" in change
          ? `${change.event} ${change.waiter.id}`
          : change.event,
    );

  test("the first tells who holds and who waits", () => {
    expect(words(undefined, state(1n, [holder("a", 1n)], [waiter("b")]))).toEqual(["held a", "waiting b"]);
  });

  test("a hand-over is a release and then a grant, with how long each took", () => {
    const changes = changesOf(state(1n, [holder("a", 1n)], [waiter("b")]), state(2n, [holder("b", 2n, 30)]), 100);
    expect(changes).toMatchObject([
      { event: "released", holder: { id: "a", heldFor: 105 } },
      { event: "granted", holder: { id: "b" }, waited: 80 },
    ]);
  });

  test("the same holder with a new token was released and granted again", () => {
    expect(words(state(1n, [holder("a", 1n)]), state(2n, [holder("a", 2n)]))).toEqual(["released a", "granted a"]);
  });

  test("a grant that came and went is missed, not silent", () => {
    expect(words(state(1n, []), state(4n, []))).toEqual(["missed"]);
    expect(words(state(1n, [holder("a", 1n)]), state(4n, [holder("b", 4n)]))).toEqual(["released a", "granted b"]);
  });

  test("waiters queue at their place and leave", () => {
    expect(changesOf(state(1n, [], [waiter("a")]), state(1n, [], [waiter("b"), waiter("c")]), 0)).toMatchObject([
      { event: "left", waiter: { id: "a" }, position: 1 },
      { event: "queued", waiter: { id: "b" }, position: 1 },
      { event: "queued", waiter: { id: "c" }, position: 2 },
    ]);
  });

  test("a semaphore's new size is told, a lock that becomes a semaphore is not resized", () => {
    expect(words(state(1n, [], [], 4), state(1n, [], [], 2))).toEqual(["resized"]);
    expect(words(state(1n, []), state(1n, [], [], 2))).toEqual([]);
  });

  test("nothing changed is nothing told", () => {
    const same = state(1n, [holder("a", 1n)], [waiter("b")]);
    expect(changesOf(same, same, 1000)).toEqual([]);
  });
});

describe("a lock", () => {
  test("that was never used is free and no semaphore, whatever its capacity", () => {
    expect(hasPermits(state(0n, [], [], 1))).toBe(false);
    expect(stateWords(state(0n, [], [], 1))).toBe("free");
  });

  test("is not free while somebody waits, and a paused semaphore never", () => {
    expect(isFree(state(1n, []))).toBe(true);
    expect(isFree(state(1n, [], [waiter("a")]))).toBe(false);
    expect(isFree(state(1n, [], [], 0))).toBe(false);
  });

  test("shows no control character of a label", () => {
    expect(visible("a\u001b[2Jb\u009b\u202e")).toBe("a\\u001b[2Jb\\u009b\\u202e");
  });
});
