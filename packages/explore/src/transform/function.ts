/**
 * `async function f(){ … }` becomes `{ const a = enter(site); try { … } finally { exit(a) } }`, behind the directives. An
 * arrow's expression becomes a block, opened where the expression begins (not behind a `=>`: one may stand in a
 * comment). Bodies without a statement suspend nothing and stay.
 *
 * Parameters stay outside: a default that throws rejects before the call has begun, as it does without us.
 */
import type { ArrowFunctionExpression, BlockStatement, Function as FunctionNode } from "oxc-parser";
import { reconcile } from "./declarations.js";
import { isUsing, openDisposal } from "./disposal.js";
import type { Rewrite } from "./rewrite.js";
import { innerScope, type Scope } from "./scope.js";

export type AnyFunction = FunctionNode | ArrowFunctionExpression;

/** The surroundings of a function's parts. */
export interface FunctionScopes {
  readonly params: Scope;
  readonly body: Scope;
}

/** Opens a function; gives the surroundings its parts are walked with. */
export function openFunction(rewrite: Rewrite, fn: AnyFunction, owner: string, scope: Scope): FunctionScopes {
  const { body } = fn;
  joinParameters(rewrite, fn);
  if (!body) return { params: scope, body: scope };
  const params = innerScope(owner, scope.isStrict || isStrictBody(body));
  if (body.type !== "BlockStatement") return { params, body: openExpression(rewrite, fn, params, scope) };
  return { params, body: openBlock(rewrite, fn, body, params, scope) };
}

/**
 * Where the type parameters of an async arrow span lines, blanking them leaves a line end between `async` and `(`, and
 * the grammar has none there: the parenthesis goes up to where the type parameters began. (Later amaros do it themselves.)
 */
function joinParameters(rewrite: Rewrite, fn: AnyFunction): void {
  const types = fn.typeParameters;
  if (!types || !rewrite.options.isBlanked || !fn.async || fn.type !== "ArrowFunctionExpression") return;
  const parenthesis = rewrite.find("(", types.end, fn.body.start);
  if (!rewrite.source(types.start, parenthesis).includes("\n")) return;
  rewrite.replace(types.start, types.start + 1, "(");
  rewrite.replace(parenthesis, parenthesis + 1, " ");
}

function activated(rewrite: Rewrite, fn: AnyFunction, inner: Scope): Scope {
  return { ...inner, activation: rewrite.names.activation, isAsyncGenerator: fn.generator };
}

/** The texts before and after what runs in an activation. */
function activation(rewrite: Rewrite, fn: AnyFunction, inner: Scope, outer: Scope): readonly [string, string] {
  const { runtime, activation: name } = rewrite.names;
  const start = rewrite.starts.get(fn) ?? fn.start;
  const site = rewrite.site("function", outer, { start, end: fn.end }, inner.owner);
  return [`const ${name}=${rewrite.runtime(outer)}.enter(${site});try{`, `}finally{${runtime}.exit(${name})}`];
}

function openExpression(rewrite: Rewrite, fn: AnyFunction, inner: Scope, outer: Scope): Scope {
  if (!fn.async || !fn.body) return inner;
  const [before, after] = activation(rewrite, fn, inner, outer);
  rewrite.open(fn.body.start, `{${before}return(`);
  rewrite.closeLater(fn.body.end, `)${after}}`);
  return activated(rewrite, fn, inner);
}

function openBlock(rewrite: Rewrite, fn: AnyFunction, body: BlockStatement, inner: Scope, outer: Scope): Scope {
  const directive = body.body.findLast(isDirective);
  const statements = directive ? body.body.slice(body.body.indexOf(directive) + 1) : body.body;
  const isLowered = rewrite.options.isUsingLowered && statements.some(isUsing);
  if (statements.length === 0 || (!fn.async && !isLowered)) return inner;
  const hoisted = reconcile(rewrite, statements, inner.isStrict);
  if (hoisted === undefined) return inner;
  const start = directive?.end ?? body.start + 1;
  const [before, after] = fn.async ? activation(rewrite, fn, inner, outer) : ["", ""];
  rewrite.open(start, (directive ? ";" : "") + hoisted + before);
  rewrite.closeLater(body.end - 1, after);
  const scope = fn.async ? activated(rewrite, fn, inner) : inner;
  if (isLowered) openDisposal(rewrite, statements, { start, end: body.end - 1 }, scope);
  return scope;
}

function isDirective(statement: BlockStatement["body"][number]): boolean {
  return "directive" in statement && typeof statement.directive === "string";
}

function isStrictBody(body: NonNullable<AnyFunction["body"]>): boolean {
  return (
    body.type === "BlockStatement" &&
    body.body.some((statement) => "directive" in statement && statement.directive === "use strict")
  );
}
