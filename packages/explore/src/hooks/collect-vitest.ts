/** `vitest` for a file that is explored with `--from-test`: its `expect` and `vi` as they are, its tests noted. */
import { expect } from "vitest";
import { addToContext, onFinished } from "./collect.js";

addToContext({ expect, skip: () => {} });

export * from "vitest";
export {
  collectAfter as afterAll,
  collectAfterEach as afterEach,
  collectBefore as beforeAll,
  collectBeforeEach as beforeEach,
  collectSuite as describe,
  collectSuite as suite,
  collectTest as it,
  collectTest as test,
} from "./collect.js";
export { onFinished as onTestFailed, onFinished as onTestFinished };
