/** The checker of the chaos run on histories made by hand: each broken promise is reported, by its name, and no kept one is. */
import { describe, expect, it } from "vitest";
// @ts-expect-error: plain JavaScript, since the chaos run starts without a build of its own
import { check as checkUntyped } from "./checker.mjs";

interface Violation {
  readonly property: string;
  readonly lock: string;
  readonly text: string;
}
type Event = Record<string, unknown>;
const check = checkUntyped as (run: {
  readonly events: readonly Event[];
  readonly capacities?: Record<string, number>;
  readonly resource?: { readonly records: readonly Event[]; readonly counters: Record<string, number> };
  readonly ending?: Record<string, readonly Event[]>;
}) => readonly Violation[];

/** One grant, asked for at `sent`, resolved at `at`, proved at `from` and `to`. */
function hold(
  worker: string,
  token: bigint,
  [sent, at, from, to]: readonly [number, number, number, number],
  over: Event = {},
): Event[] {
  const op = { worker, op: Number(token), lock: "job", kind: "mutex", weight: 1, token, ...over };
  const grant = { ...op, event: "granted", sent, at };
  return [grant, { ...op, event: "held", at: from }, { ...op, event: "held", at: to }];
}

function properties(violations: readonly Violation[]): string[] {
  return [...new Set(violations.map(({ property }) => property))].sort();
}

describe("the checker's exclusion", () => {
  it("lets one hold follow another", () => {
    const events = [...hold("a", 1n, [0, 1, 2, 5]), ...hold("b", 2n, [1, 6, 7, 9]), ...hold("a", 3n, [6, 9.5, 10, 11])];
    expect(check({ events })).toEqual([]);
  });

  it("reports two holds that share a moment, though neither contains the other's proof", () => {
    const events = [...hold("a", 1n, [0, 1, 2, 8]), ...hold("b", 2n, [1, 4, 5, 6])];
    expect(check({ events })).toEqual([expect.objectContaining({ property: "exclusion", lock: "job" })]);
  });

  it("claims nothing for a hold that was granted but proved only once", () => {
    const stale = hold("a", 1n, [0, 1, 2, 2]);
    expect(check({ events: [...stale, ...hold("b", 2n, [1, 3, 4, 5])] })).toEqual([]);
    expect(properties(check({ events: [...stale, ...hold("b", 2n, [1, 1.5, 2, 5])] }))).toEqual(["exclusion"]);
  });

  it("lets readers share and no writer with them", () => {
    const read = { kind: "read" };
    const readers = [...hold("a", 1n, [0, 1, 2, 8], read), ...hold("b", 2n, [0, 1, 3, 9], read)];
    expect(check({ events: readers })).toEqual([]);
    const writer = hold("c", 3n, [1, 8, 8.5, 12], { kind: "write" });
    expect(properties(check({ events: [...readers, ...writer] }))).toEqual(["exclusion"]);
    expect(check({ events: [...readers, ...hold("c", 3n, [1, 9, 9.5, 12], { kind: "write" })] })).toEqual([]);
  });

  it("counts the units of a semaphore, by weight", () => {
    const units = (weight: number): Event => ({ kind: "semaphore", weight });
    const two = [...hold("a", 1n, [0, 1, 2, 8], units(2)), ...hold("b", 2n, [0, 1, 3, 9], units(1))];
    const three = [...two, ...hold("c", 3n, [0, 1, 4, 5], units(1))];
    expect(check({ events: two, capacities: { job: 3 } })).toEqual([]);
    expect(properties(check({ events: three, capacities: { job: 3 } }))).toEqual(["exclusion"]);
  });
});

describe("the checker's token order", () => {
  it("reports a token given out twice", () => {
    const events = [...hold("a", 1n, [0, 1, 2, 3]), ...hold("b", 1n, [0, 4, 5, 6])];
    expect(properties(check({ events }))).toEqual(["token-order"]);
  });

  it("reports a hold that follows one with a greater token", () => {
    const events = [...hold("a", 2n, [0, 1, 2, 3]), ...hold("b", 1n, [0, 4, 5, 6])];
    expect(properties(check({ events }))).toEqual(["token-order"]);
  });

  it("reports a semaphore's grant that was asked for after a greater token was out, and not one that crossed it", () => {
    const permit = { kind: "semaphore" };
    const crossed = [...hold("a", 2n, [0, 1, 2, 3], permit), ...hold("b", 1n, [0.5, 4, 5, 6], permit)];
    const late = [...hold("a", 2n, [0, 1, 2, 3], permit), ...hold("b", 1n, [1.5, 4, 5, 6], permit)];
    expect(check({ events: crossed, capacities: { job: 2 } })).toEqual([]);
    expect(properties(check({ events: late, capacities: { job: 2 } }))).toEqual(["token-order"]);
  });
});

describe("the checker's fenced writes", () => {
  const write = (nonce: string, isAcknowledged = true): Event[] => [
    { event: "writing", worker: "a", lock: "job", nonce },
    ...(isAcknowledged ? [{ event: "wrote", worker: "a", nonce }] : []),
  ];
  const record = (nonce: string, token: bigint, value: number): Event => ({ lock: "job", nonce, token, value });

  it("accepts a write whose outcome a killed worker never learned, there or not", () => {
    const events = [...write("1"), ...write("2", false)];
    const one = { records: [record("1", 1n, 1)], counters: { job: 1 } };
    const both = { records: [record("1", 1n, 1), record("2", 2n, 2)], counters: { job: 2 } };
    expect(check({ events, resource: one })).toEqual([]);
    expect(check({ events, resource: both })).toEqual([]);
  });

  it.each([
    ["a lost update", [record("1", 1n, 1), record("2", 2n, 1)], 1],
    ["an older token after a newer one", [record("1", 2n, 1), record("2", 1n, 2)], 2],
    ["an acknowledged write that is missing", [record("1", 1n, 1)], 1],
    ["a write nobody made", [record("1", 1n, 1), record("2", 2n, 2), record("3", 3n, 3)], 3],
    ["a counter that disagrees with its record", [record("1", 1n, 1), record("2", 2n, 2)], 3],
  ])("reports %s", (_, records, counter) => {
    const resource = { records, counters: { job: counter } };
    expect(properties(check({ events: [...write("1"), ...write("2")], resource }))).toEqual(["fenced-writes"]);
  });
});

describe("the checker's other promises", () => {
  it("reports a run that hid the loss of its lease, and not one that told of it", () => {
    const ran = (outcome: string, state: string): Event => ({
      event: "ran",
      worker: "a",
      op: 1,
      lock: "job",
      outcome,
      state,
    });
    expect(
      check({ events: [ran("LW_LEASE_LOST", "lost"), ran("resolved", "held"), ran("LW_LEASE_LOST", "held")] }),
    ).toEqual([]);
    expect(properties(check({ events: [ran("resolved", "lost")] }))).toEqual(["run-tells-loss"]);
    expect(properties(check({ events: [ran("LW_STALE_TOKEN", "lost")] }))).toEqual(["run-tells-loss"]);
  });

  it("reports workers that hang or crash, what is left held, and errors no rule allows", () => {
    const ending = { hung: [{ worker: "a", doing: "waits" }], leftovers: [{ lock: "job", text: "held" }], crashed: [] };
    expect(check({ events: [], ending }).map(({ property }) => property)).toEqual(["progress", "progress"]);
    expect(properties(check({ events: [], ending: { crashed: [{ worker: "a", text: "code 1" }] } }))).toEqual([
      "no-errors",
    ]);
    expect(properties(check({ events: [{ event: "failed", worker: "a", text: "boom" }] }))).toEqual(["no-errors"]);
  });
});
