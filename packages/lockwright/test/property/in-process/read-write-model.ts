/** Random commands for a real read-write lock and its reference, and the check of the invariants after each. */
import fc from "fast-check";
import { expect } from "vitest";
import { HELD, type Permit } from "../../../src/core/guard.js";
import { ALL } from "../../../src/core/read-write-core.js";
import type { Guard, LocalLock, ReadGuard, ReadWriteLock, UpgradeableGuard, WriteGuard } from "../../../src/index.js";
import { abortBoth, advanceBoth, type Asks, type AskShape, shapesWith, signals, step } from "./asks.js";
import { coreOfFace } from "./core-access.js";
import type { Kind, ReferenceReadWrite } from "./reference-read-write.js";

/** The real side. */
export interface Real {
  readonly lock: ReadWriteLock;
  readonly asks: Asks;
  /** Guards by the id of their ask, while held. */
  readonly guards: Map<number, Guard>;
}

type Command = fc.AsyncCommand<ReferenceReadWrite, Real>;
type Model = ReferenceReadWrite;

const KINDS: readonly Kind[] = ["read", "upgradeable", "write"];

function faceOf(lock: ReadWriteLock, kind: Kind): LocalLock {
  return lock[kind];
}

/** At once, before any microtask has run. */
function compare(model: Model, real: Real): void {
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
}

/** When everybody has what was granted. */
function compareHolds(model: Model, real: Real): void {
  const core = coreOfFace(real.lock.read);
  const taken = [...real.guards.values()]
    .map((guard) => guard as Permit)
    .filter((permit) => permit.state === HELD)
    .reduce((sum, permit) => sum + permit.weight, 0);
  const debt = core.waitingUpgrade?.weight ?? 0;
  expect(core.free, "I2, RW1: free is all less what is held and owed").toBe(ALL - taken - debt);
  for (const [id, guard] of real.guards) expect(guard.held, `guard ${id}`).toBe(!model.isLent(id));
}

function command(text: string, act: (model: Model, real: Real) => void): Command {
  return step(text, act, compare, compareHolds);
}

function follow({ asks, guards }: Real, id: number, wait: Promise<Guard>): void {
  asks.follow(id, wait, (guard) => {
    guards.set(id, guard);
    return "held";
  });
}

function acquire(kind: Kind, shape: AskShape): Command {
  return command(`${kind}.acquire(${JSON.stringify(shape)})`, (model, real) => {
    const { ask, options } = real.asks.make(shape);
    model.outcomes.set(ask.id, "waits");
    if (!model.ask({ ...ask, kind }, shape.timeout === 0)) model.outcomes.set(ask.id, "LW_TIMEOUT");
    follow(real, ask.id, faceOf(real.lock, kind).acquire(options));
  });
}

function tryAcquire(kind: Kind): Command {
  return command(`${kind}.tryAcquire()`, (model, real) => {
    const id = real.asks.id();
    const guard = faceOf(real.lock, kind).tryAcquire();
    expect(guard !== undefined).toBe(model.ask({ id, kind, due: undefined, signal: undefined }, true));
    if (guard === undefined) return;
    real.guards.set(id, guard);
    real.asks.outcomes.set(id, "held");
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
    real.asks.outcomes.set(ended, "released");
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

function upgrade(which: number, shape: AskShape): Command {
  return command(`upgrade(${which}, ${JSON.stringify(shape)})`, (model, real) => {
    const base = pick(model, real, which, ["upgradeable"]);
    if (base === undefined) return;
    const { ask, options } = real.asks.make(shape);
    const guard = real.guards.get(base) as UpgradeableGuard;
    model.outcomes.set(ask.id, "waits");
    if (model.isLent(base)) model.outcomes.set(ask.id, "LW_NOT_HELD");
    else if (model.upgrade !== undefined) model.outcomes.set(ask.id, "LW_BUSY");
    else if (shape.timeout === 0 && model.held.size > 1) model.outcomes.set(ask.id, "LW_TIMEOUT");
    else model.startUpgrade({ ...ask, base });
    follow(real, ask.id, guard.upgrade(options));
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
    const id = real.asks.id();
    const upgraded = guard.tryUpgrade();
    const isSole = model.held.size === 1 && model.upgrade === undefined;
    expect(upgraded !== undefined).toBe(isSole);
    if (upgraded === undefined) return;
    model.startUpgrade({ id, base, due: undefined, signal: undefined });
    real.guards.set(id, upgraded);
    real.asks.outcomes.set(id, "held");
  });
}

function downgrade(which: number): Command {
  return command(`downgrade(${which})`, (model, real) => {
    const id = pick(model, real, which, ["write"]);
    if (id === undefined) return;
    const read = (real.guards.get(id) as WriteGuard).downgrade();
    const next = real.asks.id();
    real.guards.delete(id);
    real.guards.set(next, read);
    for (const outcomes of [real.asks.outcomes, model.outcomes]) outcomes.set(id, "released").set(next, "held");
    model.held.delete(id);
    model.held.set(next, "read");
    model.drain();
  });
}

function cancelWaiters(kind: Kind): Command {
  return command(`${kind}.cancelWaiters()`, (model, real) => {
    const isMine = (ask: { readonly id: number; readonly kind?: Kind }): boolean =>
      (ask.kind ?? model.held.get(model.upgrade!.base)) === kind;
    const upgrades = model.upgrade !== undefined && !model.upgrade.isHeld && isMine(model.upgrade) ? 1 : 0;
    const count = model.queue.filter((ask) => ask.kind === kind).length + upgrades;
    model.end(isMine, "LW_CANCELLED");
    expect(faceOf(real.lock, kind).cancelWaiters()).toBe(count);
  });
}

const kind = fc.constantFrom<Kind>("read", "read", "read", "upgradeable", "write");
const shape = shapesWith(0, 5, 10, 25);
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
    signals.map((at) => command(`abort(${at})`, (model, { asks }) => abortBoth(model, asks, at))),
    fc.constantFrom(1, 5, 10).map((ms) => command(`advance(${ms})`, (model, { asks }) => advanceBoth(model, asks, ms))),
    fc.constantFrom<Kind>(...KINDS).map(cancelWaiters),
  ],
  { maxCommands: 60, size: "max" },
);
