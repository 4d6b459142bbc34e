/** A method that holds the lock calls another one that takes it. */
import { io, type Program, SimpleMutex } from "../zoo.ts";

class Ledger {
  readonly #lock = new SimpleMutex();
  total = 0;

  add(amount: number): Promise<void> {
    return this.#lock.run(() => this.#add(amount));
  }

  addAllNested(amounts: readonly number[]): Promise<void> {
    return this.#lock.run(async () => {
      for (const amount of amounts) await this.add(amount);
    });
  }

  addAll(amounts: readonly number[]): Promise<void> {
    return this.#lock.run(async () => {
      for (const amount of amounts) await this.#add(amount);
    });
  }

  async #add(amount: number): Promise<void> {
    const before = this.total;
    await io("write");
    this.total = before + amount;
  }
}

export const reEntry: Program = {
  name: "re-entry",
  kind: "re-entry into one's own lock",
  grade: "A",
  message: /deadlock/,
  bug: () => new Ledger().addAllNested([1, 2]),
  fixed: () => new Ledger().addAll([1, 2]),
};
