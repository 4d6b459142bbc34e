import { describe, expect, test } from "vitest";
import { BrokenPipe, Interrupted } from "../../src/cli/interrupts.js";
import { reportOf } from "../../src/cli/report-error.js";
import { UsageError } from "../../src/cli/usage-error.js";
import { LockwrightError } from "../../src/errors.js";
import { checkName, checkTtl } from "../../src/leases/names.js";

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("it threw nothing");
}

describe("an error's exit code", () => {
  test.each<[string, unknown, number]>([
    ["of a usage error", new UsageError("x"), 64],
    ["of a refused name", thrownBy(() => checkName("")), 64],
    ["of a refused ttl", thrownBy(() => checkTtl("soon")), 64],
    ["of a store that cannot be reached", new LockwrightError("LW_STORE_UNAVAILABLE", "x"), 69],
    ["of a newer protocol", new LockwrightError("LW_PROTOCOL", "x"), 69],
    ["of a timeout", new LockwrightError("LW_TIMEOUT", "x"), 75],
    ["of a property of undefined", thrownBy(() => (undefined as unknown as string).length), 70],
    ["of a call of no function", thrownBy(() => (1 as unknown as () => void)()), 70],
    ["of a bad array length", thrownBy(() => new Array(-1)), 70],
    [
      "of a stack that overflowed",
      thrownBy(function again(): void {
        again();
      }),
      70,
    ],
    ["of a bad BigInt", thrownBy(() => BigInt(1.5)), 70],
    ["of Node's own argument check", thrownBy(() => Buffer.alloc("x" as unknown as number)), 70],
    ["of anything else", "a string", 70],
    ["of Ctrl-C", new Interrupted("SIGINT"), 130],
    ["of SIGTERM", new Interrupted("SIGTERM"), 143],
    ["of a broken pipe", new BrokenPipe(), 0],
  ])("%s", (_title, error, code) => {
    expect(reportOf(error, "ls", false).code).toBe(code);
  });

  test("comes with one line without a stack, unless asked", () => {
    const bug = new Error("two\nlines");
    expect(reportOf(bug, "ls", false).message).toBe(
      "lockwright: unexpected: two\\u000alines\nthis is a bug in lockwright; LOCKWRIGHT_DEBUG=1 prints its stack",
    );
    expect(reportOf(bug, "ls", true).message).toContain("\n    at ");
    expect(reportOf(new Interrupted("SIGINT"), "ls", true).message).toBeUndefined();
  });

  test("comes with no credentials", () => {
    const cause = new Error("connect redis://u:secret@h failed");
    const error = new LockwrightError("LW_STORE_UNAVAILABLE", "cannot reach redis://u:secret@h", { cause });
    for (const debug of [false, true]) expect(reportOf(error, "ls", debug).message).not.toContain("secret");
  });
});
