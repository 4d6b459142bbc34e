/** A real memory store behind a bad line: answers come late or not at all, pushes are lost. Nothing about locks is made up. */
import { LockwrightError } from "../../../src/errors.js";
import { LockSpace, type LockSpaceOptions, type LockStore } from "../../../src/leases/index.js";
import type { Command, Result } from "../../../src/leases/lock-store.js";
import { memoryStore, MemoryWorld } from "../../../src/stores/memory.js";

/** What happens to the next `execute`. */
type Fate = "late" | "lost answer" | "never sent";

export class Wayward {
  readonly store: LockStore;
  readonly sent: Command[] = [];
  /** Lets the oldest late answer through. */
  readonly late: (() => void)[] = [];
  /** For the executes to come, in order; when empty all is well. */
  fates: (Fate | undefined)[] = [];
  losesPushes = false;
  readonly #real: LockStore;

  constructor(world: MemoryWorld) {
    const real = memoryStore({ world });
    this.#real = real;
    const execute = (commands: readonly Command[]): Promise<readonly Result[]> => this.#execute(commands);
    const listen = (wake: (id: string) => void): Disposable => real.listen((id) => void (this.losesPushes || wake(id)));
    this.store = Object.assign(Object.create(real) as LockStore, { execute, listen });
    for (const name of ["inspect", "list", "observe", "close", "commit"] as const) {
      Object.assign(this.store, { [name]: (real[name] as (...values: unknown[]) => unknown).bind(real) });
    }
  }

  async #execute(commands: readonly Command[]): Promise<readonly Result[]> {
    this.sent.push(...commands);
    const fate = this.fates.shift();
    if (fate === "never sent") throw new LockwrightError("LW_STORE_UNAVAILABLE", "the line is cut");
    const results = await this.#real.execute(commands);
    if (fate === "late") await new Promise<void>((resolve) => this.late.push(resolve));
    if (fate === "lost answer") throw new LockwrightError("LW_STORE_UNAVAILABLE", "the answer was lost");
    return results;
  }
}

/** Two spaces over one world, the first by a good line, the second by one that may be bad. */
export function pair(options: LockSpaceOptions = {}): { good: LockSpace; bad: LockSpace; line: Wayward } {
  const world = new MemoryWorld();
  const line = new Wayward(world);
  const settings = { ttl: 9000, renewal: "loop", ...options } as const;
  const good = new LockSpace({ ...settings, store: memoryStore({ world }) });
  return { good, line, bad: new LockSpace({ ...settings, store: line.store }) };
}

/** Lets everything that needs no timer happen. */
export async function settle(steps = 40): Promise<void> {
  for (let step = 0; step < steps; step += 1) await Promise.resolve();
}
