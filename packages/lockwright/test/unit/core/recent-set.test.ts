import assert from "node:assert/strict";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RecentSet } from "../../../src/core/recent-set.js";

test("it holds what an array holds, and its newest is the last added of those [R1]", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant("add"), fc.nat({ max: 20 })), { maxLength: 200 }), (commands) => {
      const recent = new RecentSet<number>();
      let model: number[] = [];
      let added = 0;
      for (const command of commands) {
        if (command === "add") {
          recent.add(added);
          model.push(added++);
        } else if (typeof command === "number") {
          const gone = model[command % Math.max(1, model.length)] ?? -1;
          assert.equal(recent.delete(gone), model.includes(gone));
          model = model.filter((member) => member !== gone);
        }
        expect([...recent]).toEqual(model);
        expect([recent.newest, recent.size]).toEqual([model.at(-1), model.length]);
      }
      recent.clear();
      expect([recent.size, recent.newest, [...recent]]).toEqual([0, undefined, []]);
    }),
  );
});

test("members that leave from the front of a row that never empties keep no memory [R2]", () => {
  const recent = new RecentSet<number>();
  recent.add(0);
  for (let at = 1; at < 10_000; at += 1) {
    recent.add(at);
    recent.delete(at - 1);
    expect(recent.newest).toBe(at);
    expect(recent.span).toBeLessThanOrEqual(36);
  }
  expect([...recent]).toEqual([9999]);
});
