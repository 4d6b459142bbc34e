/** A service of `servers` equal servers with one queue, on the virtual clock: what an adaptive limiter has to find out. */
import type { TestPlatform } from "./test-platform.js";

export type ServiceTime = "fixed" | "exponential";

export class SimulatedPool {
  servers: number;
  finished = 0;
  readonly #clock: TestPlatform;
  readonly #service: ServiceTime;
  readonly #queue: (() => void)[] = [];
  #busy = 0;

  constructor(clock: TestPlatform, servers: number, service: ServiceTime) {
    this.#clock = clock;
    this.servers = servers;
    this.#service = service;
  }

  /** A request: 10 ms of service on average, after its turn in the queue. */
  serve(): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push(resolve);
      this.#next();
    });
  }

  #next(): void {
    while (this.#busy < this.servers && this.#queue.length > 0) {
      const done = this.#queue.shift()!;
      this.#busy += 1;
      const ms = this.#service === "fixed" ? 10 : -10 * Math.log(1 - this.#clock.random());
      this.#clock.setTimer(() => {
        this.#busy -= 1;
        this.finished += 1;
        done();
        this.#next();
      }, ms);
    }
  }
}

/** Moves the clock on by `ms`, letting everything happen that each event sets off. */
export async function play(clock: TestPlatform, ms: number): Promise<void> {
  const end = clock.now() + ms;
  for (;;) {
    for (let step = 0; step < 40; step += 1) await Promise.resolve();
    let due = Infinity;
    for (const timer of clock.timers) due = Math.min(due, timer.due);
    if (due > end) break;
    clock.advance(Math.max(due - clock.now(), 0));
  }
  clock.advance(Math.max(end - clock.now(), 0));
}
