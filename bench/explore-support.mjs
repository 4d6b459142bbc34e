/** What the explorer's scenarios share: the process with the hooks, the peers, and how each runs a program of the zoo. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Runs a file of this folder in a process that transforms what it loads. */
export function runExplored(file) {
  const hooks = new URL("../packages/explore/dist/hooks/register.js", import.meta.url).href;
  const args = ["--import", hooks, here(file), ...process.argv.slice(2)];
  const run = spawnSync(process.execPath, args, { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
}

/** fast-check is the workspace's own development dependency. */
export const fc = createRequire(here("../package.json"))("fast-check");

/** Rejects after `ms`: a program that hangs has failed, and a loop over it must go on. */
export async function within(ms, promise) {
  let timer;
  const hang = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("hangs")), ms);
  });
  try {
    await Promise.race([promise, hang]);
  } finally {
    clearTimeout(timer);
  }
}

const settle = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** The explorer of a body that runs without one: checks are made whenever an I/O call completes, and at the end. */
export class PlainWorld {
  #checks = [];
  #failure = undefined;
  now = 0;
  io = (fake) => fake;
  note = () => {};
  spawn = (_, fn) => fn();
  settled = () => settle();
  invariant = (check) => void this.#checks.push(check);
  after = (check) => void this.#checks.push(check);

  look() {
    for (const check of this.#checks)
      try {
        if (check() === false) this.#failure ??= new Error("a check failed");
      } catch (error) {
        this.#failure ??= error;
      }
  }

  /** `io` as the program's call to the outside, after which the checks are made. */
  looking(io) {
    return () =>
      io().then((value) => {
        this.look();
        return value;
      });
  }

  /** Runs the body; a failed check fails it too. `isBrief`: what it leaves behind is not waited for. */
  async run(body, { isBrief = false } = {}) {
    await body(this);
    if (!isBrief) await settle();
    this.look();
    if (this.#failure !== undefined) throw this.#failure;
  }
}
