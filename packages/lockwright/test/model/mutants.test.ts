/** Every mutant is noticed by the model that is there for it. */
import { exploreReport } from "@lockwright/explore";
import { expect, test } from "vitest";
import { coordinationModels } from "./coordination-models.ts";
import { leaseModels } from "./lease-models.ts";
import { loadLibrary } from "./library.ts";
import { mutants } from "./mutants.ts";
import { mutexModels } from "./mutex-models.ts";
import { semaphoreModels } from "./semaphore-models.ts";

const models = Object.entries({ ...mutexModels, ...coordinationModels, ...semaphoreModels, ...leaseModels });

test.each(Object.entries(mutants))("%s", async (name, { caughtBy }) => {
  const found = models.filter(([title]) => title.includes(caughtBy));
  expect(found.map(([title]) => title)).toHaveLength(1);
  const [title, model] = found[0]!;
  const library = await loadLibrary(encodeURIComponent(name));
  const report = await exploreReport(model(library), { name: title, failOn: "latent" });
  if (report.failure === undefined) throw new Error(`not noticed: ${report.coverage.line}`);
  expect(report.failure.token).toMatch(/^lw1d/);
});
