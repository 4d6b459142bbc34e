/** Finds the program of a command before anybody waits for a lock: a typing error should not cost an hour in a queue. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What stands in the way of running a program. */
export type NotRunnable = "not found" | "not executable";

/** Looks a program up as execvp does: by path if the name has a slash, else along PATH. */
export function findExecutable(name: string, path: string | undefined): NotRunnable | undefined {
  if (name.includes("/")) return runnable(name);
  let worst: NotRunnable = "not found";
  for (const folder of (path ?? "/usr/local/bin:/usr/bin:/bin").split(delimiter)) {
    const found = runnable(join(folder === "" ? "." : folder, name));
    if (found === undefined) return undefined;
    if (found === "not executable") worst = found;
  }
  return worst;
}

function runnable(file: string): NotRunnable | undefined {
  try {
    if (!statSync(file).isFile()) return "not executable";
  } catch {
    return "not found";
  }
  try {
    accessSync(file, constants.X_OK);
    return undefined;
  } catch {
    return "not executable";
  }
}
