/**
 * Property accesses, only in a `track` build: `o.p` becomes `g(o, "p", kind, site).p`. `o` is evaluated once and stays the
 * receiver; private names and `super` keep their meaning; the key is read twice only where reading it does nothing.
 *
 * When: `g` notes an access as the object is at hand. That is too early for a write: in `this.n = this.n + 1` the read
 * comes first, and noted the other way round it would seem that a stale value is written back; in `this.n = this.n +
 * await f()` the write comes after the await, and noted before it, the lost update would not look like one. So if the
 * object is a name or `this`, `w` notes a plain write, and any whose right-hand side awaits, when that side is known.
 *
 * Left alone: what stands behind `?.` in a chain (a call around it would end the chain's short cut), keys that are
 * expressions, decorators and the callee of `new` (a call there is another program).
 */
import { type Expression, type MemberExpression, type Node, visitorKeys } from "oxc-parser";
import type { Rewrite } from "./rewrite.js";
import type { AccessKind } from "./runtime-contract.js";
import type { Scope } from "./scope.js";

/** Notes on the children of a node how they are accessed; runs before they are walked. */
export function noteAccesses(rewrite: Rewrite, node: Node, scope: Scope): void {
  switch (node.type) {
    case "AssignmentExpression":
      return noteAssignment(rewrite, node, scope);
    case "UpdateExpression":
      return note(rewrite, node.argument, "rw");
    case "UnaryExpression":
      if (node.operator === "delete") note(rewrite, node.argument, "w");
      return;
    case "CallExpression":
      return note(rewrite, node.callee, "m");
    case "TaggedTemplateExpression":
      return note(rewrite, node.tag, "m");
    case "NewExpression":
      return leaveChain(rewrite, node.callee);
    case "Decorator":
      return leaveChain(rewrite, node.expression);
    case "ForInStatement":
    case "ForOfStatement":
      return noteTarget(rewrite, node.left);
    case "MemberExpression":
      return openMember(rewrite, node, scope);
    default:
  }
}

function note(rewrite: Rewrite, node: Node, kind: AccessKind): void {
  const target = unwrapped(node);
  if (target.type === "MemberExpression" && !rewrite.accesses.has(target)) rewrite.accesses.set(target, kind);
}

function unwrapped(node: Node): Node {
  let inner = node;
  while (
    inner.type === "ParenthesizedExpression" ||
    inner.type === "TSNonNullExpression" ||
    inner.type === "TSAsExpression" ||
    inner.type === "TSSatisfiesExpression" ||
    inner.type === "TSTypeAssertion" ||
    inner.type === "ChainExpression"
  )
    inner = inner.expression;
  return inner;
}

/** Everything a pattern assigns to is written. */
function noteTarget(rewrite: Rewrite, target: Node): void {
  switch (target.type) {
    case "ArrayPattern":
      for (const element of target.elements) if (element) noteTarget(rewrite, element);
      return;
    case "ObjectPattern":
      for (const property of target.properties) noteTarget(rewrite, property);
      return;
    case "Property":
      return noteTarget(rewrite, target.value);
    case "AssignmentPattern":
      return noteTarget(rewrite, target.left);
    case "RestElement":
      return noteTarget(rewrite, target.argument);
    default:
      return note(rewrite, target, "w");
  }
}

type Assignment = Extract<Node, { type: "AssignmentExpression" }>;

function noteAssignment(rewrite: Rewrite, node: Assignment, scope: Scope): void {
  const target = unwrapped(node.left);
  if (target.type !== "MemberExpression") return noteTarget(rewrite, node.left);
  const isPlain = node.operator === "=";
  const isLate = isPlain || suspends(node.right);
  if (!isLate || !isRepeatable(target.object) || keyOf(rewrite, target) === undefined)
    return note(rewrite, target, isPlain ? "w" : "rw");
  if (isPlain) rewrite.untracked.add(target);
  else note(rewrite, target, "r");
  const site = rewrite.site("access", scope, target);
  const object = rewrite.source(target.object.start, target.object.end);
  rewrite.open(node.right.start, `${rewrite.runtime(scope)}.w((`);
  rewrite.closeLater(node.right.end, `),${object},${keyOf(rewrite, target)},${site})`);
}

function isRepeatable(object: Expression | { type: "Super" }): boolean {
  return object.type === "ThisExpression" || object.type === "Identifier";
}

/** Whether evaluating this may suspend the function it stands in. */
function suspends(node: Node): boolean {
  if (node.type === "AwaitExpression" || node.type === "YieldExpression") return true;
  if (/Function|^Class/.test(node.type)) return false;
  const parts = node as unknown as Record<string, unknown>;
  return (visitorKeys[node.type] ?? []).some((key) =>
    [parts[key]].flat().some((child) => child !== null && child !== undefined && suspends(child as Node)),
  );
}

/** `new a.b.C()`: a call anywhere on the way to `C` would take the arguments; one in parentheses would not. */
function leaveChain(rewrite: Rewrite, callee: Node): void {
  let node = callee;
  for (;;) {
    if (node.type === "MemberExpression") {
      rewrite.untracked.add(node);
      node = node.object;
    } else if (node.type === "CallExpression") node = node.callee;
    else if (node.type === "TSNonNullExpression") node = node.expression;
    else return;
  }
}

function openMember(rewrite: Rewrite, node: MemberExpression, scope: Scope): void {
  if (rewrite.untracked.has(node) || node.object.type === "Super" || isInChain(node.object)) return;
  const key = keyOf(rewrite, node);
  if (key === undefined) return;
  const kind = rewrite.accesses.get(node) ?? "r";
  const site = rewrite.site("access", scope, node);
  rewrite.open(node.object.start, `${rewrite.runtime(scope)}.g(`);
  rewrite.closeLater(node.object.end, `,${key},"${kind}",${site})`);
}

/** Whether an optional link stands in this object, so that the whole chain may end here. */
function isInChain(object: Node): boolean {
  let node = object;
  for (;;) {
    if (node.type === "MemberExpression") {
      if (node.optional) return true;
      node = node.object;
    } else if (node.type === "CallExpression") {
      if (node.optional) return true;
      node = node.callee;
    } else if (node.type === "TSNonNullExpression") node = node.expression;
    else return false;
  }
}

/** The expression for the key; undefined where evaluating it twice could be seen. */
function keyOf(rewrite: Rewrite, node: MemberExpression): string | undefined {
  if (node.property.type === "PrivateIdentifier") return JSON.stringify(`#${node.property.name}`);
  if (!node.computed) return node.property.type === "Identifier" ? JSON.stringify(node.property.name) : undefined;
  const isSimple = node.property.type === "Identifier" || node.property.type === "Literal";
  return isSimple ? rewrite.source(node.property.start, node.property.end) : undefined;
}
