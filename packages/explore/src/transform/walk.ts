/**
 * One walk over the tree. Each kind of node has its form, which opens text before the children are walked and leaves
 * closings for after; types are not walked, and what surrounds a child is its {@link Scope}.
 */
import { type AwaitExpression, type Node, visitorKeys } from "oxc-parser";
import { openAwait, openCatch, openFinally, openImport } from "./await.js";
import { isUsing, openBlock, openUsing } from "./disposal.js";
import { type AnyFunction, openFunction } from "./function.js";
import { openReturn, openYield } from "./generator.js";
import { openLoop } from "./loops.js";
import { noteNames, ownerOf } from "./owners.js";
import type { Rewrite } from "./rewrite.js";
import { innerScope, type Scope } from "./scope.js";
import { noteAccesses } from "./track.js";

/** Keys that hold types only. */
const TYPE_KEYS: ReadonlySet<string> = new Set([
  "typeAnnotation",
  "typeArguments",
  "typeParameters",
  "returnType",
  "superTypeArguments",
  "implements",
]);
/** The few TypeScript nodes that hold code. */
const TYPESCRIPT_CODE: ReadonlySet<string> = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSTypeAssertion",
  "TSNonNullExpression",
  "TSInstantiationExpression",
  "TSExportAssignment",
  "TSModuleDeclaration",
  "TSModuleBlock",
  "TSEnumDeclaration",
  "TSEnumBody",
  "TSEnumMember",
  "TSParameterProperty",
]);

/** Kind of node -> the keys below which code may stand. */
const CODE_KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(visitorKeys).map(([type, keys]) => [
    type,
    type.startsWith("TS") && !TYPESCRIPT_CODE.has(type) ? [] : keys.filter((key) => !TYPE_KEYS.has(key)),
  ]),
);

/** Rewrites a node and all below it. */
export function walk(rewrite: Rewrite, node: Node, scope: Scope): void {
  if ("declare" in node && node.declare === true) return;
  const depth = rewrite.depth;
  noteNames(rewrite, node);
  if (rewrite.options.isTracked) noteAccesses(rewrite, node, scope);
  if (isFunction(node)) walkFunction(rewrite, node, scope);
  else if (node.type === "StaticBlock") {
    const inner = innerScope(ownerOf(rewrite, node), true);
    openBlock(rewrite, node, inner);
    walkParts(rewrite, node, inner);
  } else {
    openForm(rewrite, node, scope);
    walkParts(rewrite, node, scope);
  }
  rewrite.closeDownTo(depth);
}

function openForm(rewrite: Rewrite, node: Node, scope: Scope): void {
  switch (node.type) {
    case "AwaitExpression":
      return openAwait(rewrite, node satisfies AwaitExpression, scope);
    case "ImportExpression":
      return openImport(rewrite, node, scope);
    case "YieldExpression":
      return openYield(rewrite, node, scope);
    case "ReturnStatement":
      return openReturn(rewrite, node, scope);
    case "CatchClause":
      return openCatch(rewrite, node, scope);
    case "TryStatement":
      return openFinally(rewrite, node, scope);
    case "LabeledStatement":
    case "ForStatement":
    case "ForOfStatement":
      return openLoop(rewrite, node, scope);
    case "BlockStatement":
      return openBlock(rewrite, node, scope);
    case "VariableDeclaration":
      return openUsing(rewrite, node, scope);
    case "Decorator":
      if (!rewrite.options.isLast) return;
      throw rewrite.refusal(
        node.start,
        "no Node runs decorators: use @lockwright/explore/vitest, or compile the file first and explore the result",
      );
    case "Program":
    case "TSModuleBlock":
      return leaveTopLevelUsing(rewrite, node.body);
    default:
  }
}

/** There is no block a lowered resource of a module could live in: exports and imports must stay at the top. */
function leaveTopLevelUsing(rewrite: Rewrite, statements: readonly Node[]): void {
  if (!rewrite.options.isUsingLowered) return;
  for (const statement of statements) {
    if (!isUsing(statement)) continue;
    rewrite.opened.add(statement);
    if (rewrite.options.isLast)
      throw rewrite.refusal(
        statement.start,
        "this Node cannot run `using`, and at the top of a module it cannot be rewritten: move it into a function, or run Node 24",
      );
  }
}

function isFunction(node: Node): node is AnyFunction {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
  );
}

function walkFunction(rewrite: Rewrite, fn: AnyFunction, scope: Scope): void {
  const scopes = openFunction(rewrite, fn, ownerOf(rewrite, fn), scope);
  for (const param of fn.params) walk(rewrite, param, scopes.params);
  const { body } = fn;
  if (body?.type === "BlockStatement") for (const statement of body.body) walk(rewrite, statement, scopes.body);
  else if (body) walk(rewrite, body, scopes.body);
}

function walkParts(rewrite: Rewrite, node: Node, scope: Scope): void {
  const parts = node as unknown as Record<string, Node | readonly (Node | null)[] | null | undefined>;
  for (const key of CODE_KEYS.get(node.type) ?? []) {
    const part = parts[key];
    if (!part) continue;
    const inner = key === "value" || key === "body" ? scopeBelow(rewrite, node, scope) : scope;
    if (!Array.isArray(part)) walk(rewrite, part as Node, inner);
    else for (const each of part as readonly (Node | null)[]) if (each) walk(rewrite, each, inner);
  }
}

/** Initialisers of fields run as functions of their own; keys and decorators do not. */
function scopeBelow(rewrite: Rewrite, node: Node, scope: Scope): Scope {
  switch (node.type) {
    case "ClassDeclaration":
    case "ClassExpression":
      return scope.isStrict ? scope : { ...scope, isStrict: true };
    case "PropertyDefinition":
    case "AccessorProperty":
      return innerScope(ownerOf(rewrite, node), true);
    default:
      return scope;
  }
}
