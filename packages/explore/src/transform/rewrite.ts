/**
 * The edits of one file. Text is inserted, keywords are replaced by keywords; nothing moves to another line.
 *
 * Two insertions at one offset are the trap: `await await x` opens twice before `x` and closes twice after it. Rule:
 * openings are made before the children are walked and go right of the offset, in that order; closings are made after,
 * in reverse, and go left of it. So whatever ends at an offset ends before what begins there, and all of it nests.
 */
import MagicString from "magic-string";
import type { Comment, Node } from "oxc-parser";
import type { SiteKind } from "../sites.js";
import { type InjectedNames, injectedNames } from "./names.js";
import type { ParsedFile } from "./parse.js";
import type { Positions } from "./positions.js";
import type { AccessKind } from "./runtime-contract.js";
import type { Scope } from "./scope.js";
import { SiteList } from "./site-list.js";
import { TransformError } from "./transform-error.js";

const WORD_END = /[\w$\u0080-\uFFFF]/;

/** What the forms are told of the options. */
export interface RewriteOptions {
  readonly isTracked: boolean;
  readonly isUsingLowered: boolean;
  /** Nothing compiles the file after us: what no Node runs must be refused here. */
  readonly isLast: boolean;
  /** What is edited has its types blanked already. */
  readonly isBlanked: boolean;
}

/** One file under edit, and what parents note for the nodes below them. */
export class Rewrite {
  readonly text: MagicString;
  readonly names: InjectedNames;
  readonly sites: SiteList;
  readonly positions: Positions;
  /** A function or class -> its name where it stands, from what it is assigned to. */
  readonly contextualNames: Map<Node, string> = new Map();
  /** The function of a method -> where the method begins: its tree begins at the parenthesis. */
  readonly starts: Map<Node, number> = new Map();
  /** A member expression -> how it is accessed; a plain read has no entry. */
  readonly accesses: Map<Node, AccessKind> = new Map();
  /** Member expressions that must stay as they are: the callee of `new`, a decorator. */
  readonly untracked: Set<Node> = new Set();
  /** Loops that were opened with their labels, and heads that were rewritten with their loops. */
  readonly opened: Set<Node> = new Set();
  /** The head of a `for (using …;;)` -> the text that begins the loop after it. */
  readonly loopTails: Map<Node, string> = new Map();
  readonly options: RewriteOptions;
  readonly #code: string;
  readonly #file: string;
  readonly #comments: readonly Comment[];
  /** Pairs of offset and text, outermost first. */
  readonly #closings: { readonly offset: number; readonly text: string }[] = [];
  #resources = 0;
  #hasEdits = false;

  /** `text` is what is edited: `code`, or `code` with its types blanked. */
  constructor(code: string, text: string, file: string, parsed: ParsedFile, options: RewriteOptions) {
    this.#code = code;
    this.#file = file;
    this.#comments = parsed.comments;
    this.positions = parsed.positions;
    this.options = options;
    this.text = new MagicString(text);
    this.names = injectedNames(code);
    this.sites = new SiteList(code, parsed.positions);
  }

  /** Whether any code calls the runtime. */
  get hasEdits(): boolean {
    return this.#hasEdits;
  }

  get depth(): number {
    return this.#closings.length;
  }

  /** Inserts before the character at `offset`; to be called before the children are walked. */
  open(offset: number, text: string): void {
    this.#hasEdits = true;
    this.text.appendRight(offset, text);
  }

  /** Keeps a closing until the children are walked. */
  closeLater(offset: number, text: string): void {
    this.#closings.push({ offset, text });
  }

  /** Makes the closings kept since `depth`, innermost first. */
  closeDownTo(depth: number): void {
    while (this.#closings.length > depth) {
      const { offset, text } = this.#closings.pop()!;
      this.text.appendLeft(offset, text);
    }
  }

  /** Puts a call around [start, end); a space where its name would run into the word before. */
  wrap(start: number, end: number, head: string, tail: string = ")"): void {
    this.open(start, WORD_END.test(this.#code.charAt(start - 1)) ? ` ${head}` : head);
    this.closeLater(end, tail);
  }

  /** Replaces [start, end), keeping its line ends and what is inserted at it. */
  replace(start: number, end: number, text: string): void {
    this.#hasEdits = true;
    const lineEnds = this.#code.slice(start, end).replace(/[^\r\n]/g, "");
    this.text.update(start, end, lineEnds + text);
  }

  /** Enters a site; gives the expression that is its global id. */
  site(kind: SiteKind, scope: Scope, node: { start: number; end: number }, text?: string): string {
    return `${this.names.base}+${this.sites.add(kind, scope, node.start, node.end, text)}`;
  }

  /**
   * Gives the expression for the runtime. Only inside an activation is it known to be found already: a function
   * declaration is hoisted, and an import cycle may call it before this module's first line has run. It begins with a
   * name, never with a parenthesis: that would join a statement to a line before it that has no semicolon.
   */
  runtime(scope: Scope): string {
    const { runtime, init } = this.names;
    return scope.activation === undefined ? `${init}()` : runtime;
  }

  /** The statement that pushes the activation again; empty where there is none. */
  repush(scope: Scope): string {
    return scope.activation === undefined ? "" : `${this.names.runtime}.c(${scope.activation});`;
  }

  newResource(): string {
    return `${this.names.resource}${++this.#resources}`;
  }

  source(start: number, end: number): string {
    return this.#code.slice(start, end);
  }

  /** Finds the first `token` in [from, to) outside comments. */
  find(token: string, from: number, to: number): number {
    for (let at = this.#code.indexOf(token, from); at !== -1 && at < to; at = this.#code.indexOf(token, at + 1))
      if (!this.#comments.some((comment) => comment.start <= at && at < comment.end)) return at;
    throw this.refusal(from, `no "${token}" found where the grammar has one; report it with this line`);
  }

  refusal(offset: number, reason: string): TransformError {
    const { line, column } = this.positions.at(offset);
    return new TransformError(this.#file, line, column, reason);
  }
}
