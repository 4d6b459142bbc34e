import { describe, expect, test } from "vitest";
import { g, w } from "../../../src/runtime/access.js";
import type { Trace } from "../../../src/trace.js";
import { record, SourceFile } from "../../support/scripted.js";
import { trackedBody } from "../../support/tracked.js";

const file = new SourceFile("/a/access.ts");
const AT = file.at(1, "o.p", "body", "access");

const accesses = ({ steps }: Trace): string[] =>
  steps.flatMap(({ events }) =>
    events.flatMap((event) => (event.kind === "access" ? [`${event.access} ${event.location}`] : [])),
  );

async function noted(act: () => void): Promise<string[]> {
  const { trace, outcome } = await record(act, { isTracking: true });
  expect(outcome.kind).toBe("passed");
  return accesses(trace);
}

describe("noting an access", () => {
  test("gives back what it was given, and notes nothing outside a run or in one that does not track", async () => {
    const object = { p: 1 };
    expect(g(object, "p", "r", AT)).toBe(object);
    expect(w(5, object, "p", AT)).toBe(5);
    const { trace } = await record(() => void g(object, "p", "r", AT));
    expect(accesses(trace)).toEqual([]);
    expect(g(undefined, "p", "r", AT)).toBeUndefined();
  });

  test("numbers objects by first touch and names their class", async () => {
    class Account {
      balance = 1;
    }
    const [one, two] = [new Account(), new Account()];
    const events = await noted(() => {
      g(two, "balance", "r", AT);
      g(one, "balance", "rw", AT);
      w(3, two, "balance", AT);
      g(Account, "count", "r", AT);
      g(Object.create(null) as object, Symbol("key"), "r", AT);
    });
    expect(events).toEqual([
      "r Account#1.balance",
      "rw Account#2.balance",
      "w Account#1.balance",
      "r Account#3.count",
      "r object#4.Symbol(key)",
    ]);
  });

  test("takes a collection as one location and a method by what it does", async () => {
    const [list, map, plain] = [[1], new Map(), { save() {} }];
    const events = await noted(() => {
      g(list, "push", "m", AT);
      g(list, "length", "r", AT);
      g(list, 0, "w", AT);
      g(list, "shift", "m", AT);
      g(map, "get", "m", AT);
      g(map, "set", "m", AT);
      g(plain, "save", "m", AT);
    });
    expect(events).toEqual(["w Array#1.*", "r Array#1.*", "w Array#1.*", "rw Array#1.*", "r Map#2.*", "w Map#2.*"]);
  });

  test("runs no code of the program: no getter, no trap but the one for the prototype, no key that is an object", async () => {
    const touched: PropertyKey[] = [];
    const trapped = new Proxy(
      {},
      {
        get: (_, key) => void touched.push(key),
        has: (_, key) => touched.push(key) > 0,
        getOwnPropertyDescriptor: (_, key) => void touched.push(key),
      },
    );
    const loud = { toString: () => String(touched.push("toString")) };
    class Tricky {
      get [Symbol.toStringTag](): string {
        touched.push("tag");
        return "x";
      }
    }
    Object.defineProperty(Tricky.prototype, "constructor", { get: () => void touched.push("constructor") });
    const events = await noted(() => {
      g(trapped, "p", "r", AT);
      g(new Tricky(), "p", "r", AT);
      g({}, loud, "r", AT);
    });
    expect(touched).toEqual([]);
    expect(events).toEqual(["r object#1.p", "r object#2.p"]);
  });

  test("leaves it to the access itself to fail on a revoked proxy", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(await noted(() => void g(proxy, "p", "r", AT))).toEqual([]);
  });

  test("stops at a hundred thousand in one run", async () => {
    const object = {};
    const events = await noted(() => {
      for (let turn = 0; turn < 100_010; turn += 1) g(object, "p", "r", AT);
    });
    expect(events).toHaveLength(100_000);
  });
});

test("transformed code notes its accesses with the strand and the place", async () => {
  const { trace } = await record(
    trackedBody(`
const account = { n: 1 };
account.n += 1;
account.n = await io("x").then(() => 3);`),
    { isTracking: true },
  );
  const events = trace.steps.flatMap(({ events }) => events.filter(({ kind }) => kind === "access"));
  expect(events).toMatchObject([
    { strand: 0, access: "rw", location: "object#1.n", site: { line: 3, text: "account.n" } },
    { strand: 0, access: "w", location: "object#1.n", site: { line: 4, text: "account.n" } },
  ]);
});
