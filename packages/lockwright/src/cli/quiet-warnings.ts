/**
 * Keeps one warning off stderr: that `node:sqlite` is experimental, which Node 22 says each time. It tells the user of a
 * command line nothing to act on; every other warning passes.
 */
export function dropSqliteWarning(): void {
  const listeners = process.listeners("warning");
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    if (warning.name === "ExperimentalWarning" && warning.message.startsWith("SQLite ")) return;
    for (const listener of listeners) listener.call(process, warning);
  });
}
