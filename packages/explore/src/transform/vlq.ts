/** The base 64 numbers of a source map's `mappings`, both ways. */

/** One mapped place: generated column, source, line, column; all from 0. A place of one number belongs to no source. */
export type Segment = readonly [number] | readonly [number, number, number, number];
/** The mapped places of each generated line. */
export type Segments = readonly (readonly Segment[])[];

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES: ReadonlyMap<string, number> = new Map(Array.from(DIGITS, (digit, value) => [digit, value]));

/** Reads mappings. Names are dropped. */
export function decode(mappings: string): Segments {
  const from = [0, 0, 0, 0];
  return mappings.split(";").map((line) => {
    from[0] = 0;
    return line
      .split(",")
      .filter(Boolean)
      .map((text): Segment => {
        numbers(text).forEach((delta, at) => {
          if (at < 4) from[at]! += delta;
        });
        return text.length > 0 && numbers(text).length === 1 ? [from[0]!] : [from[0]!, from[1]!, from[2]!, from[3]!];
      });
  });
}

function numbers(text: string): readonly number[] {
  const found: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of text) {
    const bits = VALUES.get(digit) ?? 0;
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    found.push(value & 1 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return found;
}

/** Writes mappings. */
export function encode(lines: Segments): string {
  const from = [0, 0, 0, 0];
  return lines
    .map((line) => {
      from[0] = 0;
      return line
        .map((segment) =>
          segment
            .map((value, at) => {
              const text = digits(value - from[at]!);
              from[at] = value;
              return text;
            })
            .join(""),
        )
        .join(",");
    })
    .join(";");
}

function digits(delta: number): string {
  let left = delta < 0 ? (-delta << 1) | 1 : delta << 1;
  let text = "";
  do {
    const bits = left & 31;
    left >>>= 5;
    text += DIGITS[left > 0 ? bits | 32 : bits];
  } while (left > 0);
  return text;
}
