/** A user's project in a temporary folder, with this package linked as npm would: what the hooks see is what users see. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder with files; removed by {@link Project.remove}. */
export class Project {
  readonly folder: string = mkdtempSync(join(tmpdir(), "lockwright-project-"));

  constructor(files: Readonly<Record<string, string>>) {
    this.write("package.json", JSON.stringify({ name: "project", private: true, type: "module" }));
    for (const [file, text] of Object.entries(files)) this.write(file, text);
    this.#link("@lockwright/explore", join(ROOT, "packages/explore"));
    this.#link("vitest", join(ROOT, "node_modules/vitest"));
  }

  #link(name: string, target: string): void {
    const path = join(this.folder, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path, "dir");
  }

  write(file: string, text: string): void {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Runs node in the folder. */
  node(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
    const { NODE_OPTIONS: _options, VITEST: _vitest, NODE_TEST_CONTEXT: _test, CI: _ci, ...inherited } = process.env;
    const ended = spawnSync(process.execPath, args, {
      cwd: this.folder,
      encoding: "utf8",
      timeout: 60_000,
      env: { ...inherited, NO_COLOR: "1", ...env },
    });
    return { code: ended.status, out: ended.stdout, err: ended.stderr };
  }

  nodeTest(file: string, env?: Readonly<Record<string, string>>): Ended {
    return this.node(["--import", "@lockwright/explore/register", "--test", file], env);
  }

  vitest(env?: Readonly<Record<string, string>>): Ended {
    return this.node([join(ROOT, "node_modules/vitest/vitest.mjs"), "run"], env);
  }

  lockwright(args: readonly string[], env?: Readonly<Record<string, string>>): Ended {
    return this.node([join(ROOT, "packages/lockwright/bin/lockwright.js"), ...args], env);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The token that a report printed. */
export function tokenIn({ out, err }: Ended): string | undefined {
  return /lw1[da][^\s~]*~[0-9a-f]{4}/.exec(out + err)?.[0];
}
