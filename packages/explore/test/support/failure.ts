/** Makes what a report shows besides the trace. */
import fc from "fast-check";
import { explain } from "../../src/report/explanation.js";
import type { FailureView } from "../../src/report/failure-view.js";
import type { Trace } from "../../src/trace.js";
import { anyText } from "./any-trace.js";

/** A view on the failure in `trace`. */
export function failureOf(trace: Trace, more: Partial<FailureView> = {}): FailureView {
  return {
    test: "two withdrawals never lose one",
    error: { name: "Error", message: "stored 80, expected 70" },
    grade: "B",
    token: "lw1d.4~b639",
    cost: { external: 1, hold: 0 },
    explanation: explain(trace),
    coverage: "complete within 1 external delay: all 9 schedules, 3 strands, at most 11 steps",
    ...more,
  };
}

/** Any view. */
export const anyFailure: fc.Arbitrary<FailureView> = fc.record({
  test: anyText,
  error: fc.record({ name: anyText, message: anyText, code: anyText }, { requiredKeys: ["name", "message"] }),
  grade: fc.constantFrom("A" as const, "B" as const, "C" as const),
  token: fc.constantFrom("lw1d~0000", "lw1d.4~b639", "lw1d.1-3_4!9+io~00ff"),
  cost: fc.record({ external: fc.nat(5), hold: fc.nat(5) }),
  explanation: anyText,
  coverage: anyText,
});
