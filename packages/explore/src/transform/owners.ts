/** What a person calls a function: its own name, else the name of what it is assigned to where it stands. */
import type { Class, Node } from "oxc-parser";
import type { AnyFunction } from "./function.js";
import type { Rewrite } from "./rewrite.js";

export const MODULE_OWNER = "<module>";
const ANONYMOUS = "<anonymous>";

/** Names a function, a class, or what runs as a function of its own: a field's initialiser, a static block. */
export function ownerOf(rewrite: Rewrite, node: AnyFunction | Class | Node): string {
  if ("id" in node && node.id?.type === "Identifier") return node.id.name;
  return rewrite.contextualNames.get(node) ?? ANONYMOUS;
}

/** Notes the names of functions and classes that stand right below a node. */
export function noteNames(rewrite: Rewrite, node: Node): void {
  switch (node.type) {
    case "VariableDeclarator":
      return name(rewrite, node.init, nameOfTarget(node.id));
    case "AssignmentExpression":
      return name(rewrite, node.right, nameOfTarget(node.left));
    case "AssignmentPattern":
      return name(rewrite, node.right, nameOfTarget(node.left));
    case "Property":
      if (node.method) rewrite.starts.set(node.value, node.start);
      return name(rewrite, node.value, nameOfKey(node.key, node.computed));
    case "ExportDefaultDeclaration":
      return name(rewrite, node.declaration, "default");
    case "ClassDeclaration":
    case "ClassExpression":
      return nameMembers(rewrite, node);
    default:
  }
}

function nameMembers(rewrite: Rewrite, node: Class): void {
  const owner = ownerOf(rewrite, node);
  for (const member of node.body.body) {
    const key = "key" in member ? nameOfKey(member.key, member.computed) : "static";
    const text = `${owner}.${key ?? "[…]"}`;
    rewrite.contextualNames.set(member, text);
    if (member.type === "MethodDefinition") rewrite.starts.set(member.value, member.start);
    if ("value" in member) name(rewrite, member.value, text);
  }
}

function name(rewrite: Rewrite, value: Node | null, text: string | undefined): void {
  let node = value;
  while (
    node?.type === "ParenthesizedExpression" ||
    node?.type === "TSAsExpression" ||
    node?.type === "TSSatisfiesExpression"
  )
    node = node.expression;
  if (text !== undefined && node && /Function|^Class|^Arrow/.test(node.type)) rewrite.contextualNames.set(node, text);
}

function nameOfTarget(target: Node): string | undefined {
  if (target.type === "Identifier") return target.name;
  return target.type === "MemberExpression" ? nameOfKey(target.property, target.computed) : undefined;
}

/** The name of a class member or property, as its site's owner shows it. */
function nameOfKey(key: Node, isComputed: boolean): string | undefined {
  if (key.type === "PrivateIdentifier") return `#${key.name}`;
  if (key.type === "Literal") return String(key.value);
  return key.type === "Identifier" && !isComputed ? key.name : undefined;
}
