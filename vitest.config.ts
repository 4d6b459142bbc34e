import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    slowTestThreshold: 250,
    testTimeout: 20_000,
  },
});
