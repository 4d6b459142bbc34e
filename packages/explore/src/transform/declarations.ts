/**
 * Makes a function's statements legal inside a block. At the top of a function a function declaration is like `var`: it
 * may share its name with a `var` or with another function. Inside the `try` block we put around the statements it is
 * like `let`, and the same text is a SyntaxError. Function declarations cannot move out of the block (they see its `let`
 * and `const`), so the other side gives way, in place:
 *
 * - of several functions of one name the last counts: the others become expressions nobody calls;
 * - a `var` that shares its name with a function declares nothing new: `var g = 1, h` becomes `void(g = 1, h)`, and what
 *   else it declared (`h`) is declared before the block.
 *
 * One case is left alone, with the whole function (it runs as un-instrumented code does): sloppy mode, where a function
 * in a nested block also assigns the outer one of its name (Annex B.3.3), which it could not do from inside our block.
 */
import { type Node, type Statement, type VariableDeclaration, visitorKeys } from "oxc-parser";
import type { Rewrite } from "./rewrite.js";

/** What the statements of one function declare for the whole of it. */
interface Declared {
  readonly vars: VariableDeclaration[];
  /** Names of plain functions in nested blocks. */
  readonly nested: Set<string>;
  /** For each `var` in the head of a `for … in` or `for … of`. */
  readonly heads: Set<Node>;
}

/** Edits what would clash; gives what must be declared before the block, or undefined when the function must stay. */
export function reconcile(rewrite: Rewrite, statements: readonly Statement[], isStrict: boolean): string | undefined {
  const functions = new Map<string, Node>();
  const duplicates: Node[] = [];
  for (const statement of statements) {
    const node = unlabelled(statement);
    if (node.type !== "FunctionDeclaration" || !node.id) continue;
    const earlier = functions.get(node.id.name);
    if (earlier) duplicates.push(earlier);
    functions.set(node.id.name, node);
  }
  if (functions.size === 0) return "";
  const declared: Declared = { vars: [], nested: new Set(), heads: new Set() };
  for (const statement of statements) collect(statement, declared, true);
  if (!isStrict && [...declared.nested].some((name) => functions.has(name))) return undefined;
  for (const { start, end } of duplicates) {
    rewrite.open(start, "void ");
    rewrite.closeLater(end, ";");
  }
  const others = new Set<string>();
  for (const declaration of declared.vars) {
    const names = declaration.declarations.flatMap(({ id }) => boundNames(id));
    if (!names.some((name) => functions.has(name))) continue;
    dissolve(rewrite, declaration, declared.heads.has(declaration));
    for (const name of names) if (!functions.has(name)) others.add(name);
  }
  return others.size === 0 ? "" : `var ${[...others].join(",")};`;
}

function unlabelled(statement: Node): Node {
  let node = statement;
  while (node.type === "LabeledStatement") node = node.body;
  return node;
}

function collect(node: Node, declared: Declared, isTop: boolean): void {
  switch (node.type) {
    case "FunctionDeclaration":
      if (!isTop && node.id && !node.async && !node.generator) declared.nested.add(node.id.name);
      return;
    case "VariableDeclaration":
      if (node.kind === "var") declared.vars.push(node);
      return;
    case "ForInStatement":
    case "ForOfStatement":
      declared.heads.add(node.left);
      break;
    default:
      if (!/Statement$|^CatchClause$|^SwitchCase$/.test(node.type)) return;
  }
  const isStillTop = isTop && node.type === "LabeledStatement";
  const parts = node as unknown as Record<string, unknown>;
  for (const key of visitorKeys[node.type] ?? [])
    for (const child of [parts[key]].flat()) if (child) collect(child as Node, declared, isStillTop);
}

function dissolve(rewrite: Rewrite, declaration: VariableDeclaration, isHead: boolean): void {
  const { start, declarations } = declaration;
  // `void` where a statement may begin: a parenthesis there would call what stands on the line before.
  rewrite.replace(start, start + 3, isHead ? "   " : "void(");
  for (const { id } of declarations)
    if ("typeAnnotation" in id && id.typeAnnotation)
      rewrite.replace(id.typeAnnotation.start, id.typeAnnotation.end, "");
  if (!isHead) rewrite.closeLater(declarations.at(-1)!.end, ")");
}

/** Lists the names a binding pattern declares. */
function boundNames(pattern: Node): readonly string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "AssignmentPattern":
      return boundNames(pattern.left);
    case "RestElement":
      return boundNames(pattern.argument);
    case "Property":
      return boundNames(pattern.value);
    case "ArrayPattern":
      return pattern.elements.flatMap((element) => (element ? boundNames(element) : []));
    case "ObjectPattern":
      return pattern.properties.flatMap(boundNames);
    default:
      return [];
  }
}
