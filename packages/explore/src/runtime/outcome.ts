/** How one run ended. */

import type { Site } from "../sites.js";

/** What a run came to. */
export type Outcome =
  /** The body returned, everything settled, every check held. */
  | { readonly kind: "passed" }
  /** The body rejected, a check failed, a callback threw, or a rejection was handled by nobody (`LW_UNHANDLED`). */
  | { readonly kind: "failed"; readonly error: unknown; readonly isUnhandled: boolean }
  /** The body waits and nothing can move. In the fast engine a suspicion: real I/O is not seen there. */
  | { readonly kind: "deadlock" }
  /** It took more steps than allowed: a livelock, or a schedule that is unfair to somebody. */
  | { readonly kind: "step-limit" }
  /** Points passed, ticks or clock readings without end in one segment; `site` is where, -1 where not known. */
  | { readonly kind: "spinning"; readonly site: number; readonly what: string }
  /** Real I/O, which the explorer does not decide. `parked`: the innermost await of each strand, in a run that records. */
  | { readonly kind: "uncontrolled"; readonly requests: readonly OpenRequest[]; readonly parked: readonly Site[] }
  /** A replay met something that its token does not fit. */
  | { readonly kind: "mismatch"; readonly step: number; readonly message: string };

/** A native request that was open when the program waited. */
export interface OpenRequest {
  /** Node's name for it: FSREQPROMISE, TCPWRAP, … */
  readonly type: string;
  /** `file:line` of who asked, as far as the stack tells. */
  readonly line: string | undefined;
}
