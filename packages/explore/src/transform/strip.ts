/**
 * Takes the types out with amaro, Node's own stripper: blanks, so lines and columns stay. What has no blank form (enums,
 * parameter properties, `<T>x`, namespaces) it refuses; then its transform mode prints the file anew, with a map.
 */
// @ts-expect-error amaro ships no types; what we use of it is typed below
import untyped from "amaro";
import { TransformError } from "./transform-error.js";

interface Amaro {
  transformSync(
    source: string,
    options: { readonly mode: "strip-only" | "transform"; readonly sourceMap?: boolean; readonly filename?: string },
  ): { readonly code: string; readonly map?: string };
}

const amaro = untyped as Amaro;

/** A file printed anew. */
export interface Printed {
  readonly code: string;
  /** From the result to what was given, as JSON. */
  readonly map: string;
}

/**
 * Blanks the types of a file, every offset kept; undefined where some of it has no blank form, or is no program.
 *
 * Kept offsets are why a tree of the file as written serves for editing what comes out here: stripping before the edits
 * spares amaro our text, which is as long again as many a file.
 */
export function blank(code: string): string | undefined {
  try {
    const blanked = amaro.transformSync(code, { mode: "strip-only" }).code;
    return blanked.length === code.length ? blanked : undefined;
  } catch {
    return undefined;
  }
}

/** Prints `code` without types; `source` is the file as written, for the place of an error. */
export function printAnew(code: string, source: string, file: string): Printed {
  try {
    const { code: printed, map } = amaro.transformSync(code, { mode: "transform", sourceMap: true, filename: file });
    return { code: printed, map: map as string };
  } catch (error) {
    throw located(error, source, file);
  }
}

/** amaro throws a string with a picture of the place; on the source itself, so that the column is the user's. */
function located(error: unknown, source: string, file: string): TransformError {
  let shown = String(error);
  try {
    amaro.transformSync(source, { mode: "transform" });
  } catch (onSource) {
    shown = String(onSource);
  }
  const reason = /^\s*x (.+)/m.exec(shown)?.[1] ?? shown.split("\n", 1)[0]!;
  const picture = /^ *(\d+) \|.*\n *: ( *)/m.exec(shown);
  const [line, column] = picture ? [Number(picture[1]), picture[2]!.length + 1] : [1, 1];
  return new TransformError(
    file,
    line,
    column,
    `its types cannot be stripped: ${reason}; compile it first, or use @lockwright/explore/vitest`,
  );
}
