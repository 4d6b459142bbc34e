/**
 * The report as a page: one file, nothing loaded, readable years later. Every text of the program is escaped by the
 * template itself, and the page's policy allows our own style and script by their hash and nothing else.
 *
 * Two traces stand side by side: the failing order and native order, the same event marked in both.
 */
import { oneLine, TraceNames } from "../trace-names.js";
import type { Trace } from "../trace.js";
import { type FailureView, gradeText } from "./failure-view.js";
import { SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH } from "./html-page.js";
import { EventNumbers, orderTable } from "./html-table.js";
import { constant, type Markup, markup, prose } from "./markup.js";
import { leftovers } from "./timeline.js";

const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; script-src 'sha256-${SCRIPT_HASH}'; base-uri 'none'; form-action 'none'`;
const MAX_MESSAGE = 10_000;
const MAX_LIST = 100;

/** First step that differs; undefined when one order is the beginning of the other. */
function forkOf(failing: Trace, native: Trace): number | undefined {
  const at = failing.steps.findIndex(({ hash }, step) => native.steps[step]?.hash !== hash);
  return at < 0 ? undefined : at;
}

function bullets(lines: readonly string[]): Markup {
  const more = lines.length > MAX_LIST && markup`<li>and ${lines.length - MAX_LIST} more</li>`;
  return markup`<ul>${lines.slice(0, MAX_LIST).map((line) => markup`<li>${prose(oneLine(line, 400))}</li>`)}${more}</ul>`;
}

function head({ test, error, grade, token, explanation, coverage }: FailureView): Markup {
  const [sentence = "", ...details] = explanation.split("\n");
  const code = error.code === undefined ? "" : ` [${error.code}]`;
  return markup`<header>
<p class="test">${oneLine(test, 300)}</p>
<h1>${prose(oneLine(sentence, 600))}</h1>
${details.length > 0 && bullets(details)}
<div class="error"><b>${error.name}${code}</b> ${error.message.slice(0, MAX_MESSAGE)}</div>
<dl class="facts"><dt>grade</dt><dd><span class="grade ${grade}">${grade}</span>${gradeText(grade).slice(3)}</dd>
<dt>replay</dt><dd><code class="token">${token}</code></dd><dt>coverage</dt><dd>${coverage}</dd></dl>
</header>
`;
}

/** What the signs and keys mean. */
const LEGEND = markup`<p class="legend">► departs from native order · ✓ completes · → comes to wait · ■ ends · <i>dashed</i>: native order goes on here · <kbd>↑</kbd> <kbd>↓</kbd> step · <kbd>←</kbd> <kbd>→</kbd> the same event in the other order · <kbd>d</kbd> next departure</p>`;

/** Draws the page. `native` is the same program in native order; without it the failing order stands alone. */
export function renderHtml(view: FailureView, trace: Trace, native?: Trace): string {
  const fork = native === undefined ? undefined : forkOf(trace, native);
  const numbers = new EventNumbers();
  const failure = `${view.error.name}: ${view.error.message}`;
  const failing = orderTable({ title: "failing order", trace, failure, fork, numbers });
  const beside =
    native !== undefined && orderTable({ title: "native order", trace: native, failure: undefined, fork, numbers });
  const left = leftovers(trace, new TraceNames(trace));
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${constant(POLICY)}">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${oneLine(view.test, 120)}: ${oneLine(view.error.code ?? view.error.name)}</title>
<style>${constant(STYLE)}</style></head><body>
${head(view)}<main>${LEGEND}
<div class="orders">${failing}${beside}</div>
${left.map(([heading, lines]) => markup`<h3>${heading}</h3>${bullets(lines)}`)}</main>
<div id="details" role="status" aria-live="polite"><p class="hint">Point at a step, or move with the arrow keys, to see the source there.</p></div>
<script>${constant(SCRIPT)}</script></body></html>
`.toString();
}
