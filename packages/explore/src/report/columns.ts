/** Text in columns of a terminal: how wide it is there, cut and filled to a width, rows folded to a number. */

/** What terminals draw two cells wide: East Asian wide forms and emoji. Approximate, as every such rule is. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
const segments = new Intl.Segmenter();

function widthOfSegment(segment: string): number {
  if (INVISIBLE.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}

/** Cuts or fills `text` to `width` cells. */
export function fit(text: string, width: number): string {
  // Plain ASCII, nearly always: its length is its width.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length <= width ? text.padEnd(width) : `${text.slice(0, width - 1)}…`;
  let cut = "";
  let used = 0;
  let room = "";
  for (const { segment } of segments.segment(text)) {
    const cells = widthOfSegment(segment);
    if (used + cells > width) return room + "…" + " ".repeat(Math.max(0, width - 1 - widthOf(room)));
    cut += segment;
    used += cells;
    if (used < width) room = cut;
  }
  return cut + " ".repeat(width - used);
}

/** How many cells a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of segments.segment(text)) width += widthOfSegment(segment);
  return width;
}

/** A stretch that is left out. */
export interface Fold {
  readonly folded: number;
}

/**
 * Keeps at most `max` of `rows`, folds included: the beginning, the end (twice as much), and of the middle those that are
 * `needed`, the first of them first.
 */
export function foldMiddle<T>(rows: readonly T[], max: number, needed: (row: T) => boolean): readonly (T | Fold)[] {
  if (rows.length <= max) return rows;
  // A row of the middle costs two: itself and the fold behind it.
  const middle = rows.filter(needed).slice(0, Math.floor(max / 4));
  const ends = max - 2 * middle.length - 1;
  const head = Math.max(1, Math.floor(ends / 3));
  const kept = new Set<T>([...rows.slice(0, head), ...middle, ...rows.slice(rows.length - (ends - head))]);
  const shown: (T | Fold)[] = [];
  let folded = 0;
  for (const row of rows) {
    if (!kept.has(row)) {
      folded += 1;
      continue;
    }
    if (folded > 0) shown.push({ folded });
    folded = 0;
    shown.push(row);
  }
  return shown;
}
