/**
 * The obvious reference of the wait graph: it keeps who holds and who waits in arrays, and answers "can this go on?" by
 * trying. Whoever does not wait gives back all it holds, whoever then fits is let in and gives back all it holds, until
 * nothing moves. Who is left is stuck.
 */

export type Evidence = "scope" | "holding" | "none";

interface Hold {
  readonly lock: number;
  readonly weight: number;
}

interface Actor {
  readonly evidence: Evidence;
  holds: Hold[];
  wait: Hold | undefined;
}

export class ReferenceWaits {
  readonly #capacities: readonly number[];
  #actors: Map<number, Actor> = new Map();
  /** Per lock, the actors that wait, oldest first. */
  #queues: number[][];
  /** Verdicts given. */
  stuck = 0;
  queued = 0;

  constructor(capacities: readonly number[]) {
    this.#capacities = capacities;
    this.#queues = capacities.map(() => []);
  }

  begin(id: number, evidence: Evidence): void {
    this.#actors.set(id, { evidence, holds: [], wait: undefined });
  }

  /** Asks; one that could never be granted is not queued. */
  ask(id: number, hold: Hold): "granted" | "queued" | "stuck" {
    const actor = this.#actors.get(id)!;
    actor.wait = hold;
    this.#queues[hold.lock]!.push(id);
    this.#admit();
    if (actor.wait === undefined) return "granted";
    this.queued += 1;
    if (actor.evidence === "none" || !this.#isStuck(id)) return "queued";
    this.leave(id);
    this.stuck += 1;
    return "stuck";
  }

  leave(id: number): void {
    const actor = this.#actors.get(id)!;
    if (actor.wait === undefined) return;
    const { lock } = actor.wait;
    this.#queues[lock] = this.#queues[lock]!.filter((other) => other !== id);
    actor.wait = undefined;
    this.#admit();
  }

  release(id: number, hold: Hold): void {
    const actor = this.#actors.get(id)!;
    const at = actor.holds.findIndex(({ lock, weight }) => lock === hold.lock && weight === hold.weight);
    actor.holds = actor.holds.filter((_, index) => index !== at);
    this.#admit();
  }

  #free(lock: number): number {
    let free = this.#capacities[lock]!;
    for (const { holds } of this.#actors.values())
      for (const hold of holds) if (hold.lock === lock) free -= hold.weight;
    return free;
  }

  /** Lets in whoever is first and fits. Answers whether anybody was. */
  #admit(): boolean {
    let moved = false;
    for (const [lock, queue] of this.#queues.entries())
      for (let head = queue[0]; head !== undefined; head = queue[0]) {
        const actor = this.#actors.get(head)!;
        if (actor.wait!.weight > this.#free(lock)) break;
        queue.shift();
        actor.holds.push(actor.wait!);
        actor.wait = undefined;
        moved = true;
      }
    return moved;
  }

  #isStuck(id: number): boolean {
    const trial = new ReferenceWaits(this.#capacities);
    trial.#queues = this.#queues.map((queue) => [...queue]);
    for (const [other, actor] of this.#actors) trial.#actors.set(other, { ...actor, holds: [...actor.holds] });
    do {
      // Of those without evidence nothing is known: they may give back what they hold even while they wait.
      for (const actor of trial.#actors.values())
        if (actor.wait === undefined || actor.evidence === "none") actor.holds = [];
    } while (trial.#admit());
    return trial.#actors.get(id)!.wait !== undefined;
  }
}
