/** Traces of any shape, for properties: what a run could record, and text that nobody should trust. */
import fc from "fast-check";
import type { Site, SiteKind } from "../../src/sites.js";
import type { Trace, TraceEvent, TraceOption, TraceParked, TraceStep } from "../../src/trace.js";

/** Text that breaks out of carelessly written text, HTML or commands. */
export const HOSTILE: readonly string[] = [
  "</script><script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "<!--",
  "]]>",
  "${process.exit(1)}",
  "{{constructor}}",
  "\u2028\u2029",
  "\u001b[31mred\u001b[0m\u0007",
  "\u202etxt.exe\u202c",
  "a\r\nb\n::error::x",
  "%0A::set-output name=x::y",
  "\ud800 lone \udfff",
  "日本語のテキスト",
  "👩‍👩‍👧‍👦🏳️‍🌈",
  "e\u0301\u0327",
  "javascript:alert(1)",
  "a,line=1,file=/etc/passwd::b",
  "' onmouseover='alert(1)",
  "",
  " ".repeat(30),
  "x".repeat(500),
];

const text: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary", maxLength: 20 }));
const file = fc.oneof(text, fc.constantFrom("/a/src/index.ts", "/a/lib/index.ts", "C:\\x\\index.ts", "file:///a.ts"));
const line = fc.integer({ min: 1, max: 9999 });
const kinds: readonly SiteKind[] = ["function", "await", "for-await", "yield", "dispose", "access"];

const site: fc.Arbitrary<Site> = fc.record({
  file,
  line,
  column: fc.integer({ min: 1, max: 200 }),
  kind: fc.constantFrom(...kinds),
  text,
  owner: text,
  ordinal: fc.nat(9),
});
const maybeSite = fc.option(site, { nil: undefined });
const maybeLine = fc.option(
  fc.tuple(file, line).map(([name, at]) => `${name}:${at}`),
  { nil: undefined },
);

/** Makes traces with up to `maxSteps` steps. */
export function anyTrace(maxSteps = 12): fc.Arbitrary<Trace> {
  return fc.integer({ min: 0, max: 6 }).chain((count) => {
    const strand = fc.integer({ min: -1, max: count - 1 });
    const option: fc.Arbitrary<TraceOption> = fc.record({
      kind: fc.constantFrom("external" as const, "held" as const, "timer" as const, "settle" as const),
      strand,
      label: fc.oneof(text, fc.constantFrom("setTimeout 50", "setInterval 1", "setImmediate", "read", "read: answer")),
      site: maybeSite,
      line: maybeLine,
    });
    const event: fc.Arbitrary<TraceEvent> = fc.oneof(
      fc.record({ kind: fc.constant("begins" as const), site, strand }),
      fc.record({ kind: fc.constant("parks" as const), site, isHeld: fc.boolean(), strand }),
      fc.record({ kind: fc.constant("returns" as const), strand }),
      fc.record({ kind: fc.constant("issues" as const), label: text, line: maybeLine, strand }),
      fc.record({ kind: fc.constant("note" as const), text, strand }),
      fc.record({
        kind: fc.constant("lock" as const),
        lock: text,
        event: fc.constantFrom("queued" as const, "granted" as const, "released" as const, "left" as const),
        strand,
      }),
      fc.record({
        kind: fc.constant("access" as const),
        site,
        location: fc.constantFrom("Account#1.balance", "Map#2.*"),
        access: fc.constantFrom("r" as const, "w" as const, "rw" as const),
        strand,
      }),
    );
    const step = fc.record({
      time: fc.nat(2 ** 31),
      taken: fc.option(option, { nil: undefined }),
      width: fc.integer({ min: 1, max: 5 }),
      choice: fc.nat(4),
      native: fc.option(option, { nil: undefined }),
      isRejection: fc.boolean(),
      events: fc.array(event, { maxLength: 6 }),
      hash: fc.constantFrom("0000", "b639"),
    });
    const parked: fc.Arbitrary<TraceParked> = fc.record(
      {
        strand,
        chain: fc.array(site, { maxLength: 3 }),
        lock: fc.record({ name: text, holders: fc.array(strand, { maxLength: 3 }) }),
      },
      { requiredKeys: ["strand", "chain"] },
    );
    return fc.record({
      version: fc.constant(1 as const),
      strands: fc
        .array(fc.tuple(text, fc.constantFrom("0", "0.1", "t")), { minLength: count, maxLength: count })
        .map((all) => all.map(([name, path], index) => ({ index, name, path }))),
      steps: fc
        .array(step, { maxLength: maxSteps })
        .map((all) => all.map((each, index): TraceStep => ({ ...each, step: index }))),
      bodyEnd: fc.option(fc.nat(maxSteps), { nil: undefined }),
      parked: fc.array(parked, { maxLength: 4 }),
      held: fc.array(fc.record({ name: text, holders: fc.array(strand, { maxLength: 3 }) }), { maxLength: 3 }),
      timers: fc.array(option, { maxLength: 3 }),
      inFlight: fc.array(option, { maxLength: 3 }),
    });
  });
}

/** Text a failure may carry anywhere. */
export const anyText: fc.Arbitrary<string> = text;
