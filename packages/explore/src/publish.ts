/** Writes a failure where the options and the surroundings ask for it: files, and a line for GitHub Actions. */
import { natives } from "./natives.js";
import type { FailureView } from "./report/failure-view.js";
import { githubAnnotation } from "./report/github.js";
import { renderHtml } from "./report/html.js";
import { writeJson } from "./report/json.js";
import type { Trace } from "./trace.js";

/** A failure with all that reports show. */
export interface Publication {
  readonly view: FailureView;
  readonly trace: Trace;
  /** The same program in native order. */
  readonly native: Trace | undefined;
}

async function write(file: string, text: string): Promise<void> {
  const { mkdir, writeFile } = await import("node:fs/promises");
  const path = await import("node:path");
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** Publishes; resolves when the files are written. */
export async function publish(
  { view, trace, native }: Publication,
  files: { readonly json?: string; readonly html?: string },
): Promise<void> {
  const annotation = githubAnnotation(view, trace, natives.process?.env ?? {});
  if (annotation !== undefined) natives.process?.stdout.write(`${annotation}\n`);
  const saved = { failure: view, trace, ...(native === undefined ? {} : { native }) };
  if (files.json !== undefined) await write(files.json, writeJson(saved));
  if (files.html !== undefined) await write(files.html, renderHtml(view, trace, native));
}
