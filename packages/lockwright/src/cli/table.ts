/**
 * Rows in aligned columns, by the width text takes on a terminal.
 *
 * On a terminal a row that is too long is cut in the columns that may be; into a pipe everything goes in full.
 */

/** A column and how its cells are written. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** May be cut when the terminal is too narrow. */
  readonly cut?: boolean;
}

const GAP = "  ";
/** A column is never cut below this. */
const LEAST = 8;

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
// East Asian wide and fullwidth forms (Unicode UAX #11, the blocks that matter); emoji are matched by their property.
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|^\p{Emoji}\ufe0f/u;

/** The cells a text takes on a terminal. */
export function textWidth(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += widthOf(segment);
  return width;
}

function widthOf(segment: string): number {
  if (/^[\p{M}\p{Cf}]/u.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}

/** Cuts a text to `width` cells, the last of them an ellipsis. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Writes a title line and one line per row; `available` is the terminal's width, undefined for none. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  available: number | undefined,
): string[] {
  const all = [columns.map(({ title }) => title), ...rows];
  const natural = columns.map((_, index) => Math.max(...all.map((row) => textWidth(row[index] ?? ""))));
  const widths = available === undefined ? natural : fitted(columns, natural, available);
  return all.map((row) => lineOf(columns, row, widths));
}

function lineOf(columns: readonly Column[], row: readonly string[], widths: readonly number[]): string {
  const cells = columns.map(({ align }, index) => {
    const width = widths[index] ?? 0;
    const shown = cutText(row[index] ?? "", width);
    const fill = " ".repeat(Math.max(0, width - textWidth(shown)));
    return align === "right" ? fill + shown : shown + fill;
  });
  return cells.join(GAP).trimEnd();
}

/** Takes what is too much from the widest column that may be cut, again and again. */
function fitted(columns: readonly Column[], natural: readonly number[], available: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1) - available;
  while (excess > 0) {
    const widest = widths.reduce(
      (best, width, index) =>
        columns[index]?.cut === true && width > (widths[best] ?? 0) * Number(columns[best]?.cut === true)
          ? index
          : best,
      0,
    );
    const width = widths[widest] ?? 0;
    if (columns[widest]?.cut !== true || width <= LEAST) break;
    widths[widest] = width - 1;
    excess -= 1;
  }
  return widths;
}
