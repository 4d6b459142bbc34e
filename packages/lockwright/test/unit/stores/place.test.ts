import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileIdentity, foreignFileSystem, placeOf } from "../../../src/stores/sqlite/place.js";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "lw-place-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

const unavailable = (text: string | RegExp): object =>
  expect.objectContaining({ code: "LW_STORE_UNAVAILABLE", message: expect.stringMatching(text) as string }) as object;
const EXT4 = 0xef53;

describe("file systems that reach another machine are refused", () => {
  test.each([
    [0x6969, "NFS"],
    [0xff534d42, "CIFS"],
    [-11317950, "CIFS"],
    [-28095166, "SMB2"],
    [0x01021997, "9p"],
    [0x65735546, "FUSE"],
    [0x00c36400, "Ceph"],
  ])("type %i is %s", (type, name) => {
    expect(foreignFileSystem(type)).toBe(name);
  });

  // Only Linux has these numbers.
  test.runIf(process.platform === "linux")("and the error names the kind", () => {
    expect(() => placeOf(join(folder, "a.db"), () => ({ type: 0x6969 }))).toThrow(unavailable("\\(NFS\\)"));
  });

  test.each([EXT4, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0])("type %i is a local disk", (type) => {
    expect(foreignFileSystem(type)).toBeUndefined();
    expect(placeOf(join(folder, "a.db"), () => ({ type }))).toBe(join(folder, "a.db"));
  });
});

test("a path through links leads to the one file, there or not yet", () => {
  mkdirSync(join(folder, "real"));
  symlinkSync(join(folder, "real"), join(folder, "linked"));
  expect(placeOf(join(folder, "linked", "a.db"))).toBe(join(folder, "real", "a.db"));
  writeFileSync(join(folder, "real", "b.db"), "");
  symlinkSync(join(folder, "real", "b.db"), join(folder, "c.db"));
  expect(placeOf(join(folder, "c.db"))).toBe(join(folder, "real", "b.db"));
});

test("a folder that is not there, or cannot be asked, is an error that names it", () => {
  expect(() => placeOf(join(folder, "none", "a.db"))).toThrow(unavailable(/none of the lock database cannot be read/));
  const failing = (): never => {
    throw new Error("no statfs");
  };
  expect(() => placeOf(join(folder, "a.db"), failing)).toThrow(unavailable("cannot be read"));
});

describe("the identity of a file", () => {
  test("stays while other names of it come and go", () => {
    const path = join(folder, "a.db");
    writeFileSync(path, "1");
    const identity = new FileIdentity(path);
    linkSync(path, join(folder, "b.db"));
    writeFileSync(path, "22");
    expect(() => identity.check()).not.toThrow();
  });

  test("ends when the file is removed or another takes its place", () => {
    const path = join(folder, "a.db");
    writeFileSync(path, "1");
    const identity = new FileIdentity(path);
    renameSync(path, join(folder, "moved.db"));
    expect(() => identity.check()).toThrow(unavailable("was removed while in use"));
    writeFileSync(path, "1");
    expect(() => identity.check()).toThrow(unavailable("was replaced while in use"));
    unlinkSync(path);
    renameSync(join(folder, "moved.db"), path);
    identity.check();
  });
});
