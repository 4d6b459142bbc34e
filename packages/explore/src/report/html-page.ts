/**
 * Style and script of the HTML report. Both are constants, so that the page's policy can name them by their hash and
 * forbid everything else: no other script, no network. A test compares the hashes.
 */

/** The style. Light and dark go by what the reader's system says. */
export const STYLE = `
:root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--ink:#1d1f23;--soft:#62676f;--rule:#e2e3e0;--head:#f4f4f1;
--mark:#fff3d6;--mark-ink:#8a5a00;--bad:#b3261e;--bad-page:#fdecea;--pick:#2557d6;--pick-page:#e9effd;
--h0:#2557d6;--h1:#b4531a;--h2:#1a7f4b;--h3:#8b3fb5;--h4:#0f7c8c;--h5:#a8326b;--h6:#6b7414;--h7:#5a55c8;--h8:#7a7d83}
@media(prefers-color-scheme:dark){:root{--page:#16181b;--card:#1d2024;--ink:#e6e7e9;--soft:#9aa0a8;--rule:#30343a;--head:#24282d;
--mark:#3a2f14;--mark-ink:#f0c060;--bad:#ff8a80;--bad-page:#3a1f1e;--pick:#8fb0ff;--pick-page:#202b45;
--h0:#8fb0ff;--h1:#f2a36b;--h2:#6fd39d;--h3:#d59bf2;--h4:#6cc9d8;--h5:#f08db8;--h6:#c9d163;--h7:#aeaaff;--h8:#a3a7ad}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
code,.cell,.place,.token,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12.5px}
header,main,footer{padding:0 28px}
header{padding-top:26px;max-width:1200px}
h1 code{font-size:.9em;font-weight:600}
h1{margin:.15em 0 .35em;font-size:23px;line-height:1.3;font-weight:650;overflow-wrap:anywhere}
h2{margin:0;font-size:15px;font-weight:650}
h3{margin:14px 0 4px;font-size:13px;font-weight:650}
.test{margin:0;color:var(--soft)}
.error{margin:10px 0;padding:9px 13px;border-left:4px solid var(--bad);border-radius:0 6px 6px 0;background:var(--bad-page);white-space:pre-wrap;overflow-wrap:anywhere;max-height:16em;overflow:auto}
.error b{color:var(--bad)}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:3px 14px;margin:12px 0}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
.token{padding:1px 7px;border:1px solid var(--rule);border-radius:5px;background:var(--card);user-select:all}
.grade{display:inline-block;min-width:1.7em;margin-right:7px;border-radius:5px;text-align:center;font-weight:700;color:var(--page);background:var(--bad)}
.grade.C{background:var(--mark-ink)}
ul{margin:4px 0 10px;padding-left:20px}li{overflow-wrap:anywhere}
.orders{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(560px,100%),1fr));gap:20px;align-items:start;margin-top:18px}
section{min-width:0;border:1px solid var(--rule);border-radius:9px;background:var(--card)}
section>h2{padding:10px 14px}section>h2 small{margin-left:8px;font-weight:400;color:var(--soft)}
.scroll{overflow-x:auto}
table{border-collapse:separate;border-spacing:0;width:100%}
th{padding:5px 9px;border-block:1px solid var(--rule);background:var(--head);font-size:12.5px;text-align:left;white-space:nowrap}
th.lane{border-bottom:2px solid var(--lane)}
td{padding:2px 9px;vertical-align:top}
td.n{width:1%;font-size:13px;color:var(--soft);text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.lane{min-width:150px;background:linear-gradient(var(--lane),var(--lane)) 9px 0/1px 100% no-repeat}
.cell{position:relative;display:block;padding:1px 7px;border-left:3px solid var(--lane);border-radius:0 4px 4px 0;background:var(--head);overflow-wrap:anywhere}
.cell+.cell{margin-top:2px}
.cell.waits{border-left-style:dashed;background:var(--card);color:var(--soft);font-style:italic}
.cell.rejects{color:var(--bad)}
.place{color:var(--soft);white-space:nowrap}
tr[data-step]{cursor:default;outline:none}
tr.departs>td{background-color:var(--mark)}
tr.departs>td.n:first-child{color:var(--mark-ink);font-weight:700}
tr[data-step]:hover>td{background-color:var(--head)}
tr.twin>td{box-shadow:inset 0 1px var(--pick),inset 0 -1px var(--pick)}
tr.selected>td{background-color:var(--pick-page)}
tr[data-step]:focus-visible>td{box-shadow:inset 0 2px var(--pick),inset 0 -2px var(--pick)}
tr.fork>td{padding:3px 9px;border-block:1px dashed var(--pick);color:var(--pick);font-size:12.5px}
tr.fold>td{padding:6px 9px;color:var(--soft);text-align:center}
tr.fails>td{padding:6px 9px;border-top:2px solid var(--bad);color:var(--bad);font-weight:600;overflow-wrap:anywhere}
tr.passes>td{padding:6px 9px;border-top:1px solid var(--rule);color:var(--soft)}
.lane-0{--lane:var(--h0)}.lane-1{--lane:var(--h1)}.lane-2{--lane:var(--h2)}.lane-3{--lane:var(--h3)}.lane-4{--lane:var(--h4)}
.lane-5{--lane:var(--h5)}.lane-6{--lane:var(--h6)}.lane-7{--lane:var(--h7)}.lane-8{--lane:var(--h8)}
#details{position:sticky;bottom:0;margin:18px 0 0;padding:10px 28px 12px;border-top:1px solid var(--rule);background:var(--card);max-height:38vh;overflow:auto;box-shadow:0 -4px 14px rgb(0 0 0/.08)}
#details p{margin:2px 0}#details ul{margin:2px 0}
#details .hint,.legend{color:var(--soft);font-size:12.5px}
.legend{margin:10px 0 0}
kbd{padding:0 5px;border:1px solid var(--rule);border-radius:4px;background:var(--head);font-size:12px}
footer{padding-bottom:22px}
@media print{#details{display:none}}
`;

/** The script: shows what is known of a step, and moves from step to step by keys. */
export const SCRIPT = `
(() => {
  "use strict";
  const details = document.getElementById("details");
  const tables = [...document.querySelectorAll("table")].map((table) => [...table.querySelectorAll("tr[data-step]")]);
  const rows = tables.flat();
  const twinOf = (row) => rows.find((each) => each !== row && each.dataset.event === row.dataset.event && each.closest("table") !== row.closest("table"));
  let selected;
  const select = (row) => {
    if (row === selected) return;
    for (const each of rows) { each.classList.remove("selected", "twin"); each.tabIndex = -1; }
    selected = row;
    row.tabIndex = 0;
    row.classList.add("selected");
    twinOf(row)?.classList.add("twin");
    details.replaceChildren(row.querySelector("template").content.cloneNode(true));
  };
  const go = (row) => { if (row) { select(row); row.focus({ preventScroll: true }); row.scrollIntoView({ block: "nearest" }); } };
  for (const row of rows) {
    row.tabIndex = -1;
    row.addEventListener("focus", () => select(row));
    row.addEventListener("mouseenter", () => select(row));
    row.addEventListener("click", () => go(row));
  }
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !selected) return;
    const table = tables.find((each) => each.includes(selected));
    const at = table.indexOf(selected);
    const other = tables.find((each) => each !== table);
    const moves = {
      ArrowDown: () => table[at + 1], j: () => table[at + 1],
      ArrowUp: () => table[at - 1], k: () => table[at - 1],
      Home: () => table[0], End: () => table[table.length - 1],
      ArrowLeft: () => other && (twinOf(selected) ?? other[Math.min(at, other.length - 1)]),
      ArrowRight: () => other && (twinOf(selected) ?? other[Math.min(at, other.length - 1)]),
      d: () => table.slice(at + 1).find((row) => row.classList.contains("departs")) ?? table.find((row) => row.classList.contains("departs")),
    };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    go(moves[event.key]());
  });
  const first = document.querySelector("tr.departs") ?? rows[rows.length - 1];
  if (first) select(first);
})();
`;

/** SHA-256 of {@link STYLE}, base64. */
export const STYLE_HASH = "pku3LgCaZ8JlGKCbyiP/t0fTs21at735FZY4TCJZbfg=";
/** SHA-256 of {@link SCRIPT}, base64. */
export const SCRIPT_HASH = "O01sFcBD/S4V74yBCHFMh4r3AOkfbK+313QWsSGF/l0=";
