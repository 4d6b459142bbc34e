/**
 * The lowered `using` on a Node that has none, compared with what a Node that has it did: kept in native-disposal.json, ticks
 * and all. Where the syntax exists the file is checked against the language itself, so it cannot go stale;
 * `LOCKWRIGHT_UPDATE=1` on such a Node writes it anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { asModule, evaluate, happenings, hasUsing, subjects, transformed } from "../support/subjects.ts";
import { MAKE, pairs, using } from "./snippets-using.ts";

const KEPT = new URL("native-disposal.json", import.meta.url);
const cases = {
  ...using,
  ...Object.fromEntries(Object.entries(pairs()).filter(([name]) => /^async then|then null$/.test(name))),
};
const kept = JSON.parse(readFileSync(KEPT, "utf8")) as Record<string, readonly string[] | undefined>;

const native = (body: string): Promise<string> => happenings((main) => main(), evaluate(asModule(MAKE + body)));

if (hasUsing() && process.env["LOCKWRIGHT_UPDATE"] === "1") {
  for (const [name, body] of Object.entries(cases)) kept[name] = (await native(body)).split("\n");
  writeFileSync(KEPT, `${JSON.stringify(kept, null, 2)}\n`);
}

describe("what is kept is what the language does", () => {
  test.each(hasUsing() ? Object.entries(cases) : [])("%s", async (name, body) => {
    expect((await native(body)).split("\n")).toEqual(kept[name]);
  });
  test("for every case", () => expect(Object.keys(kept)).toEqual(Object.keys(cases)));
});

describe.each([...subjects])("$name", (subject) => {
  test.each(Object.entries(cases))("lowered: %s", async (name, body) => {
    subject.install();
    const main = evaluate(transformed(asModule(MAKE + body), { lowerUsing: true }));
    expect((await happenings(subject.run, main)).split("\n")).toEqual(kept[name]);
  });
});
