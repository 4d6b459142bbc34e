/** A payment that takes too long is tried again; then both attempts succeed. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program, sleep } from "../zoo.ts";

class Bank {
  readonly #seen = new Set<string>();
  readonly #isIdempotent: boolean;
  paid = 0;

  constructor(isIdempotent: boolean) {
    this.#isIdempotent = isIdempotent;
  }

  async pay(id: string): Promise<string> {
    await io("pay");
    if (!this.#isIdempotent || !this.#seen.has(id)) this.paid += 1;
    this.#seen.add(id);
    return "paid";
  }
}

async function payWithRetry(bank: Bank): Promise<void> {
  const attempt = (): Promise<string> => Promise.race([bank.pay("order-1"), sleep(200).then(() => "timeout")]);
  if ((await attempt()) === "timeout") await attempt();
}

const shop =
  (isIdempotent: boolean): Body =>
  async (t) => {
    const bank = new Bank(isIdempotent);
    await payWithRetry(bank);
    await t.settled();
    assert(bank.paid <= 1, "paid twice");
  };

export const retryAndLateSuccess: Program = {
  name: "retry-and-late-success",
  kind: "retry beside a late success",
  grade: "B",
  message: /paid twice/,
  isTimed: true,
  bug: shop(false),
  fixed: shop(true),
};
