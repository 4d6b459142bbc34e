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

/** JavaScript, and where it stood if it stands elsewhere now. */
export interface Stripped {
  readonly code: string;
  /** From the result to what was given, as JSON; undefined when nothing has moved. */
  readonly map: string | undefined;
}

/** Strips `code`; `source` is the file as written, for the place of an error. */
export function strip(code: string, source: string, file: string): Stripped {
  try {
    return { code: amaro.transformSync(code, { mode: "strip-only" }).code, map: undefined };
  } catch {
    return printAnew(code, source, file);
  }
}

function printAnew(code: string, source: string, file: string): Stripped {
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
