/**
 * `for await (x of e)`: the iterable goes through `it`, whose steps are the points; the body begins with `c`, since the
 * value arrives without passing `r`; and the whole loop stands in `try … finally { c }`, since leaving it early awaits the
 * iterator's `return`, however it is left: by `break`, by `continue` of an outer loop, by a throw.
 *
 * The `try` goes before the labels of the loop, so `continue label` still finds a loop, and it is one statement, so it
 * may stand under an `if`.
 */
import type { ForOfStatement, ForStatement, Node } from "oxc-parser";
import { repushInPattern } from "./await.js";
import { openUsingHead } from "./disposal.js";
import type { Rewrite } from "./rewrite.js";
import type { Scope } from "./scope.js";

/** Opens a loop, with its labels if it has any: a labelled loop is met at its outermost label first. */
export function openLoop(rewrite: Rewrite, node: Node, scope: Scope): void {
  let loop = node;
  while (loop.type === "LabeledStatement") loop = loop.body;
  if ((loop.type !== "ForOfStatement" && loop.type !== "ForStatement") || rewrite.opened.has(loop)) return;
  rewrite.opened.add(loop);
  if (loop.type === "ForOfStatement" && loop.await && scope.activation !== undefined)
    openForAwait(rewrite, loop, node, scope);
  openUsingHead(rewrite, loop satisfies ForStatement | ForOfStatement, node, scope);
}

function openForAwait(rewrite: Rewrite, loop: ForOfStatement, outermost: Node, scope: Scope): void {
  const repush = rewrite.repush(scope);
  const site = rewrite.site("for-await", scope, { start: loop.start, end: loop.body.start });
  rewrite.open(outermost.start, "try{");
  rewrite.closeLater(outermost.end, `}finally{${repush}}`);
  repushInPattern(rewrite, loop.left, scope);
  rewrite.wrap(loop.right.start, loop.right.end, `${rewrite.names.runtime}.it(${scope.activation},${site},`);
  if (loop.body.type === "BlockStatement") return rewrite.open(loop.body.start + 1, repush);
  rewrite.open(loop.body.start, `{${repush}`);
  rewrite.closeLater(loop.body.end, "}");
}
