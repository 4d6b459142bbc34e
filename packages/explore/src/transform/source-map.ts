/** Source maps: the shape we give, and two maps made one. */
import type { Segments } from "./vlq.js";

/** A source map of version 3, as tools take it. */
export interface SourceMapLike {
  readonly version: 3;
  readonly file?: string;
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
  readonly names: readonly string[];
  readonly mappings: string;
}

/**
 * Chains maps: `later` leads from the result to the middle, `earlier` from there to the source. Each place of the result
 * takes the nearest known place at or before it in the middle, on the same line; where there is none it is our own text.
 */
export function chain(later: Segments, earlier: Segments): Segments {
  return later.map((line) =>
    line.flatMap((segment) => {
      if (segment.length === 1) return [];
      const found = nearest(earlier[segment[2]] ?? [], segment[3]);
      return found ? [[segment[0], 0, found[2], found[3]] as const] : [];
    }),
  );
}

function nearest(line: Segments[number], column: number): readonly [number, number, number, number] | undefined {
  let low = 0;
  let high = line.length - 1;
  let found: readonly [number, number, number, number] | undefined;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const segment = line[middle]!;
    if (segment[0] > column) high = middle - 1;
    else {
      if (segment.length !== 1) found = segment;
      low = middle + 1;
    }
  }
  return found;
}
