/** The obvious mutex with a condition: two arrays of numbered actors. The real ones must never differ from it. */
import type { Ask, ReferenceWaits } from "./asks.js";

/** An actor in the queue of the mutex: a newcomer, or one who comes back from a wait with its outcome. */
interface Queued extends Ask {
  /** "held", "notified", or why its wait failed. */
  outcome: string;
}

export class ReferenceCondition implements ReferenceWaits {
  holder: number | undefined;
  queue: Queued[] = [];
  ring: Ask[] = [];
  isClosed = false;
  readonly outcomes: Map<number, string> = new Map();

  acquire(ask: Ask): void {
    if (this.isClosed) return void this.outcomes.set(ask.id, "LW_CLOSED");
    // Newcomers have no bounds here: the permit core has a test of its own.
    this.queue.push({ ...ask, due: undefined, signal: undefined, outcome: "held" });
    this.outcomes.set(ask.id, "waits");
    this.drain();
  }

  release(): void {
    this.outcomes.set(this.holder!, "released");
    this.holder = undefined;
    this.drain();
  }

  /** The holder, numbered as `ask` is, waits. */
  wait(ask: Ask, isImpatient: boolean): void {
    if (this.isClosed) return void this.outcomes.set(ask.id, "LW_CLOSED");
    if (isImpatient) return void this.outcomes.set(ask.id, "LW_TIMEOUT");
    this.ring.push(ask);
    this.outcomes.set(ask.id, "waits");
    this.holder = undefined;
    this.drain();
  }

  notify(n: number): number {
    const moved = this.ring.splice(0, n);
    for (const ask of moved) this.queue.push({ ...ask, outcome: "notified" });
    return moved.length;
  }

  /** Those in the ring go back to the mutex with that outcome; the notified too, and others get their notifications. */
  end(which: (ask: Ask) => boolean, outcome: string): void {
    const all = [...this.queue.filter((each) => each.outcome === "notified"), ...this.ring].filter(which);
    for (const ask of all.sort((a, b) => a.id - b.id)) {
      const notified = this.queue.find((each) => each.id === ask.id);
      if (notified === undefined) this.queue.push({ ...ask, outcome });
      this.ring = this.ring.filter((other) => other.id !== ask.id);
      if (notified === undefined) continue;
      notified.outcome = outcome;
      this.notify(1);
    }
    this.drain();
  }

  dues(): readonly number[] {
    return [...this.ring, ...this.queue.filter((each) => each.outcome === "notified")].map(
      (ask) => ask.due ?? Infinity,
    );
  }

  drain(): void {
    if (this.holder !== undefined) return;
    const next = this.queue.shift();
    if (next === undefined) return;
    this.holder = next.id;
    this.outcomes.set(next.id, next.outcome);
  }
}
