/** `node:test` for a file that is explored with `--from-test`. */
import { mock } from "node:test";
import {
  addToContext,
  type Adder,
  collectAfter,
  collectAfterEach,
  collectBefore,
  collectBeforeEach,
  collectSuite,
  collectTest,
} from "./collect.js";

addToContext({ mock });

const test: Adder = Object.assign(collectTest, {
  test: collectTest,
  it: collectTest,
  describe: collectSuite,
  suite: collectSuite,
  before: collectBefore,
  after: collectAfter,
  beforeEach: collectBeforeEach,
  afterEach: collectAfterEach,
  mock,
});

// oxlint-disable-next-line import/no-default-export -- node:test has one
export default test;
export {
  collectAfter as after,
  collectAfterEach as afterEach,
  collectBefore as before,
  collectBeforeEach as beforeEach,
  collectSuite as describe,
  collectSuite as suite,
  collectTest as it,
  collectTest as test,
  mock,
};
