/** Random programs of tasks and locks, and the machine that runs them for real beside the reference. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { DeadlockError, type Guard, Semaphore, taskScope } from "../../../src/index.js";
import { type Evidence, ReferenceWaits } from "./reference-waits.js";

interface Ask {
  readonly lock: number;
  readonly weight: number;
}

export type Step =
  | { readonly kind: "pause" }
  | { readonly kind: "acquire"; readonly ask: Ask }
  | { readonly kind: "release"; readonly which: number }
  | { readonly kind: "run"; readonly ask: Ask; readonly body: readonly Step[] }
  | { readonly kind: "followUp"; readonly ask: Ask; readonly body: readonly Step[] }
  | { readonly kind: "map"; readonly asks: readonly Ask[]; readonly body: readonly Step[] };

export interface Program {
  readonly capacities: readonly number[];
  readonly tasks: readonly { readonly evidence: Evidence; readonly steps: readonly Step[] }[];
}

/** One sequential flow: a task, a body of a map, a follow-up. */
interface Flow {
  readonly id: number;
  readonly evidence: Evidence;
  /** What it holds, in the order taken, by `acquire` and by the `run` bodies around it. */
  readonly held: { readonly guard: Guard; readonly ask: Ask; readonly isOfRun: boolean; readonly level: number }[];
  /** How many `run` bodies it is in. A guard is given back where it was taken, else it travels. */
  level: number;
}

/** Thrown by a victim to let go of everything on the way out. */
class Victim extends Error {}

export class Machine {
  readonly model: ReferenceWaits;
  readonly #locks: readonly Semaphore[];
  readonly #capacities: readonly number[];
  readonly #aside: Promise<unknown>[] = [];
  #ids = 0;

  constructor(capacities: readonly number[]) {
    this.#capacities = capacities;
    this.#locks = capacities.map((permits, at) => new Semaphore(permits, { name: `lock ${at}` }));
    this.model = new ReferenceWaits(capacities);
  }

  begin(evidence: Evidence): Flow {
    const id = this.#ids++;
    this.model.begin(id, evidence);
    return { id, evidence, held: [], level: 0 };
  }

  async task(evidence: Evidence, steps: readonly Step[]): Promise<void> {
    const flow = this.begin(evidence);
    const body = (): Promise<void> => this.#whole(flow, steps);
    await (evidence === "scope" ? taskScope(body) : body());
  }

  /** All steps; what `acquire` took is given back whatever happens. */
  async #whole(flow: Flow, steps: readonly Step[]): Promise<void> {
    try {
      await this.#steps(flow, steps);
    } catch (error) {
      if (!(error instanceof Victim)) throw error;
    } finally {
      while (flow.held.length > 0) this.#giveBack(flow, flow.held.length - 1);
    }
  }

  #giveBack(flow: Flow, at: number): void {
    const [{ guard, ask }] = flow.held.splice(at, 1) as [Flow["held"][number]];
    this.model.release(flow.id, ask);
    guard.release();
  }

  async #steps(flow: Flow, steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.kind === "pause") await Promise.resolve();
      else if (step.kind === "release") this.#releaseOne(flow, step.which);
      else if (step.kind === "acquire") await this.#acquire(flow, step.ask);
      else if (step.kind === "run") await this.#run(flow, this.#clamp(step.ask), step.body);
      else if (step.kind === "followUp") this.#followUp(flow, this.#clamp(step.ask), step.body);
      else if (flow.held.length === 0) await this.#map(flow, step.asks, step.body);
    }
  }

  #clamp({ lock, weight }: Ask): Ask {
    const at = lock % this.#locks.length;
    return { lock: at, weight: Math.min(weight, this.#capacities[at]!) };
  }

  #releaseOne(flow: Flow, which: number): void {
    const own = flow.held.filter(({ isOfRun, level }) => !isOfRun && level === flow.level);
    if (own.length > 0) this.#giveBack(flow, flow.held.indexOf(own[which % own.length]!));
  }

  #options(flow: Flow, { weight }: Ask): { weight: number; holding?: readonly Guard[] } {
    return flow.evidence === "holding" ? { weight, holding: flow.held.map(({ guard }) => guard) } : { weight };
  }

  async #acquire(flow: Flow, wanted: Ask): Promise<void> {
    const ask = this.#clamp(wanted);
    const answer = this.model.ask(flow.id, ask);
    await this.#outcome(answer, this.#locks[ask.lock]!.acquire(this.#options(flow, ask)), (guard) => {
      flow.held.push({ guard, ask, isOfRun: false, level: flow.level });
    });
  }

  /** Awaits the real one, which must end as the reference said. */
  async #outcome<T>(answer: string, real: Promise<T>, then: (value: T) => void): Promise<void> {
    let value: T;
    try {
      value = await real;
    } catch (error) {
      if (!(error instanceof DeadlockError)) throw error;
      assert.equal(answer, "stuck", `false verdict: ${error.message}`);
      assert.ok(error.edges.length > 0);
      throw new Victim();
    }
    assert.notEqual(answer, "stuck", "a knot was not found");
    then(value);
  }

  #body(flow: Flow, ask: Ask, body: readonly Step[]): (guard: Guard) => Promise<void> {
    return async (guard) => {
      flow.level += 1;
      const hold = { guard, ask, isOfRun: true, level: flow.level };
      flow.held.push(hold);
      const below = flow.held.length;
      try {
        await this.#steps(flow, body);
      } finally {
        while (flow.held.length > below) this.#giveBack(flow, flow.held.length - 1);
        this.#giveBack(flow, flow.held.indexOf(hold));
        flow.level -= 1;
      }
    };
  }

  async #run(flow: Flow, ask: Ask, body: readonly Step[]): Promise<void> {
    const answer = this.model.ask(flow.id, ask);
    let hasBegun = false;
    const inner = this.#body(flow, ask, body);
    const real = this.#locks[ask.lock]!.run(
      async (guard) => {
        hasBegun = true;
        await inner(guard);
      },
      this.#options(flow, ask),
    );
    await real.catch((error: unknown) => {
      if (hasBegun || !(error instanceof DeadlockError)) throw error;
      assert.equal(answer, "stuck", `false verdict: ${error.message}`);
      throw new Victim();
    });
    assert.notEqual(answer, "stuck", "a knot was not found");
  }

  #followUp(from: Flow, ask: Ask, body: readonly Step[]): void {
    const flow = this.begin(from.evidence);
    // It holds nothing yet and nobody waits for it, so it can be queued and never stuck.
    assert.notEqual(this.model.ask(flow.id, ask), "stuck");
    const inner = this.#body(flow, ask, body);
    const real = this.#locks[ask.lock]!.run(inner, { weight: ask.weight, detached: true });
    const settled = real.catch((error: unknown) => {
      if (!(error instanceof Victim)) throw error;
    });
    this.#aside.push(settled);
    settled.catch(() => undefined); // looked at by settled(), if the program gets there
  }

  async #map(from: Flow, asks: readonly Ask[], body: readonly Step[]): Promise<void> {
    const all = asks.map(async (wanted) => {
      const flow = this.begin(from.evidence);
      try {
        await this.#run(flow, this.#clamp(wanted), body);
      } catch (error) {
        if (!(error instanceof Victim)) throw error;
      }
    });
    await Promise.all(all);
  }

  async settled(): Promise<void> {
    for (let done = 0; done < this.#aside.length; done += 1) await this.#aside[done];
  }

  cancel(): void {
    for (const lock of this.#locks) lock.cancelWaiters();
  }

  check(): void {
    for (const [at, lock] of this.#locks.entries()) assert.equal(lock.available, this.#capacities[at]);
    for (const lock of this.#locks) {
      const { ties } = (lock as unknown as { core: { ties?: { held: Set<unknown>; blocked: Set<unknown> } } }).core;
      assert.deepEqual([ties?.held.size ?? 0, ties?.blocked.size ?? 0], [0, 0], "nothing is kept of what is over");
    }
  }
}

const ask = fc.record({ lock: fc.nat({ max: 2 }), weight: fc.integer({ min: 1, max: 3 }) });
export const { steps: stepLists } = fc.letrec<{ steps: readonly Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie("step"), { maxLength: 6, depthIdentifier: "program" }),
  step: fc.oneof(
    { depthIdentifier: "program", depthSize: "small", withCrossShrink: true },
    { weight: 3, arbitrary: fc.constant({ kind: "pause" } as const) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("acquire" as const), ask }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), which: fc.nat({ max: 3 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("run" as const), ask, body: tie("steps") }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("followUp" as const), ask, body: tie("steps") }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("map" as const),
        asks: fc.array(ask, { minLength: 2, maxLength: 3 }),
        body: tie("steps"),
      }),
    },
  ),
}));

/** Programs whose tasks say what they hold in one of these ways. */
export function programs(evidences: readonly Evidence[]): fc.Arbitrary<Program> {
  return fc.record({
    capacities: fc.array(fc.constantFrom(1, 1, 1, 2, 3), { minLength: 1, maxLength: 3 }),
    tasks: fc.array(fc.record({ evidence: fc.constantFrom(...evidences), steps: stepLists }), {
      minLength: 2,
      maxLength: 4,
    }),
  });
}
