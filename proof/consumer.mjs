/**
 * A stranger's project: a fresh folder outside the repository in which the packed tarball is installed, so that a file
 * missing from the package, a wrong export or a leaked development dependency is seen before a user sees it.
 */
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

const npm = (cwd, ...args) =>
  execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });

/** Packs a package as it would be published. Returns the tarball's path. */
export function pack(base, folder) {
  const [{ filename }] = Object.values(JSON.parse(npm(base, "pack", "--json", "--pack-destination", folder)));
  return join(folder, filename);
}

/** Lists built files whose source is gone: `tsc` never deletes, and a stale file would be published. */
export function staleFiles(base) {
  return readdirSync(join(base, "dist"), { recursive: true })
    .filter((file) => file.endsWith(".js") && !existsSync(join(base, "src", file.replace(/\.js$/, ".ts"))))
    .map((file) => `${base}/dist/${file} has no source; remove dist and build again`);
}

/** Makes a project with the tarballs and `packages` (name@range) installed. */
export function makeConsumer(folder, tarballs, packages) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  npm(folder, "install", ...tarballs, ...packages);
  return folder;
}

/** Type-checks and compiles `snippets` in the consumer. Returns the compiler's lines by snippet name. */
export function compile(root, consumer, snippets) {
  const source = join(consumer, "snippets");
  mkdirSync(source, { recursive: true });
  for (const { name, code } of snippets) writeFileSync(join(source, `${name}.ts`), code);
  const compilerOptions = {
    ...JSON.parse(readFileSync(join(root, "tsconfig.base.json"), "utf8")).compilerOptions,
    // A snippet declares what it shows and nothing more; the library's own declarations are checked too.
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    skipLibCheck: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    rootDir: "snippets",
    outDir: "out",
  };
  writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["snippets"] }));
  const errors = new Map();
  try {
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", consumer, "--pretty", "false"], {
      cwd: consumer,
      encoding: "utf8",
    });
  } catch (error) {
    let name = "";
    for (const line of `${error.stdout}${error.stderr}`.split("\n").filter(Boolean)) {
      if (!line.startsWith(" ")) name = /^snippets\/(.*)\.ts\(/.exec(line)?.[1] ?? "elsewhere";
      errors.set(name, `${errors.get(name) ?? ""}${line}\n`);
    }
  }
  return errors;
}

/** Copies a folder's scripts into the consumer, so that they resolve `lockwright` as a user's file does. */
export function copyScripts(from, consumer) {
  mkdirSync(join(consumer, "smoke"), { recursive: true });
  const files = readdirSync(from).filter((file) => file.endsWith(".mjs"));
  for (const file of files) copyFileSync(join(from, file), join(consumer, "smoke", file));
  return files;
}

/** Runs one script in an empty folder of its own. Resolves to its output and, when it failed, the reason. */
export function runScript(node, script, scratch, flags = [], timeout = 20_000) {
  // Below the script, so that a flag may name a package of the project.
  const cwd = flags.length === 0 ? mkdtempSync(join(scratch, "run-")) : dirname(script);
  const env = { ...process.env, HOME: cwd, XDG_STATE_HOME: cwd };
  for (const name of Object.keys(env)) if (/^(LOCKWRIGHT_|NODE_OPTIONS$|npm_)/.test(name)) delete env[name];
  return new Promise((resolve) => {
    const child = spawn(node, [...flags, script], {
      cwd,
      env,
      timeout,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    child.on("error", (error) => resolve({ stdout, failure: error.message }));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve({ stdout });
      const why = signal === "SIGKILL" ? `still running after ${timeout / 1000} s` : `exit ${code ?? signal}`;
      resolve({ stdout, failure: `${why}\n${stdout}${stderr}` });
    });
  });
}

/** Runs `work` over `items`, as many at a time as the machine has cores. */
export async function eachInParallel(items, work) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(8, availableParallelism()) }, worker));
}
