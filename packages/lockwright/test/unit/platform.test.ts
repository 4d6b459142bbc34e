import { expect, test } from "vitest";
import { nodePlatform, type Platform, platform } from "../../src/platform.js";

test("a published installer puts a platform in force until its handle is disposed", () => {
  const key = Symbol.for("lockwright.platform");
  const installers = (globalThis as { [key]?: ((next: Platform) => Disposable)[] })[key]!;
  const still: Platform = { ...nodePlatform, now: () => 42 };
  const handles = installers.map((use) => use(still));
  expect(platform.now()).toBe(42);
  for (const handle of handles) handle[Symbol.dispose]();
  expect(platform).toBe(nodePlatform);
});
