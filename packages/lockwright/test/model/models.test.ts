/** Every model on the library as it is: under four thousand schedules, or within two seconds, none fails. */
import { exploreReport } from "@lockwright/explore";
import { describe, expect, test } from "vitest";
import { coordinationModels } from "./coordination-models.ts";
import { leaseModels } from "./lease-models.ts";
import { loadLibrary } from "./library.ts";
import { mutexModels } from "./mutex-models.ts";
import { semaphoreModels } from "./semaphore-models.ts";

const library = await loadLibrary();
const suites = {
  Mutex: mutexModels,
  Semaphore: semaphoreModels,
  coordination: coordinationModels,
  "leases over a network": leaseModels,
};

describe.each(Object.entries(suites))("%s", (_, models) => {
  test.each(Object.entries(models))("%s", async (name, model) => {
    const report = await exploreReport(model(library), { name, budget: { runs: 4000, ms: 2000 } });
    expect(report.failure?.message).toBeUndefined();
    expect(report.coverage.runs).toBeGreaterThan(100);
  });
});
