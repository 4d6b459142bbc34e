/** The smallest promise of the package: two tasks on one mutex never overlap. */
import assert from "node:assert/strict";
import { Mutex } from "lockwright";

const mutex = new Mutex({ name: "smoke" });
let inside = 0;
const task = () =>
  mutex.run(async () => {
    assert.equal(++inside, 1);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  });
await Promise.all([task(), task(), task()]);
