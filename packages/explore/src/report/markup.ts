/**
 * HTML that escapes by default: whatever is put into the template is text, unless it is markup itself. So an escape that
 * was forgotten cannot be written.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/**
 * Escapes text for an element or a quoted attribute. What no HTML may hold (controls, half
 * characters), and what would turn the direction of writing of all that follows, becomes U+FFFD.
 */
export function escapeHtml(text: string): string {
  return (
    text
      .toWellFormed()
      // oxlint-disable-next-line no-control-regex -- exactly those
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "\ufffd")
      .replace(/[&<>"'`]/g, (character) => ENTITIES[character]!)
  );
}

/** Finished HTML. Only {@link markup} and {@link constant} make it. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

type Content = string | number | Markup | undefined | false | readonly Content[];

function render(content: Content): string {
  if (content === undefined || content === false) return "";
  if (content instanceof Markup) return content.toString();
  if (Array.isArray(content)) return (content as readonly Content[]).map(render).join("");
  return escapeHtml(String(content as string | number));
}

/** Makes HTML (not called `html`: formatters add white space to templates of that name); every `${…}` that is no markup is escaped. */
export function markup(literal: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(literal.map((text, at) => (at === 0 ? text : render(contents[at - 1]) + text)).join(""));
}

/** Sets what stands between a pair of backticks as code. */
export function prose(text: string): Markup {
  const parts = text.split(/`([^`]*)`/);
  return markup`${parts.map((part, at) => (at % 2 === 0 ? part : markup`<code>${part}</code>`))}`;
}

/** Takes our own style or script as it is. Never for text of a program. */
export function constant(text: string): Markup {
  return new Markup(text);
}
