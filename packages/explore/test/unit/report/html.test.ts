import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Mutex } from "../../../../lockwright/src/index.js";
import { renderHtml } from "../../../src/report/html.js";
import { SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH } from "../../../src/report/html-page.js";
import { anyTrace, HOSTILE } from "../../support/any-trace.js";
import { anyFailure, failureOf } from "../../support/failure.js";
import { lockOrder, lostUpdate } from "../../support/programs.js";
import { pick, record } from "../../support/scripted.js";

const TAGS =
  "b|body|code|dd|div|dl|dt|h1|h2|h3|head|header|html|i|kbd|li|main|meta|p|section|small|span|table|tbody|td|template|th|thead|title|tr|ul";
const ATTRIBUTE = ` (?:aria-label|aria-live|charset|class|colspan|content|data-event|data-step|http-equiv|id|lang|name|role|scope|tabindex|title)="[^"<>]*"`;
const TAG = new RegExp(`^(?:!doctype html|/?(?:${TAGS}))(?:${ATTRIBUTE})*$`);

/** What stands in the page as a tag and is none of ours. */
function foreignTags(page: string): string[] {
  const own = page.replace(`<style>${STYLE}</style>`, "").replace(`<script>${SCRIPT}</script>`, "");
  return own
    .split("<")
    .slice(1)
    .map((part) => part.slice(0, Math.max(part.indexOf(">"), 0)))
    .filter((tag) => !TAG.test(tag));
}

describe("the page", () => {
  test("allows its own style and script and nothing else", async () => {
    const { trace } = await record(lostUpdate, { departures: [pick(4)] });
    const page = renderHtml(failureOf(trace), trace);
    const hash = (text: string): string => createHash("sha256").update(text).digest("base64");
    expect({ style: hash(STYLE), script: hash(SCRIPT) }).toEqual({ style: STYLE_HASH, script: SCRIPT_HASH });
    expect(page).toContain(
      `content="default-src 'none'; style-src 'sha256-${STYLE_HASH}'; script-src 'sha256-${SCRIPT_HASH}'; base-uri 'none'; form-action 'none'"`,
    );
    expect(page).toContain(`<style>${STYLE}</style>`);
    expect(page).toContain(`<script>${SCRIPT}</script>`);
    expect(page).not.toMatch(/https?:\/\/|url\(|@import| (?:src|href)=/);
  });

  test("shows lanes, the departure, the source, and native order beside it from where they differ", async () => {
    const { trace } = await record(lostUpdate, { departures: [pick(4)] });
    const { trace: native } = await record(lostUpdate);
    const page = renderHtml(failureOf(trace), trace, native);
    const [failing = "", beside = ""] = page.split('<section aria-label="native order">');
    for (const lane of ["body", "withdraw", "late"]) expect(failing).toContain(`">${lane}</th>`);
    expect(failing.match(/class="departs"/g)).toHaveLength(1);
    expect(beside).not.toContain('class="departs"');
    expect(failing).toMatch(/from here on the two orders differ<\/td><\/tr>\s*<tr data-step="5"/);
    expect(failing).toContain("<code>db.write(balance - amount)</code>");
    expect(failing).toContain("/shop/src/bank.ts:12:3 in withdraw");
    // One event has one number on both sides, wherever it stands.
    const numbers = (html: string): string[] => [...html.matchAll(/data-event="(\d+)"/g)].map((each) => each[1]!);
    expect(numbers(beside).toSorted()).toEqual(numbers(failing).toSorted());
    expect(numbers(beside)).not.toEqual(numbers(failing));
  });

  test("lists parked strands with their locks", async () => {
    const { trace } = await record(lockOrder((name) => new Mutex({ name })));
    const page = renderHtml(failureOf(trace), trace);
    expect(page).toContain("<h3>still waiting</h3>");
    expect(page).toContain(
      "transfer #1 waits at <code>to.acquire()</code> (transfer.ts:13) for account b, held by transfer #2",
    );
  });

  test("stays small for a long run", () => {
    const [step] = fc.sample(
      anyTrace(1).filter(({ steps }) => steps.length === 1),
      { seed: 1, numRuns: 1 },
    );
    const trace = { ...step!, steps: Array.from({ length: 5000 }, (_, at) => ({ ...step!.steps[0]!, step: at })) };
    const page = renderHtml(failureOf(step!), trace);
    expect(page.match(/<tr data-step/g)!.length).toBeLessThanOrEqual(1000);
  });
});

describe("hostile text", () => {
  test("stays text wherever it stands", () => {
    fc.assert(
      fc.property(anyFailure, anyTrace(), fc.option(anyTrace(), { nil: undefined }), (view, trace, native) => {
        const page = renderHtml(view, trace, native);
        expect(foreignTags(page)).toEqual([]);
        expect(page.isWellFormed()).toBe(true);
        // oxlint-disable-next-line no-control-regex -- exactly those must not get through
        expect(page).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u2028-\u202e]/);
      }),
      { numRuns: 60 },
    );
  });

  test("of every kind at once is escaped in names, messages, sources and attributes", async () => {
    const { trace } = await record(lostUpdate, { departures: [pick(4)] });
    const evil = HOSTILE.join(" ");
    const text = JSON.stringify(trace)
      .replaceAll('"withdraw"', JSON.stringify(evil))
      .replaceAll("bank.ts", "<img onerror=x>.ts");
    const hostile = JSON.parse(text) as typeof trace;
    const page = renderHtml(
      failureOf(hostile, { test: evil, error: { name: evil, message: evil }, coverage: evil, explanation: evil }),
      hostile,
    );
    if (process.env["LOCKWRIGHT_KEEP_PAGE"] !== undefined) writeFileSync(process.env["LOCKWRIGHT_KEEP_PAGE"], page);
    expect(foreignTags(page)).toEqual([]);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toContain("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
  });
});
