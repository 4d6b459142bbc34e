import { defineConfig } from "vitest/config";
import { CountReporter } from "./scripts/count-reporter.ts";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    reporters: ["default", new CountReporter()],
    slowTestThreshold: 250,
    testTimeout: 20_000,
  },
});
