/**
 * Async generators. `yield e` awaits `e`, hands it out and waits for `next`: it pops with `y` and pushes with `r`.
 * `return e` awaits `e` too, so it pops; nothing of the function runs after it but `finally` bodies, which push.
 *
 * `yield*` pops before it delegates: whoever calls `next` then talks to the inner generator directly, and ours is not
 * running although it stands between them.
 */
import type { ReturnStatement, YieldExpression } from "oxc-parser";
import type { Rewrite } from "./rewrite.js";
import type { Scope } from "./scope.js";

export function openYield(rewrite: Rewrite, node: YieldExpression, scope: Scope): void {
  if (!scope.isAsyncGenerator || scope.activation === undefined) return;
  const { runtime } = rewrite.names;
  rewrite.open(node.start, `${runtime}.r(${scope.activation},`);
  rewrite.closeLater(node.end, node.argument ? ")" : ` ${runtime}.y(${scope.activation}))`);
  if (node.argument) rewrite.wrap(node.argument.start, node.argument.end, `${runtime}.y(${scope.activation},`);
}

export function openReturn(rewrite: Rewrite, node: ReturnStatement, scope: Scope): void {
  if (!scope.isAsyncGenerator || scope.activation === undefined || !node.argument) return;
  const { start, end } = node.argument;
  // The parentheses keep `return a, b` one argument.
  rewrite.wrap(start, end, `${rewrite.names.runtime}.y(${scope.activation},(`, "))");
}
