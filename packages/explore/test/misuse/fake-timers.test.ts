/** Another fake clock, put in place before the first exploration of the thread and after it. */
import { mock } from "node:test";
import { afterEach, expect, test, vi } from "vitest";
import { explore } from "../../src/explore.js";
import { issueIo as io } from "../../src/world/io.js";

afterEach(() => {
  vi.useRealTimers();
  mock.timers.reset();
});

const body = (): Promise<void> => io("one");
const clocks: readonly (readonly [name: string, use: () => unknown])[] = [
  ["Vitest's", () => vi.useFakeTimers()],
  ["node:test's", () => mock.timers.enable({ apis: ["setTimeout", "Date"] })],
];

// In this order: the first ones come before the world is in place, which would cover the other clock for good.
test.each(clocks)("%s is refused by the first exploration", async (_, use) => {
  use();
  await expect(explore(body)).rejects.toMatchObject({
    code: "LW_FAKE_TIMERS",
    message: expect.stringMatching(/vi\.useRealTimers\(\) or mock\.timers\.reset\(\)/),
  });
});

test("exploring works once the real clock is back", async () => {
  await expect(explore(body, { budget: { runs: 20 } })).resolves.toBeUndefined();
});

test.each(clocks)("%s is refused by a later one", async (_, use) => {
  use();
  await expect(explore(body)).rejects.toMatchObject({ code: "LW_FAKE_TIMERS" });
});

test("exploring works again afterwards", async () => {
  await expect(explore(body, { budget: { runs: 20 } })).resolves.toBeUndefined();
});
