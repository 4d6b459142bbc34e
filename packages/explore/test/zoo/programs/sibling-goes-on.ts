/** Two uploads at once; one fails, the error is handled by removing everything, and the other one goes on writing. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

async function upload(files: Set<string>, name: string, isBroken: boolean): Promise<void> {
  await io(`send ${name}`);
  if (isBroken) throw new Error(`${name} is too large`);
  files.add(name);
}

const uploads =
  (awaitsAll: boolean): Body =>
  async (t) => {
    const files = new Set<string>();
    const both = [upload(files, "small", false), upload(files, "large", true)];
    try {
      if (awaitsAll) {
        const results = await Promise.allSettled(both);
        if (results.some(({ status }) => status === "rejected")) throw new Error("an upload failed");
      } else await Promise.all(both);
    } catch {
      files.clear(); // leave nothing behind
    }
    await t.settled();
    assert(files.size === 0, "a file was left behind");
  };

export const siblingGoesOn: Program = {
  name: "sibling-goes-on",
  kind: "sibling of a failed Promise.all still writing",
  grade: "B",
  message: /left behind/,
  bug: uploads(false),
  fixed: uploads(true),
};
