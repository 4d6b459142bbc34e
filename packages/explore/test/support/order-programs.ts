/**
 * Programs whose log is the order of things. Run natively and in a run without departures they must give the same one
 * [M6]: externals are immediates here, which the loop runs in order of their call, before timers of some milliseconds.
 */
import { EventEmitter, once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as immediate, setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { p, r } from "../../src/runtime/point.js";
import { task } from "./run.js";

export type OrderProgram = (note: (text: string) => void) => Promise<void>;

/** Resolves in a later turn. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export const orderPrograms: Readonly<Record<string, OrderProgram>> = {
  "ticks before microtasks after a callback, microtasks before ticks within one": (note) =>
    new Promise((resolve) => {
      setImmediate(() => {
        process.nextTick(() => note("tick 1"));
        queueMicrotask(() => {
          note("micro 1");
          process.nextTick(() => note("tick from micro"));
          queueMicrotask(() => note("micro from micro"));
        });
        void Promise.resolve().then(() => note("then 1"));
        process.nextTick(() => {
          note("tick 2");
          process.nextTick(() => note("tick from tick"));
          queueMicrotask(() => note("micro from tick"));
        });
        setImmediate(resolve);
      });
    }),
  "ticks between two immediates and between two timers": (note) =>
    new Promise((resolve) => {
      for (const name of ["a", "b"])
        setImmediate(() => {
          note(`immediate ${name}`);
          process.nextTick(() => note(`tick ${name}`));
          void Promise.resolve().then(() => note(`micro ${name}`));
        });
      for (const name of ["c", "d"])
        setTimeout(() => {
          note(`timer ${name}`);
          process.nextTick(() => note(`tick ${name}`));
          void Promise.resolve().then(() => note(`micro ${name}`));
        }, 10);
      setTimeout(resolve, 20);
    }),
  "strands that wait for each other": async (note) => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const waiter = task("waiter", async ({ a, at }, name: string) => {
      note(`${name} waits`);
      r(a, await p(a, at(0), 0, gate));
      note(`${name} goes on`);
      r(a, await p(a, at(1), 0, turn()));
      note(`${name} is done`);
    });
    const opener = task("opener", async ({ a, at }) => {
      r(a, await p(a, at(0), 0, turn()));
      note("opens");
      open();
      r(a, await p(a, at(1), 0, null));
      note("opened");
    });
    await Promise.all([waiter("x"), opener(), waiter("y")]);
  },
  "immediates in immediates": async (note) => {
    setImmediate(() => {
      note("1");
      setImmediate(() => note("1.1"));
    });
    setImmediate(() => {
      note("2");
      setImmediate(() => note("2.1"));
    });
    await turn();
    note("turn");
    await immediate();
    await turn();
    note("turn");
  },
  "timers by deadline, ties by creation": async (note) => {
    for (const [name, ms] of [["c", 30], ["a", 10], ["b", 20], ["a2", 10]] as const) setTimeout(() => note(name), ms); // prettier-ignore
    await sleep(45);
    note("end");
  },
  "a timer that sets timers, clears others and itself": async (note) => {
    const cleared = setTimeout(() => note("never"), 20);
    const own: NodeJS.Timeout = setTimeout(() => {
      note("own");
      clearTimeout(own);
      clearTimeout(cleared);
      setTimeout(() => note("inner"), 15);
    }, 10);
    await sleep(60);
  },
  "an interval is set anew after its callback": async (note) => {
    let runs = 0;
    const interval = setInterval(() => {
      note(`interval ${(runs += 1)}`);
      if (runs === 3) clearInterval(interval);
    }, 100);
    setTimeout(() => note("150"), 150);
    await sleep(400);
  },
  "refresh sets anew what has fired, and nothing that was cleared": async (note) => {
    let fired = 0;
    const timer: NodeJS.Timeout = setTimeout(() => {
      note(`fired ${(fired += 1)}`);
      if (fired === 1) timer.refresh();
    }, 15);
    const cleared = setTimeout(() => note("cleared"), 15);
    clearTimeout(cleared);
    cleared.refresh();
    let intervals = 0;
    const interval = setInterval(() => {
      note(`interval ${(intervals += 1)}`);
      if (intervals === 1) interval.refresh();
      if (intervals === 2) clearInterval(interval);
    }, 120);
    await sleep(320);
  },
  "numbers of timers, strings of them, and nonsense are cleared alike": async (note) => {
    const first = setTimeout(() => note("first"), 10);
    const second = setTimeout(() => note("second"), 10);
    setTimeout(() => note("third"), 10);
    clearTimeout(Number(first));
    clearTimeout(String(Number(second)));
    for (const nothing of [undefined, null, {}, 1e9, "text"]) clearTimeout(nothing as never);
    await sleep(30);
  },
  "odd delays": async (note) => {
    for (const ms of [Number.NaN, -5, 0, 2 ** 31, "2", undefined, null, Infinity])
      setTimeout(() => note(`odd ${String(ms)}`), ms as never);
    await sleep(40);
  },
  "arguments and this": async (note) => {
    setTimeout((...args: unknown[]) => note(args.join()), 5, 1, "two");
    const timer = setTimeout(function (this: unknown) {
      note(`this is ${String(this === timer)}`);
    }, 10);
    process.nextTick((...args: unknown[]) => note(`tick ${args.join()}`), 1, 2);
    await sleep(30);
  },
  "promisified forms": async (note) => {
    const later = promisify(setTimeout);
    note(String(await later(5, "value" as never)));
    note(String(await promisify(setImmediate)("now" as never)));
    note(String(await sleep(5, "promised")));
  },
  "a sleep that is aborted": async (note) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("why")), 10);
    try {
      await sleep(1000, undefined, { signal: controller.signal });
    } catch (error) {
      const { name, code, message, cause } = error as NodeJS.ErrnoException;
      note([name, code, message, (cause as Error).message].join());
    }
    await sleep(5, undefined, { signal: controller.signal }).catch((error: Error) => note(error.name));
  },
  "refusals in Node's own words": async (note) => {
    const refused = async (make: () => unknown): Promise<void> => {
      try {
        await make();
      } catch (error) {
        note(`${(error as Error).name} ${(error as NodeJS.ErrnoException).code ?? ""} ${(error as Error).message}`);
      }
    };
    for (const set of [setTimeout, setInterval, setImmediate] as ((callback: unknown) => unknown)[])
      await refused(() => set("no"));
    await refused(() => queueMicrotask(5 as never));
    await refused(() => process.nextTick(5 as never));
    await refused(() => sleep("5" as never));
    await refused(() => sleep(5, 0, { signal: 5 as never }));
    await refused(() => AbortSignal.timeout(-1));
    await refused(() => AbortSignal.timeout("5" as never));
    await refused(() => process.hrtime(5 as never));
  },
  "AbortSignal.timeout": async (note) => {
    const signal = AbortSignal.timeout(15);
    setTimeout(() => note(String(signal.aborted)), 5);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    const { name, message } = signal.reason as Error;
    note([name, message, signal.reason instanceof DOMException].join());
  },
  "emitters run synchronously": async (note) => {
    const emitter = new EventEmitter();
    emitter.on("event", (value) => note(`heard ${String(value)}`));
    setImmediate(() => {
      note("before");
      emitter.emit("event", 1);
      note("after");
    });
    await once(emitter, "event");
    note("awaited");
  },
  "a pure stream": async (note) => {
    for await (const chunk of Readable.from(["a", "b"])) note(String(chunk));
    const through = new PassThrough();
    through.on("data", (chunk: Buffer) => note(chunk.toString()));
    await pipeline(Readable.from(["x", "y"]), through);
    note("piped");
  },
  "a web stream": async (note) => {
    const stream = new ReadableStream<string>({
      start(controller) {
        controller.enqueue("1");
        controller.enqueue("2");
        controller.close();
      },
    });
    for await (const chunk of stream as unknown as AsyncIterable<string>) note(chunk);
  },
};
