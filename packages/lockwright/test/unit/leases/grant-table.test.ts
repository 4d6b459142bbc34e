/** Mistakes the model comparison found, one by one, each as the shortest story that shows it. */
import assert from "node:assert/strict";
import { describe, expect, test } from "vitest";
import { freshHeader, step } from "../../../src/leases/grant-table.js";
import { ArrayTable } from "../../../src/leases/array-table.js";
import { IndexedTable } from "../../../src/leases/indexed-table.js";
import { type AcquireCommand, type Command, EXCLUSIVE, type Result } from "../../../src/leases/lock-store.js";

const resource = "r";

function acquire(id: string, more: Partial<AcquireCommand> = {}): Command {
  const entry = {
    resource,
    id,
    process: id,
    capacity: 2,
    weight: 1,
    ttl: 100,
    patience: 50,
    queue: true,
    barging: false,
  };
  return { type: "acquire", ...entry, ...more };
}

class Story {
  table: ArrayTable = new ArrayTable(freshHeader(0n));
  readonly indexed: IndexedTable = new IndexedTable();
  wakes: string[] = [];

  at(now: number, command: Command): Result {
    const outcome = step(this.table, command, now);
    this.table = this.table.applied(outcome);
    this.indexed.apply(step(this.indexed, command, now));
    this.wakes = outcome.wakes.map(({ id }) => id);
    return outcome.result;
  }

  get holders(): string[] {
    return this.table.holderList.map(({ id }) => id);
  }

  get queue(): string[] {
    const ids = this.table.waiterList.map(({ id }) => id);
    assert.deepEqual(
      [...this.indexed.queue()].map(({ id }) => id),
      ids,
    );
    return ids;
  }
}

const renew = (id: string, token: bigint, ttl: number): Command => ({ type: "renew", resource, id, token, ttl });
const heartbeat = (id: string): Command => ({ type: "heartbeat", resource, id });

describe("barging", () => {
  test("a barging waiter's heartbeat does not pass a head that waits in line [G3]", () => {
    const story = new Story();
    story.at(0, acquire("a"));
    story.at(1, acquire("heavy", { weight: 2 }));
    story.at(2, acquire("light", { barging: true }));
    expect(story.at(3, heartbeat("light")).type).toBe("queued");
    expect(story.holders).toEqual(["a"]);
  });

  test("a barging reader's heartbeat does not pass a reader that waits to upgrade [G3]", () => {
    const story = new Story();
    const reader = { capacity: EXCLUSIVE, weight: 1 };
    story.at(0, acquire("a", reader));
    story.at(0, acquire("b", reader));
    story.at(1, { type: "upgrade", resource, id: "a^1", holder: "a", token: 1n, patience: 50, queue: true });
    story.at(2, acquire("c", { ...reader, barging: true }));
    expect(story.at(3, heartbeat("c")).type).toBe("queued");
  });

  test("a head behind a barging waiter that helped itself is granted in the same step [G4]", () => {
    const story = new Story();
    story.at(0, acquire("a", { weight: 2 }));
    story.at(1, acquire("barging", { barging: true }));
    story.at(2, acquire("patient"));
    story.at(3, { type: "release", resource, id: "a", token: 1n });
    story.at(4, heartbeat("barging"));
    expect(story.holders).toEqual(["barging", "patient"]);
  });
});

test("a waiter that lapsed and asks again under its id goes to the end of the queue [G3]", () => {
  const story = new Story();
  story.at(0, acquire("a", { weight: 2, ttl: 500 }));
  story.at(1, acquire("b"));
  story.at(40, acquire("c"));
  expect(story.at(60, acquire("b"))).toMatchObject({ type: "queued", ahead: ["c"] });
  expect(story.queue).toEqual(["c", "b"]);
});

test("a dead process drops what the same step had just handed to it [G4]", () => {
  const story = new Story();
  story.at(0, acquire("a", { weight: 2, ttl: 30 }));
  story.at(1, acquire("b", { weight: 2 }));
  expect(story.at(30, { type: "dead", resource, process: "b" }).type).toBe("done");
  expect(story.holders).toEqual([]);
});

test("a waiter that the step took out is not told to look", () => {
  const story = new Story();
  story.at(0, acquire("a", { weight: 2, ttl: 500 }));
  story.at(1, acquire("b"));
  story.at(1, acquire("c"));
  story.at(40, acquire("d"));
  story.at(60, renew("a", 1n, 500));
  expect(story.wakes).toEqual(["d"]);
});

test("a renewal with a shorter ttl that arrives late does not shorten the hold [G7]", () => {
  const story = new Story();
  story.at(0, acquire("a", { weight: 2 }));
  story.at(10, renew("a", 1n, 10_000));
  story.at(11, renew("a", 1n, 100));
  story.at(500, acquire("b"));
  expect(story.holders).toEqual(["a"]);
});

test("undoing the second of two crossing upgrades gives back the reader's own token [G5]", () => {
  const story = new Story();
  story.at(0, acquire("a", { capacity: EXCLUSIVE }));
  const upgrade = (id: string): Command => ({
    type: "upgrade",
    resource,
    id,
    holder: "a",
    token: 1n,
    patience: 50,
    queue: true,
  });
  story.at(1, upgrade("a^1"));
  story.at(2, upgrade("a^2"));
  story.at(3, { type: "cancel", resource, id: "a^2" });
  expect(story.table.holderList).toMatchObject([{ id: "a", weight: 1, token: 1n }]);
  expect(story.at(4, { type: "release", resource, id: "a", token: 1n }).type).toBe("done");
});
