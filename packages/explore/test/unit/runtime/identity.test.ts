/** Who is running: the activation whose code it is, or nobody; and which activations are one strand. */
import { describe, expect, test } from "vitest";
import { type Activation, running } from "../../../src/runtime/activation.js";
import { c, d, enter, exit, it, p, r, y } from "../../../src/runtime/point.js";
import { siteAt } from "../../../src/sites.js";
import { issueIo as io } from "../../../src/world/io.js";
import { ENGINES, runBody, sitesOf, task } from "../../support/run.js";

const who = (activation: Activation | null = running()): string =>
  activation === null ? "nobody" : (siteAt(activation.fn)?.text ?? "?");

/** An async generator as the transform leaves it. */
function generator(name: string, values: number): () => AsyncGenerator<number, void> {
  const fn = sitesOf(name);
  return async function* () {
    const a = enter(fn);
    try {
      for (let value = 0; value < values; value += 1) {
        r(a, await p(a, fn + 1, 0, null));
        r(a, yield y(a, value));
      }
    } finally {
      c(a);
      exit(a);
    }
  };
}

describe.each(ENGINES)("on the %s engine", (engine) => {
  const strandsOf = async (body: () => Promise<unknown>): Promise<readonly string[]> => {
    const { run, trace } = await runBody(body as () => Promise<void>, { engine });
    expect(run.outcome).toEqual({ kind: "passed" });
    return trace.strands.map(({ name }) => name);
  };
  const child = task("child", async ({ a, at }) => void r(a, await p(a, at(0), 0, io("request"))));

  test("a call that is awaited directly is one strand with its caller", async () => {
    const main = task("main", async ({ a, at }) => {
      r(a, await p(a, at(0), d(a), child()));
      r(a, await p(a, at(1), d(a), child()));
    });
    expect(await strandsOf(main)).toEqual(["main"]);
  });

  test("calls that are joined, or forked before another await, are strands of their own", async () => {
    const joined = task("main", async ({ a, at }) => void r(a, await p(a, at(0), 0, Promise.all([child(), child()]))));
    expect(await strandsOf(joined)).toEqual(["main", "child", "child"]);
    const forked = task("main", async ({ a, at }) => {
      void child();
      r(a, await p(a, at(0), d(a), Promise.resolve()));
    });
    expect(await strandsOf(forked)).toEqual(["main", "child"]);
  });

  test("after a call, a throw and an await the caller runs again", async () => {
    const seen: string[] = [];
    const thrower = task("thrower", async ({ a, at }, late: boolean) => {
      seen.push(who());
      if (late) r(a, await p(a, at(0), 0, null));
      throw new Error("no");
    });
    const plain = (): void => {
      seen.push(`plain in ${who()}`);
      throw new Error("plain");
    };
    const main = task("main", async ({ a, at }) => {
      for (const late of [false, true]) {
        try {
          r(a, await p(a, at(0), d(a), thrower(late)));
        } catch {
          c(a);
          seen.push(who());
        }
      }
      try {
        plain();
      } catch {
        c(a);
        seen.push(who());
      }
      void Promise.resolve().then(() => seen.push(who()));
      r(a, await p(a, at(1), 0, io("request")));
      seen.push(who());
    });
    await runBody(main, { engine });
    expect(seen).toEqual(["thrower", "main", "thrower", "main", "plain in main", "main", "nobody", "main"]);
  });

  test("calling a generator's next leaves its caller running", async () => {
    const seen: string[] = [];
    const numbers = generator("numbers", 3);
    const main = task("main", async ({ a, at }) => {
      const iterator = numbers();
      for (let at_ = 0; at_ < 4; at_ += 1) {
        const next = iterator.next();
        seen.push(who());
        r(a, await p(a, at(0), d(a), next));
        seen.push(who());
      }
    });
    await runBody(main, { engine });
    expect(seen).toEqual(Array.from({ length: 8 }, () => "main"));
  });

  test("two strands that share a generator stay two", async () => {
    const numbers = generator("numbers", 4);
    const iterator = { current: undefined as AsyncGenerator<number, void> | undefined };
    const consumer = task("consumer", async ({ a, at }) => {
      for (let turn = 0; turn < 2; turn += 1) {
        r(a, await p(a, at(0), d(a), iterator.current!.next()));
        r(a, await p(a, at(1), 0, io("work")));
      }
    });
    const main = async (): Promise<void> => {
      iterator.current = numbers();
      await Promise.all([consumer(), consumer()]);
    };
    expect(await strandsOf(main)).toEqual(["consumer", "consumer"]);
  });

  test.each(["an async iterable", "a sync iterable", "a sync iterable without return"])(
    "%s in a loop: its body is the loop's function, what runs during its awaits is not",
    async (kind) => {
      const seen: string[] = [];
      const source = (): AsyncIterable<unknown> | Iterable<unknown> => {
        if (kind === "an async iterable") return generator("numbers", 2)();
        const values = [1, 2];
        if (kind === "a sync iterable") return values;
        return { [Symbol.iterator]: () => ({ next: () => ({ done: values.length === 0, value: values.shift() }) }) };
      };
      const beside = (): void => void Promise.resolve().then(() => seen.push(who()));
      const main = task("main", async ({ a, at }, isLeftEarly: boolean) => {
        for await (const value of it(a, at(0), source()) as AsyncIterable<unknown>) {
          c(a);
          seen.push(who());
          beside();
          if (isLeftEarly && value !== undefined) break;
        }
        c(a);
        seen.push(who());
      });
      await runBody(() => main(false), { engine });
      expect(seen.splice(0)).toEqual(["main", "nobody", "main", "nobody", "main"]);
      await runBody(() => main(true), { engine });
      expect(seen.splice(0).filter((name) => name !== "nobody")).toEqual(["main", "main"]);
    },
  );
});
