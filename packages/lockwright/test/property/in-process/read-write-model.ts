/** Random commands for a real read-write lock and its reference, and the check of the invariants after each. */
import fc from "fast-check";
import { expect } from "vitest";
import { HELD, type Permit } from "../../../src/core/guard.js";
import { ALL } from "../../../src/core/read-write-core.js";
import type { Guard, LocalLock, LockwrightError, ReadGuard, ReadWriteLock, WriteGuard } from "../../../src/index.js";
import type { UpgradeableGuard } from "../../../src/index.js";
import type { TestPlatform } from "../../support/test-platform.js";
import { coreOfFace } from "./core-access.js";
import type { Kind, ReferenceReadWrite } from "./reference-read-write.js";

export const SIGNALS = 2;

/** The real side. */
export interface Real {
  readonly lock: ReadWriteLock;
  readonly clock: TestPlatform;
  /** Guards by the id of their ask, while held. */
  readonly guards: Map<number, Guard>;
  readonly outcomes: Map<number, string>;
  readonly controllers: AbortController[];
  ids: number;
}

type Command = fc.AsyncCommand<ReferenceReadWrite, Real>;
type Model = ReferenceReadWrite;

const KINDS: readonly Kind[] = ["read", "upgradeable", "write"];

function faceOf(lock: ReadWriteLock, kind: Kind): LocalLock {
  return lock[kind];
}

async function check(model: Model, real: Real): Promise<void> {
  const core = coreOfFace(real.lock.read);
  const upgrading = model.upgrade === undefined ? 0 : 1;
  for (const kind of KINDS) {
    const waiting = model.queue.filter((ask) => ask.kind === kind).length;
    const isUpgradeHere =
      upgrading === 1 && !model.upgrade!.isHeld && model.held.get(model.upgrade!.base) === kind ? 1 : 0;
    const upgraded = kind === "write" && model.upgrade?.isHeld === true ? 1 : 0;
    expect(faceOf(real.lock, kind).stats(), `${kind} [I3]`).toMatchObject({
      held: model.count(kind) + upgraded,
      waiting: waiting + isUpgradeHere,
      available: model.fits(kind) ? (kind === "read" ? Infinity : 1) : 0,
    });
  }
  const { queued, head, span } = core.inspect();
  expect(queued.length).toBe(model.queue.length);
  if (head !== undefined) expect(head.weight, "I1: the head does not fit").toBeGreaterThan(core.free);
  if (queued.length === 0) expect(span, "I4: nothing is kept of those who left").toBe(0);
  for (let step = 0; step < 8; step += 1) await Promise.resolve();
  const taken = [...real.guards.values()]
    .map((guard) => guard as Permit)
    .filter((permit) => permit.state === HELD)
    .reduce((sum, permit) => sum + permit.weight, 0);
  const debt = core.waitingUpgrade?.weight ?? 0;
  expect(core.free, "I2, RW1: free is all less what is held and owed").toBe(ALL - taken - debt);
  const sorted = (outcomes: Map<number, string>): unknown =>
    Object.fromEntries([...outcomes].sort(([a], [b]) => a - b));
  expect(sorted(real.outcomes), "I4, I5, I6").toEqual(sorted(model.outcomes));
  for (const [id, guard] of real.guards) expect(guard.held, `guard ${id}`).toBe(!model.isLent(id));
}

function command(text: string, run: (model: Model, real: Real) => void): Command {
  return {
    check: () => true,
    async run(model, real) {
      run(model, real);
      await check(model, real);
    },
    toString: () => text,
  };
}

interface WaitShape {
  readonly timeout: number | undefined;
  readonly signal: number | undefined;
}

function optionsOf({ timeout, signal }: WaitShape, real: Real): { timeout?: number; signal?: AbortSignal } {
  return {
    ...(timeout === undefined ? {} : { timeout }),
    ...(signal === undefined ? {} : { signal: real.controllers[signal]!.signal }),
  };
}

function follow(real: Real, id: number, wait: Promise<Guard>): void {
  real.outcomes.set(id, "waiting");
  wait.then(
    (guard) => {
      real.guards.set(id, guard);
      real.outcomes.set(id, "held");
    },
    (error: LockwrightError | string) => real.outcomes.set(id, typeof error === "string" ? error : error.code),
  );
}

function acquire(kind: Kind, shape: WaitShape): Command {
  return command(`${kind}.acquire(${JSON.stringify(shape)})`, (model, real) => {
    const id = real.ids++;
    const due = shape.timeout === undefined ? undefined : real.clock.now() + shape.timeout;
    model.outcomes.set(id, "waiting");
    if (!model.ask({ id, kind, due, signal: shape.signal }, shape.timeout === 0)) model.outcomes.set(id, "LW_TIMEOUT");
    follow(real, id, faceOf(real.lock, kind).acquire(optionsOf(shape, real)));
  });
}

function tryAcquire(kind: Kind): Command {
  return command(`${kind}.tryAcquire()`, (model, real) => {
    const id = real.ids++;
    const guard = faceOf(real.lock, kind).tryAcquire();
    expect(guard !== undefined).toBe(model.ask({ id, kind, due: undefined, signal: undefined }, true));
    if (guard === undefined) return;
    real.guards.set(id, guard);
    real.outcomes.set(id, "held");
  });
}

/** Picks a guard the model knows as held, of the kinds named; "upgrade" is the one that an upgrade gave. */
function pick(model: Model, real: Real, which: number, kinds: readonly (Kind | "upgrade")[]): number | undefined {
  const ids = [...real.guards.keys()].filter((id) => kinds.includes(model.held.get(id) ?? "upgrade"));
  return ids.length === 0 ? undefined : ids[which % ids.length];
}

function release(which: number): Command {
  return command(`release(${which})`, (model, real) => {
    const id = pick(model, real, which, [...KINDS, "upgrade"]);
    if (id === undefined) return;
    const guard = real.guards.get(id)!;
    if (model.isLent(id)) {
      expect(() => guard.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
      return;
    }
    endInModel(model, real, id);
    guard.release();
    expect(() => guard.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
  });
}

function endInModel(model: Model, real: Real, id: number): void {
  const upgrade = model.upgrade?.id === id ? model.upgrade : undefined;
  for (const ended of upgrade?.endsBase === true ? [id, upgrade.base] : [id]) {
    real.guards.delete(ended);
    real.outcomes.set(ended, "released");
    model.outcomes.set(ended, "released");
  }
  model.release(id);
}

function dispose(which: number): Command {
  return command(`dispose(${which})`, (model, real) => {
    const id = pick(model, real, which, [...KINDS, "upgrade"]);
    if (id === undefined) return;
    const guard = real.guards.get(id)!;
    if (model.isLent(id)) model.upgrade!.endsBase = true;
    else endInModel(model, real, id);
    guard[Symbol.dispose]();
  });
}

function upgrade(which: number, shape: WaitShape): Command {
  return command(`upgrade(${which}, ${JSON.stringify(shape)})`, (model, real) => {
    const base = pick(model, real, which, ["upgradeable"]);
    if (base === undefined) return;
    const id = real.ids++;
    const guard = real.guards.get(base) as UpgradeableGuard;
    const due = shape.timeout === undefined ? undefined : real.clock.now() + shape.timeout;
    model.outcomes.set(id, "waiting");
    if (model.isLent(base)) model.outcomes.set(id, "LW_NOT_HELD");
    else if (model.upgrade !== undefined) model.outcomes.set(id, "LW_BUSY");
    else if (shape.timeout === 0 && model.held.size > 1) model.outcomes.set(id, "LW_TIMEOUT");
    else model.startUpgrade({ id, base, due, signal: shape.signal });
    follow(real, id, guard.upgrade(optionsOf(shape, real)));
  });
}

function tryUpgrade(which: number): Command {
  return command(`tryUpgrade(${which})`, (model, real) => {
    const base = pick(model, real, which, ["read", "upgradeable"]);
    if (base === undefined) return;
    const guard = real.guards.get(base) as ReadGuard;
    if (model.isLent(base)) {
      expect(() => guard.tryUpgrade()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
      return;
    }
    const id = real.ids++;
    const upgraded = guard.tryUpgrade();
    const isSole = model.held.size === 1 && model.upgrade === undefined;
    expect(upgraded !== undefined).toBe(isSole);
    if (upgraded === undefined) return;
    model.startUpgrade({ id, base, due: undefined, signal: undefined });
    real.guards.set(id, upgraded);
    real.outcomes.set(id, "held");
  });
}

function downgrade(which: number): Command {
  return command(`downgrade(${which})`, (model, real) => {
    const id = pick(model, real, which, ["write"]);
    if (id === undefined) return;
    const read = (real.guards.get(id) as WriteGuard).downgrade();
    const next = real.ids++;
    real.guards.delete(id);
    real.guards.set(next, read);
    for (const outcomes of [real.outcomes, model.outcomes]) outcomes.set(id, "released").set(next, "held");
    model.held.delete(id);
    model.held.set(next, "read");
    model.drain();
  });
}

function abort(which: number): Command {
  return command(`abort(${which})`, (model, real) => {
    model.remove((ask) => ask.signal === which, "aborted");
    const controller = real.controllers[which]!;
    real.controllers[which] = new AbortController();
    controller.abort("aborted");
  });
}

function advance(ms: number): Command {
  return command(`advance(${ms})`, (model, real) => {
    const end = real.clock.now() + ms;
    for (;;) {
      const waiting = model.upgrade === undefined || model.upgrade.isHeld ? [] : [model.upgrade];
      const next = Math.min(...[...model.queue, ...waiting].map((ask) => ask.due ?? Infinity));
      if (next > end) break;
      model.remove((ask) => ask.due === next, "LW_TIMEOUT");
    }
    real.clock.advance(ms);
  });
}

function cancelWaiters(kind: Kind): Command {
  return command(`${kind}.cancelWaiters()`, (model, real) => {
    const isMine = (ask: { readonly id: number; readonly kind?: Kind }): boolean =>
      (ask.kind ?? model.held.get(model.upgrade!.base)) === kind;
    const upgrades = model.upgrade !== undefined && !model.upgrade.isHeld && isMine(model.upgrade) ? 1 : 0;
    const count = model.queue.filter((ask) => ask.kind === kind).length + upgrades;
    model.remove(isMine, "LW_CANCELLED");
    expect(faceOf(real.lock, kind).cancelWaiters()).toBe(count);
  });
}

const kind = fc.constantFrom<Kind>("read", "read", "read", "upgradeable", "write");
const shape = fc.record({
  timeout: fc.option(fc.constantFrom(0, 5, 10, 25), { nil: undefined, freq: 2 }),
  signal: fc.option(fc.nat({ max: SIGNALS - 1 }), { nil: undefined, freq: 2 }),
});
const which = fc.nat({ max: 9 });

export const commandSequences: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    fc.tuple(kind, shape).map(([of, wait]) => acquire(of, wait)),
    fc.tuple(kind, shape).map(([of, wait]) => acquire(of, wait)),
    kind.map(tryAcquire),
    which.map(release),
    which.map(release),
    which.map(dispose),
    fc.tuple(which, shape).map(([at, wait]) => upgrade(at, wait)),
    which.map(tryUpgrade),
    which.map(downgrade),
    fc.nat({ max: SIGNALS - 1 }).map(abort),
    fc.constantFrom(1, 5, 10).map(advance),
    fc.constantFrom<Kind>(...KINDS).map(cancelWaiters),
  ],
  { maxCommands: 60, size: "max" },
);
