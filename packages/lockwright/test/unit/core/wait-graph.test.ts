/** The wait graph over a core that is no counting one: nested reads behind a queued write. */
import { afterEach, expect, test } from "vitest";
import { ChildTasks } from "../../../src/core/child-tasks.js";
import { DeadlockError, Mutex, taskScope, trackOwners } from "../../../src/index.js";
import { ReaderWriterCore } from "../../support/reader-writer-core.js";

afterEach(() => trackOwners(false));

async function settle(): Promise<void> {
  for (let step = 0; step < 50; step += 1) await Promise.resolve();
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test("a read inside a read is granted while no write waits, and a deadlock behind one that does", async () => {
  const core = new ReaderWriterCore("config");
  const outcome = await taskScope(async () => {
    const outer = await core.read();
    (await core.read()).release();
    const write = core.write({ detached: true });
    const inner = await failure(core.read());
    outer.release();
    (await write).release();
    return inner;
  });
  expect(outcome).toBeInstanceOf(DeadlockError);
  expect((outcome as DeadlockError).edges.length).toBe(1);
});

test("the same with the guard passed as holding", async () => {
  const core = new ReaderWriterCore("config");
  const outer = await core.read();
  const write = core.write();
  expect(await failure(core.read({ holding: outer }))).toBeInstanceOf(DeadlockError);
  outer.release();
  expect((await write).held).toBe(true);
});

test("a second reader that goes on does not save it: the write waits for both", async () => {
  const core = new ReaderWriterCore("config");
  const [outer, other] = await Promise.all([core.read(), core.read()]);
  void core.write();
  const inner = failure(core.read({ holding: outer }));
  other.release();
  expect(await inner).toBeInstanceOf(DeadlockError);
});

test("a reader that waits elsewhere for a writer that waits for it is found across two locks", async () => {
  const core = new ReaderWriterCore("config");
  const mutex = new Mutex({ name: "m" });
  const [read, guard] = await Promise.all([core.read(), mutex.acquire()]);
  const first = core.write({ holding: guard });
  const error = await failure(mutex.acquire({ holding: read }));
  expect((error as DeadlockError).edges.map(({ lock }) => lock)).toEqual(["m", "config"]);
  read.release();
  expect((await first).held).toBe(true);
});

test("readers of one lock who wait for each other's other locks are a cycle of those locks alone", async () => {
  const core = new ReaderWriterCore("config");
  const [a, b] = [new Mutex({ name: "a" }), new Mutex({ name: "b" })];
  const both = (one: Mutex, two: Mutex): Promise<unknown> =>
    taskScope(async () => {
      using _ = await core.read();
      await one.run(async () => (await settle(), two.run(() => undefined)));
    });
  const [first, second] = await Promise.all([failure(both(a, b)), failure(both(b, a))]);
  const error = (first ?? second) as DeadlockError;
  expect(error.edges.map(({ lock }) => lock).toSorted()).toEqual(["a", "b"]);
  expect([first, second].filter((outcome) => outcome !== undefined).length).toBe(1);
});

test("a child of a group is a task of its own, inside a task and while owners are tracked", async () => {
  const run = async (): Promise<unknown[]> => {
    const [a, b] = [new Mutex(), new Mutex()];
    const children = new ChildTasks();
    const start = (one: Mutex, two: Mutex): Promise<unknown> =>
      failure(
        Promise.resolve(
          children.start(async (lock) => {
            using _ = await lock.acquire();
            await settle();
            using __ = await two.acquire();
          }, one),
        ),
      );
    return await Promise.all([start(a, b), start(b, a)]);
  };
  expect((await taskScope(run)).filter((error) => error instanceof DeadlockError).length).toBe(1);
  trackOwners(true);
  expect((await run()).filter((error) => error instanceof DeadlockError).length).toBe(1);
});

test("a parent that joins waits for its children only while owners are tracked", async () => {
  const attempt = (): Promise<unknown> =>
    taskScope(async () => {
      const mutex = new Mutex({ name: "m" });
      const guard = await mutex.acquire();
      const children = new ChildTasks();
      const child = failure(Promise.resolve(children.start(() => mutex.run(() => undefined), undefined, "child")));
      const leave = children.join();
      const outcome = await Promise.race([child, settle()]);
      leave();
      guard.release();
      await child;
      return outcome;
    });
  expect(await attempt()).toBe(undefined);
  trackOwners(true);
  expect(await attempt()).toMatchObject({ code: "LW_DEADLOCK", edges: [{ lock: "m" }] });
});

test("a child gives what its function gave, or throws what it threw, tracked or not", async () => {
  for (const on of [false, true]) {
    trackOwners(on);
    const children = new ChildTasks();
    expect(children.start((given) => given + 1, 1)).toBe(2);
    expect(await children.start(async () => 3, undefined)).toBe(3);
    expect(() =>
      children.start(() => {
        throw new Error("own");
      }, undefined),
    ).toThrow("own");
    await expect(children.start(() => Promise.reject(new Error("later")), undefined)).rejects.toThrow("later");
    let asked = 0;
    const foreign = {
      // oxlint-disable-next-line unicorn/no-thenable -- a foreign thenable is the case
      then(resolve: (value: number) => void): void {
        asked += 1;
        resolve(4);
      },
    };
    expect(await children.start(() => foreign as PromiseLike<number>, undefined)).toBe(4);
    expect(asked).toBe(1);
  }
});
