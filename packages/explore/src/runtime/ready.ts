/** What can be chosen at a decision, besides timers: completions from outside, and strands that were held. */
import type { Option } from "../schedule.js";
import type { Activation } from "./activation.js";
import type { Strand } from "./strand.js";

/** Something that became ready and waits to be chosen. */
export interface Ready extends Option {
  readonly strand: Strand;
  /** True when what it delivers is a rejection. */
  readonly isRejection: boolean;
  /** Whose await it ends, where that is known. */
  readonly activation: Activation | null;
  /** Delivers it to the program. */
  deliver(): void;
}

/** An await that the schedule lets take longer: its operand has settled, its strand goes on when chosen. */
export class Held implements Ready {
  readonly kind = "held";
  readonly label: undefined = undefined;
  readonly activation: Activation;
  isRejection = false;
  #value: unknown = undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(activation: Activation, resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
    this.activation = activation;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get strand(): Strand {
    return this.activation.strand.self;
  }

  settle(value: unknown, isRejection: boolean): void {
    this.#value = value;
    this.isRejection = isRejection;
  }

  deliver(): void {
    // Resolving with the fulfilled value never adopts a thenable: a settled promise's value is none.
    if (this.isRejection) this.#reject(this.#value);
    else this.#resolve(this.#value);
  }
}

/** A completion whose time the program does not decide. */
export class External implements Ready {
  readonly kind = "external";
  readonly strand: Strand;
  readonly label: string;
  readonly activation: Activation | null;
  readonly channel: string | undefined;
  /** Virtual time before which it is not ready. */
  earliest = 0;
  /** Virtual time that the clock may not pass while it is pending. */
  latest = 0;
  /** It has not completed. */
  isPending = false;
  isRejection = false;
  /** Where it was issued; made only in runs that record. */
  origin: Error | undefined = undefined;
  readonly deliver: () => void;

  constructor(
    label: string,
    who: { readonly strand: Strand; readonly activation: Activation | null },
    channel: string | undefined,
    deliver: () => void,
  ) {
    this.label = label;
    this.strand = who.strand;
    this.activation = who.activation;
    this.channel = channel;
    this.deliver = deliver;
  }
}
