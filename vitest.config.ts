import { explorePlugin } from "@lockwright/explore/vitest";
import { defineConfig } from "vitest/config";
import { fileURLToPath } from "node:url";
import { mutants as explorerMutants } from "./packages/explore/test/mutation/mutants.ts";
import { mutants } from "./packages/lockwright/test/model/mutants.ts";
import { CountReporter } from "./scripts/count-reporter.ts";
import { mutantPlugin } from "./scripts/mutant-plugin.ts";

/** Tests whose files get scheduling points: they run on the built explorer, as a user's tests do. */
const explored = ["packages/explore/test/zoo/**/*.test.ts", "packages/lockwright/test/model/**/*.test.ts"];

/** Tests that load broken copies of the explorer, without scheduling points: two runtimes in one thread refuse each other. */
const mutated = ["packages/explore/test/mutation/**/*.test.ts"];

export default defineConfig({
  test: {
    reporters: ["default", new CountReporter()],
    slowTestThreshold: 250,
    testTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: { name: "plain", include: ["packages/*/test/**/*.test.ts"], exclude: [...explored, ...mutated] },
      },
      {
        extends: true,
        plugins: [
          mutantPlugin(fileURLToPath(new URL("./packages/lockwright/src", import.meta.url)), mutants),
          explorePlugin({ include: [/\/test\/(?:zoo|model)\//, /\/packages\/lockwright\/src\//] }),
        ],
        test: { name: "explored", include: explored },
      },
      {
        extends: true,
        plugins: [mutantPlugin(fileURLToPath(new URL("./packages/explore/src", import.meta.url)), explorerMutants)],
        test: { name: "mutated", include: mutated },
      },
    ],
  },
});
