/** The explorer as installed, on this Node: one program has the same token on every line, and the token replays 100 times of 100. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const TOKEN = "lw1d.0~161d"; // as every Node finds it; a change of it is a change of the public contract
const program = `
import { exploreReport, io } from "@lockwright/explore";

async function body(): Promise<void> {
  let balance = 100;
  const withdraw = async (): Promise<void> => {
    if (balance < 80) return;
    await io("payment");
    balance -= 80;
  };
  const late = async (): Promise<void> => {
    await io("login");
    await withdraw();
  };
  await Promise.all([withdraw(), late()]);
  if (balance < 0) throw new Error("overdrawn");
}

const found = await exploreReport(body);
const replay = found.failure?.token;
let same = 0;
for (let at = 0; at < 100; at += 1) {
  const { failure } = await exploreReport(body, { replay: process.env["TOKEN"] ?? replay });
  if (failure?.token === replay && failure.error.message === "overdrawn") same += 1;
}
console.log(JSON.stringify({ token: replay, grade: found.failure?.grade, same }));
`;

// In the project, so that the package is found as a user's file finds it.
const folder = mkdtempSync(join(import.meta.dirname, "explore-"));
try {
  const file = join(folder, "program.ts");
  writeFileSync(file, program);
  const run = (env) => {
    const args = ["--import", "@lockwright/explore/register", file];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder, // --import is looked up from here
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    assert.match(stdout, /^\{/, stderr);
    return JSON.parse(stdout);
  };
  const wanted = { token: TOKEN, grade: "B", same: 100 };
  assert.deepEqual(run({}), wanted);
  assert.deepEqual(run({ TOKEN }), wanted, "in a new process");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
