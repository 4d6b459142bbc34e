/**
 * `await e` becomes `r(a, await p(a, site, isDirect, e))`: `p` pops and is the point, `r` pushes when the value is there.
 * `isDirect` is 0, or `d(a)` where `e` is a call: arguments are evaluated in order, so `d` stands between what the
 * function had begun before and what this operand begins. If the awaited rejects, `r` is not passed; so `catch` and `finally` bodies begin with `c`.
 *
 * Top-level await stays: no activation, nothing to schedule.
 */
import type { AwaitExpression, CatchClause, Expression, ImportExpression, Node, TryStatement } from "oxc-parser";
import type { Rewrite } from "./rewrite.js";
import type { Scope } from "./scope.js";

export function openAwait(rewrite: Rewrite, node: AwaitExpression, scope: Scope): void {
  if (scope.activation === undefined) return;
  const { runtime } = rewrite.names;
  const site = rewrite.site("await", scope, node);
  rewrite.open(node.start, `${runtime}.r(${scope.activation},`);
  rewrite.closeLater(node.end, ")");
  const { start, end } = node.argument;
  const isDirect = isDirectCall(node.argument) ? `${runtime}.d(${scope.activation})` : "0";
  rewrite.wrap(start, end, `${runtime}.p(${scope.activation},${site},${isDirect},`);
}

/** Whether what is awaited was begun by this very expression: then it is the same strand, not a fork. */
function isDirectCall(operand: Expression): boolean {
  let node: Node = operand;
  for (;;) {
    switch (node.type) {
      case "ParenthesizedExpression":
      case "ChainExpression":
      case "TSAsExpression":
      case "TSSatisfiesExpression":
      case "TSTypeAssertion":
      case "TSNonNullExpression":
        node = node.expression;
        continue;
      case "CallExpression":
        return !isPromiseMethod(node.callee);
      default:
        return false;
    }
  }
}

/** `Promise.all([f(), g()])` joins strands that run side by side; they stay strands of their own. */
function isPromiseMethod(callee: Expression): boolean {
  return callee.type === "MemberExpression" && callee.object.type === "Identifier" && callee.object.name === "Promise";
}

export function openCatch(rewrite: Rewrite, node: CatchClause, scope: Scope): void {
  if (scope.activation === undefined) return;
  if (node.param) repushInPattern(rewrite, node.param, scope);
  rewrite.open(node.body.start + 1, rewrite.repush(scope));
}

export function openFinally(rewrite: Rewrite, node: TryStatement, scope: Scope): void {
  if (scope.activation === undefined || !node.finalizer) return;
  rewrite.open(node.finalizer.start + 1, rewrite.repush(scope));
}

/** A dynamic import is real I/O that no hook reports; handed through the runtime it counts as a request. */
export function openImport(rewrite: Rewrite, node: ImportExpression, scope: Scope): void {
  rewrite.open(node.start, `${rewrite.runtime(scope)}.im(`);
  rewrite.closeLater(node.end, ")");
}

/**
 * A pattern is evaluated before the first statement of the body it belongs to: its defaults and computed keys must not
 * run without their activation. What gets its name from the pattern is left alone; making a function runs nothing.
 */
export function repushInPattern(rewrite: Rewrite, pattern: Node, scope: Scope): void {
  const before = (node: Node): void => {
    if (/^(ArrowFunction|Function|Class)Expression$/.test(node.type)) return;
    rewrite.open(node.start, `(${rewrite.names.runtime}.c(${scope.activation}),`);
    rewrite.closeLater(node.end, ")");
  };
  switch (pattern.type) {
    case "AssignmentPattern":
      before(pattern.right);
      return repushInPattern(rewrite, pattern.left, scope);
    case "ArrayPattern":
      for (const element of pattern.elements) if (element) repushInPattern(rewrite, element, scope);
      return;
    case "ObjectPattern":
      for (const property of pattern.properties) repushInPattern(rewrite, property, scope);
      return;
    case "Property":
      if (pattern.computed) before(pattern.key);
      return repushInPattern(rewrite, pattern.value, scope);
    case "RestElement":
      return repushInPattern(rewrite, pattern.argument, scope);
    case "VariableDeclaration":
      for (const { id } of pattern.declarations) repushInPattern(rewrite, id, scope);
      return;
    default:
  }
}
