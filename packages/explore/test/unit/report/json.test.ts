import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Mutex } from "../../../../lockwright/src/index.js";
import { readJson, writeJson } from "../../../src/report/json.js";
import { anyTrace } from "../../support/any-trace.js";
import { anyFailure, failureOf } from "../../support/failure.js";
import { lockOrder, lostUpdate } from "../../support/programs.js";
import { pick, record } from "../../support/scripted.js";

async function saved(): Promise<string> {
  const { trace } = await record(lostUpdate, { departures: [pick(4)] });
  return writeJson({ failure: failureOf(trace), trace });
}

/** As much of the file as these tests edit. */
interface Content {
  version: number;
  readonly failure: { token: string };
  readonly trace: { readonly steps: { hash?: string; readonly events: object[] }[] };
}

/** The file with one value replaced. */
async function edited(edit: (content: Content) => void): Promise<() => unknown> {
  const content = JSON.parse(await saved()) as Content;
  edit(content);
  return () => readJson(JSON.stringify(content), "fail.json");
}

test("any failure comes back as it was written", () => {
  fc.assert(
    fc.property(anyFailure, anyTrace(), fc.option(anyTrace(), { nil: undefined }), (failure, trace, native) => {
      const all = native === undefined ? { failure, trace } : { failure, trace, native };
      expect(readJson(writeJson(all), "fail.json")).toEqual(all);
    }),
  );
});

test("what runs record comes back as it was written, locks and parked strands too", async () => {
  const { trace } = await record(lockOrder((name) => new Mutex({ name })));
  const failure = failureOf(trace);
  expect(trace.parked).toHaveLength(3);
  expect(readJson(writeJson({ failure, trace }), "fail.json")).toEqual({ failure, trace });
});

describe("a file that is not what it should be is refused by the name of the value", () => {
  test("no JSON", () => {
    expect(() => readJson("lw1d.1~b639", "fail.json")).toThrow(/^fail\.json is no JSON: /);
  });

  test("cut short", async () => {
    const text = await saved();
    expect(() => readJson(text.slice(0, text.length / 2), "fail.json")).toThrow(
      expect.objectContaining({ code: "LW_REPLAY_MISMATCH" }),
    );
  });

  test("something else", () => {
    for (const text of ["null", "[]", "3", "{}", '{"format":"package-lock"}'])
      expect(() => readJson(text, "x.json")).toThrow(/^x\.json is no schedule of ours: /);
    expect(() => readJson("{}", "x.json")).toThrow('format must be "lockwright-schedule", got nothing');
  });

  test("another version", async () => {
    expect(await edited((content) => void (content.version = 2))).toThrow("version must be 1, got 2");
  });

  test("a token that is none", async () => {
    const refused = await edited(({ failure }) => void (failure.token = "nonsense"));
    expect(refused).toThrow("replay must be a token like lw1d.1.1~b639");
  });

  test("a step without its hash", async () => {
    const refused = await edited(({ trace }) => void delete trace.steps[3]!.hash);
    expect(refused).toThrow("trace.steps[3].hash must be a string, got nothing");
  });

  test("an event of an unknown kind", async () => {
    const refused = await edited(({ trace }) => {
      trace.steps[0]!.events.push({ kind: "explodes", strand: 0 });
    });
    expect(refused).toThrow(
      /^fail\.json is no schedule of ours: trace\.steps\[0\]\.events\[\d+\]\.kind must be "begins"/,
    );
  });
});
