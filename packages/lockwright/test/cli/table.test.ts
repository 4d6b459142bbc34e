import { describe, expect, test } from "vitest";
import { cutText, tableLines, textWidth } from "../../src/cli/table.js";

const columns = [{ title: "NAME", cut: true }, { title: "STATE" }, { title: "TOKEN", align: "right" }] as const;

describe("a table", () => {
  test("aligns by the width text takes on a terminal", () => {
    const lines = tableLines(
      columns,
      [
        ["日本", "free", "1"],
        ["abc", "exclusive", "12345678"],
      ],
      undefined,
    );
    expect(lines).toEqual(["NAME  STATE         TOKEN", "日本  free              1", "abc   exclusive  12345678"]);
  });

  test("cuts nothing without a width, and only what may be cut with one", () => {
    const rows = [["n".repeat(100), "exclusive", "12345"]];
    expect(tableLines(columns, rows, undefined)[1]).toContain("n".repeat(100));
    const cut = tableLines(columns, rows, 40);
    expect(cut[1]).toBe(`${"n".repeat(21)}…  exclusive  12345`);
    expect(cut.every((line) => textWidth(line) <= 40)).toBe(true);
  });

  test("keeps eight cells of a name on a terminal that is far too narrow", () => {
    expect(tableLines(columns, [["n".repeat(100), "exclusive", "1"]], 5)[1]).toBe("nnnnnnn…  exclusive      1");
  });

  test.each([
    ["abc", 3],
    ["日本語", 6],
    ["é", 1],
    ["e\u0301", 1],
    ["👩‍👩‍👧", 2],
    ["한국", 4],
    ["ｱ", 1],
    ["", 0],
  ])("takes %s for %i cells", (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test("cuts between graphemes", () => {
    expect(cutText("日本語", 4)).toBe("日…");
    expect(cutText("ab👩‍👩‍👧cd", 4)).toBe("ab…");
    expect(cutText("abcd", 4)).toBe("abcd");
  });
});
