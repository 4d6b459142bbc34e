/**
 * `using` and `await using`.
 *
 * **Where the running Node has the syntax**, only `await using` in async functions is rewritten: `await using x = e` becomes
 * `const x = e; await using u = ad(a, site, x)`. The language keeps its own order and its own ticks; the wrapper that
 * `ad` gives makes each disposal a point. Leaving the block has awaited, so the block ends in `finally { c }`. One gap: a
 * block whose resources are all null awaits once without a pop, since the language calls nobody; sync disposers after a
 * rejected await run without their activation for the same reason. The lowered form has neither gap.
 *
 * **Where it has not** (Node 20 and 22), both are lowered:
 *
 *     const d = du(); try { const x = e, u = d.add(x, isAsync); … }
 *     catch (e) { c(a); d.fail(e) }
 *     finally { c(a); while (d.next(a, site)) try { r(a, await d.result) } catch (e) { c(a); d.fail(e) } d.end() }
 *
 * The awaits stand in the user's function, not in one of the runtime's, so each costs the ticks the language's would.
 * What the dispose scope owes:
 * - [D1] `add(resource, isAsync)` takes null and undefined, else reads the method at once (`Symbol.asyncDispose`, then
 *   `Symbol.dispose`, only the latter when not async) and throws a TypeError where there is none.
 * - [D2] `next(a, site)` disposes in reverse order. A sync disposer of a sync resource is called and the next one taken.
 *   For an async one it calls the method, puts `p(a, site, 0, what it gave)` in `result` and says true; a sync method
 *   used in its place gives undefined whatever it returned, and still awaits; null and undefined await once at the end
 *   (or before a sync resource) if nothing else did. False: nothing is left.
 * - [D3] `fail(error)` keeps an error; one that is there already becomes the `suppressed` of a SuppressedError. A method
 *   that throws at once is not awaited: `next` calls `fail` and takes the next resource. Only a sync method that throws
 *   in place of an async one is awaited, as a rejection: the language's adapter turns it into one.
 * - [D4] `end()` throws what is kept, else returns; a `return` or `break` of the block then goes on.
 *
 * `for (using x of xs)` takes the resource at the top of each turn; `for (using x = e; …)` becomes a block before the loop.
 * At the top of a module there is no block to put it in: left to a later compiler, refused where there is none.
 */
import type { BlockStatement, ForOfStatement, ForStatement, Node, StaticBlock, VariableDeclaration } from "oxc-parser";
import type { Rewrite } from "./rewrite.js";
import type { Scope } from "./scope.js";

interface Span {
  readonly start: number;
  readonly end: number;
}

export function isUsing(node: Node): node is VariableDeclaration {
  return node.type === "VariableDeclaration" && (node.kind === "using" || node.kind === "await using");
}

function isAsync(node: VariableDeclaration): boolean {
  return node.kind === "await using";
}

/** Whether this declaration is rewritten here, in this build. */
function isRewritten(rewrite: Rewrite, node: Node, scope: Scope): node is VariableDeclaration {
  if (!isUsing(node)) return false;
  return rewrite.options.isUsingLowered || (isAsync(node) && scope.activation !== undefined);
}

export function openBlock(rewrite: Rewrite, node: BlockStatement | StaticBlock, scope: Scope): void {
  const start = node.type === "StaticBlock" ? rewrite.find("{", node.start, node.end) : node.start;
  openDisposal(rewrite, node.body, { start: start + 1, end: node.end - 1 }, scope);
}

/** Puts the disposal around the statements of a block, if one of them declares a resource that is rewritten. */
export function openDisposal(rewrite: Rewrite, statements: readonly Node[], inside: Span, scope: Scope): void {
  const declarations = statements.filter((node) => isRewritten(rewrite, node, scope));
  if (declarations.length === 0) return;
  const [before, after] = around(rewrite, declarations as VariableDeclaration[], scope);
  rewrite.open(inside.start, before);
  rewrite.closeLater(inside.end, after);
}

/** The texts around statements that declare resources. */
function around(rewrite: Rewrite, declarations: readonly VariableDeclaration[], scope: Scope): [string, string] {
  const repush = rewrite.repush(scope);
  if (!rewrite.options.isUsingLowered) return ["try{", `}finally{${repush}}`];
  const { disposal: scopeName, error, runtime } = rewrite.names;
  const before = `const ${scopeName}=${rewrite.runtime(scope)}.du();try{`;
  const caught = `catch(${error}){${repush}${scopeName}.fail(${error})}`;
  const first = declarations.find(isAsync);
  if (!first) return [before, `}${caught}finally{${repush}${scopeName}.next(null,0);${scopeName}.end()}`];
  const activation = scope.activation ?? "null";
  const site = rewrite.site("dispose", scope, first);
  const each = `while(${scopeName}.next(${activation},${site}))try{${runtime}.r(${activation},await ${scopeName}.result)}${caught}`;
  return [before, `}${caught}finally{${repush}${each}${scopeName}.end()}`];
}

/** Rewrites a declaration where it stands: the keyword, and behind each resource what takes it. */
export function openUsing(rewrite: Rewrite, node: VariableDeclaration, scope: Scope): void {
  if (!isRewritten(rewrite, node, scope) || rewrite.opened.has(node)) return;
  const { declarations } = node;
  const tail = rewrite.loopTails.get(node);
  if (tail === undefined) rewrite.replace(node.start, declarations[0]!.start, "const ");
  else rewrite.closeLater(declarations.at(-1)!.end, tail);
  declarations.forEach((declarator, at) => {
    const name = rewrite.source(declarator.id.start, identifierEnd(declarator.id));
    const next = declarations[at + 1];
    if (rewrite.options.isUsingLowered) {
      const taken = `${rewrite.names.disposal}.add(${name},${isAsync(node)})`;
      return rewrite.closeLater(declarator.end, `,${rewrite.newResource()}=${taken}`);
    }
    const taken = nativeTaking(rewrite, name, node, scope);
    if (!next) return rewrite.closeLater(declarator.end, `;${taken}`);
    const comma = rewrite.find(",", declarator.end, next.start);
    rewrite.replace(comma, comma + 1, `;${taken};const `);
  });
}

function nativeTaking(rewrite: Rewrite, name: string, node: VariableDeclaration, scope: Scope): string {
  const site = rewrite.site("dispose", scope, node);
  return `await using ${rewrite.newResource()}=${rewrite.names.runtime}.ad(${scope.activation},${site},${name})`;
}

/** A resource's name without its type. */
function identifierEnd(id: Node): number {
  return "typeAnnotation" in id && id.typeAnnotation ? (id.typeAnnotation as Span).start : id.end;
}

/** Opens a loop whose head declares a resource; `outermost` is the loop or its outermost label. */
export function openUsingHead(
  rewrite: Rewrite,
  loop: ForOfStatement | ForStatement,
  outermost: Node,
  scope: Scope,
): void {
  const head = loop.type === "ForOfStatement" ? loop.left : loop.init;
  if (!head || !isRewritten(rewrite, head, scope)) return;
  const [before, after] = around(rewrite, [head], scope);
  if (loop.type === "ForStatement") return openUsingFor(rewrite, loop, outermost, head, [before, after]);
  const { id } = head.declarations[0]!;
  const name = rewrite.source(id.start, identifierEnd(id));
  const taken = rewrite.options.isUsingLowered
    ? `${rewrite.names.disposal}.add(${name},${isAsync(head)})`
    : nativeTaking(rewrite, name, head, scope);
  rewrite.opened.add(head);
  rewrite.replace(head.start, id.start, "const ");
  rewrite.open(loop.body.start, `{${rewrite.repush(scope)}${before}${taken};`);
  rewrite.closeLater(loop.body.end, `${after}}`);
}

function openUsingFor(
  rewrite: Rewrite,
  loop: ForStatement,
  outermost: Node,
  head: VariableDeclaration,
  [before, after]: readonly [string, string],
): void {
  // The labels go where the loop begins now: `continue label` must find a loop.
  const labels = rewrite.source(outermost.start, loop.start).replace(/\/\*[^]*?\*\/|\/\/.*|\s/g, "");
  rewrite.open(outermost.start, `{${before}`);
  rewrite.replace(outermost.start, head.declarations[0]!.start, "const ");
  rewrite.loopTails.set(head, `;${labels}for(`);
  rewrite.closeLater(outermost.end, `${after}}`);
}
