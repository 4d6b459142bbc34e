import { explorePlugin } from "@lockwright/explore/vitest";
import { defineConfig } from "vitest/config";
import { CountReporter } from "./scripts/count-reporter.ts";

/** Tests whose files get scheduling points: they run on the built explorer, as a user's tests do. */
const explored = ["packages/explore/test/zoo/**/*.test.ts", "packages/lockwright/test/model/**/*.test.ts"];

export default defineConfig({
  test: {
    reporters: ["default", new CountReporter()],
    slowTestThreshold: 250,
    testTimeout: 20_000,
    projects: [
      { extends: true, test: { name: "plain", include: ["packages/*/test/**/*.test.ts"], exclude: explored } },
      {
        extends: true,
        plugins: [explorePlugin({ include: [/\/test\/(?:zoo|model)\//, /\/packages\/lockwright\/src\//] })],
        test: { name: "explored", include: explored },
      },
    ],
  },
});
