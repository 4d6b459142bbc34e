import { describe, expect, test } from "vitest";
import type { Model } from "../../../src/linear/checker.js";
import { makeScenario, sizeOf, SIZES } from "../../../src/linear/generate.js";
import { linearizable, type LinearOptions } from "../../../src/linearizable.js";
import { issueIo as io } from "../../../src/world/io.js";
import { lock, type LockOp, queue, type QueueOp, register, type RegisterOp } from "../../support/models.js";
import "../../support/scripted.js";

const budget = { runs: 600, ms: 20_000 };

const registerOps = (random: () => number): RegisterOp => {
  const value = Math.floor(random() * 3);
  const kind = Math.floor(random() * 3);
  if (kind === 0) return { kind: "read" };
  return kind === 1 ? { kind: "write", value } : { kind: "cas", from: value, to: value + 1 };
};

/** A register across a network; `act` does the work at the server, between request and answer. */
const remote =
  (act: (stored: { value: number }, op: RegisterOp) => unknown): LinearOptions<RegisterOp>["make"] =>
  () => {
    const stored = { value: 0 };
    return async (op) => {
      await io("request");
      const result = await act(stored, op);
      await io("answer");
      return result;
    };
  };

function apply(stored: { value: number }, op: RegisterOp): unknown {
  const [next, result] = register.apply(stored.value, op);
  stored.value = next;
  return result;
}

async function failure(promise: Promise<void>): Promise<{ readonly message: string; readonly code?: string }> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error("it did not fail");
  return error as Error & { readonly code?: string };
}

/** Compares, waits, then sets: two can win. */
const torn = remote(async (stored, op) => {
  if (op.kind !== "cas") return apply(stored, op);
  const isMatch = stored.value === op.from;
  await io("disk");
  if (isMatch) stored.value = op.to;
  return isMatch;
});

describe("linearizable", () => {
  test("is content with a register whose operations happen at one moment", async () => {
    const options = { make: remote(apply), ops: registerOps, explore: { budget } };
    await expect(linearizable(register, options)).resolves.toBeUndefined();
  });

  test("finds a compare-and-set torn by an await, draws the window and says how to replay it", async () => {
    const options = { make: torn, ops: registerOps, explore: { budget } };
    const { message, code } = await failure(linearizable(register, options));
    expect(code).toBe("LW_SCHEDULE");
    expect(message).toContain("the history is not linearizable");
    expect(message).toMatch(/state before: \d/);
    expect(message).toMatch(/client \d {2} *├─+┤ +\{ kind: ".*◄ no order explains this/);
    const seed = Number(/scenario of seed (\d+)/.exec(message)![1]);
    const token = /lw1d[^\s]*~[0-9a-f]{4}/.exec(message)![0];
    const again = await failure(linearizable(register, { ...options, explore: { seed, replay: token } }));
    expect(again.message.slice(again.message.indexOf("state before"))).toBe(
      message.slice(message.indexOf("state before")),
    );
  });

  test("shows the clients as strands in the timeline, with what they called and got", async () => {
    const { message } = await failure(linearizable(register, { make: torn, ops: registerOps, explore: { budget } }));
    expect(message).toMatch(/client 1 +│client 2 +│/);
    expect(message).toContain("“calls { kind:");
  });

  test("finds a queue that loses its order, and one that hands an item out twice", async () => {
    const ops = (random: () => number): QueueOp =>
      random() < 0.5 ? { kind: "push", value: Math.floor(random() * 100) } : { kind: "shift" };
    const makeQueue = (shift: (items: number[]) => Promise<number | null>) => () => {
      const items: number[] = [];
      return async (op: QueueOp) => {
        await io("request");
        if (op.kind === "push") return void items.push(op.value);
        return shift(items);
      };
    };
    await linearizable(queue, { make: makeQueue(async (items) => items.shift() ?? null), ops, explore: { budget } });
    const twice = makeQueue(async (items) => {
      const [first] = items;
      await io("deliver");
      items.shift();
      return first ?? null;
    });
    await expect(linearizable(queue, { make: twice, ops, explore: { budget } })).rejects.toThrow("not linearizable");
    const stack = makeQueue(async (items) => items.pop() ?? null);
    await expect(linearizable(queue, { make: stack, ops, explore: { budget } })).rejects.toThrow("not linearizable");
  });

  test("finds a lock that admits two", async () => {
    const make = () => {
      let isHeld = false;
      return async ({ kind }: LockOp) => {
        const was = isHeld;
        await io("storage");
        isHeld = kind === "acquire";
        return kind === "acquire" ? !was : was;
      };
    };
    const ops = (random: () => number): LockOp => ({ kind: random() < 0.6 ? "acquire" : "release" });
    await expect(linearizable(lock, { make, ops, explore: { budget } })).rejects.toThrow("not linearizable");
  });
});

describe("an operation that rejects", () => {
  const flaky =
    (isDone: boolean): LinearOptions<RegisterOp>["make"] =>
    () => {
      const stored = { value: 0 };
      return async (op) => {
        await io("request");
        if (op.kind !== "write") return apply(stored, op);
        if (isDone) apply(stored, op);
        throw new Error("connection lost");
      };
    };

  test("may have happened or not: either is explained", async () => {
    for (const isDone of [true, false])
      await expect(
        linearizable(register, { make: flaky(isDone), ops: registerOps, explore: { budget } }),
      ).resolves.toBeUndefined();
  });

  test("does not make a system that answers nothing pass", async () => {
    const make = () => async () => {
      await io("request");
      throw new Error("out of service");
    };
    await expect(linearizable(register, { make, ops: registerOps, explore: { budget } })).rejects.toThrow(
      "out of service",
    );
  });

  test("for a bug of the caller's own is told by that error", async () => {
    const make = () => (): Promise<unknown> => {
      throw new TypeError("x is not a function");
    };
    await expect(linearizable(register, { make, ops: registerOps, explore: { budget } })).rejects.toThrow(
      "x is not a function",
    );
  });
});

test("a history that the budget does not decide is no success", async () => {
  const options = { make: remote(apply), ops: registerOps, states: 1, explore: { budget } };
  expect(await failure(linearizable(register, options))).toMatchObject({
    code: "LW_SCHEDULE",
    message: expect.stringMatching(
      /^\d+ of \d+ histories could not be decided within 1 states: raise states/,
    ) as string,
  });
});

describe("bad arguments", () => {
  const good: LinearOptions<RegisterOp> = { make: remote(apply), ops: registerOps, explore: { budget } };
  const refused = (model: unknown, options: unknown): Promise<void> =>
    linearizable(model as Model<number, RegisterOp>, options as LinearOptions<RegisterOp>);

  test("are refused by name", async () => {
    await expect(refused(null, good)).rejects.toThrow("model must be an object, got null");
    await expect(refused({ ...register, apply: 3 }, good)).rejects.toThrow("model.apply must be a function, got 3");
    await expect(refused({ ...register, key: "k" }, good)).rejects.toThrow('model.key must be a function, got "k"');
    await expect(refused(register, undefined)).rejects.toThrow("options must be an object, got undefined");
    await expect(refused(register, { ...good, make: undefined })).rejects.toThrow("options.make must be a function");
    await expect(refused(register, { ...good, clients: 0 })).rejects.toThrow(
      "clients must be a whole number from 1 to 16, got 0",
    );
    await expect(refused(register, { ...good, length: "4" })).rejects.toThrow('length must be a number, got "4"');
    await expect(refused(register, { ...good, states: 0.5 })).rejects.toThrow(RangeError);
    await expect(refused(register, { ...good, make: () => 3 })).rejects.toThrow("make must return a function, got 3");
  });

  test("a model that changes the state it is given is refused", async () => {
    const impure: Model<number[], QueueOp> = {
      init: () => [],
      apply: (items, op) => (op.kind === "push" ? [items, void items.push(op.value)] : [items, items.shift() ?? null]),
    };
    const make = () => async () => null;
    const ops = (): QueueOp => ({ kind: "push", value: 1 });
    await expect(linearizable(impure, { make, ops })).rejects.toThrow(
      'model.apply must leave the state it is given as it is and return the next one, but { kind: "push", value: 1 } changed it',
    );
  });

  test("a model that returns no pair is refused", async () => {
    const wrong = { init: () => 0, apply: () => 3 };
    await expect(refused(wrong, good)).rejects.toThrow("model.apply must return [next, result], got 3");
  });
});

describe("scenarios", () => {
  test("grow from two clients with one operation to all of them, then begin anew", () => {
    const sizes = Array.from({ length: SIZES + 1 }, (_, at) => sizeOf(at + 1, 4, 6));
    expect(sizes[0]).toEqual({ clients: 2, length: 1 });
    expect(sizes[SIZES - 1]).toEqual({ clients: 4, length: 6 });
    expect(sizes[SIZES]).toEqual(sizes[0]);
    expect(sizeOf(0, 1, 1)).toEqual({ clients: 1, length: 1 });
  });

  test("come from the seed alone", () => {
    const make = (seed: number) => JSON.stringify(makeScenario(registerOps, seed, { clients: 3, length: 4 }));
    expect(make(6)).toBe(make(6));
    expect(make(6)).not.toBe(make(6 + SIZES));
  });
});
