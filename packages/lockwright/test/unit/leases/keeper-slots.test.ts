import { describe, expect, test } from "vitest";
import { KeeperClock, SLOTS_IN_SEGMENT, SlotSegment } from "../../../src/leases/keeper-slots.js";

const content = {
  store: 3,
  resource: "prefix:é/🔑",
  id: "abcdefghijklmnop",
  token: 2n ** 52n,
  ttl: 1500,
  maxStall: 60_000,
  deadline: 123_456.789,
};

/** The two threads' views on one buffer. */
function views(): { main: SlotSegment; keeper: SlotSegment } {
  const main = new SlotSegment();
  return { main, keeper: new SlotSegment(main.buffer) };
}

describe("a slot", () => {
  test("that is armed by one view is read whole by the other", () => {
    const { main, keeper } = views();
    const generation = main.arm(5, content);
    expect(keeper.read(5)).toEqual({ ...content, generation });
    expect(keeper.ttl(5)).toBe(1500);
    expect(keeper.isArmed(4)).toBe(false);
    expect(keeper.read(4)).toBeUndefined();
  });

  test("takes the longest resource and id there can be", () => {
    const { main, keeper } = views();
    const longest = { ...content, resource: "é".repeat(320), id: `${"x".repeat(16)}` };
    main.arm(SLOTS_IN_SEGMENT - 1, longest);
    main.arm(0, content);
    expect(keeper.read(SLOTS_IN_SEGMENT - 1)?.resource).toBe(longest.resource);
    expect(keeper.read(0)?.resource).toBe(content.resource);
  });

  test("shows a deadline moved by either view to both, to the microsecond", () => {
    const { main, keeper } = views();
    const generation = main.arm(0, content);
    expect(keeper.settle(0, generation, 200_000.5)).toBe(true);
    expect(main.deadline(0)).toBe(200_000.5);
    main.setDeadline(0, 99);
    expect(keeper.deadline(0)).toBe(99);
  });

  test("that was given back is not read or settled, and a late answer leaves its next tenant alone", () => {
    const { main, keeper } = views();
    const first = main.arm(0, content);
    main.free(0);
    expect(keeper.read(0)).toBeUndefined();
    expect(keeper.settle(0, first, 5)).toBe(false);
    const second = main.arm(0, { ...content, id: "second", deadline: 777 });
    expect(second).not.toBe(first);
    expect(keeper.settle(0, first, 5)).toBe(false);
    expect(main.deadline(0)).toBe(777);
    expect(keeper.settle(0, second, 888)).toBe(true);
  });

  test("is independent of its neighbours", () => {
    const { main, keeper } = views();
    for (let slot = 0; slot < SLOTS_IN_SEGMENT; slot += 1)
      main.arm(slot, { ...content, id: `lease-${slot}`, token: BigInt(slot) });
    for (let slot = 0; slot < SLOTS_IN_SEGMENT; slot += 2) main.free(slot);
    for (let slot = 0; slot < SLOTS_IN_SEGMENT; slot += 1) {
      expect(keeper.read(slot)?.id).toBe(slot % 2 === 0 ? undefined : `lease-${slot}`);
    }
  });
});

test("the clock's words are seen by both views, infinity too", () => {
  const main = new KeeperClock();
  const keeper = new KeeperClock(main.buffer);
  main.alive = 12.5;
  keeper.nextLook = Number.POSITIVE_INFINITY;
  main.isTelling = true;
  expect([keeper.alive, keeper.isTelling]).toEqual([12.5, true]);
  expect(main.nextLook).toBeGreaterThan(1e15);
  keeper.nextLook = 77;
  main.isTelling = false;
  expect([main.nextLook, keeper.isTelling]).toEqual([77, false]);
});
