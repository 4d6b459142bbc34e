/** The act of `lockwright demo` that ends in a deadlock, told by name. */
import { DeadlockError } from "../errors.js";
import { platform } from "../platform.js";
import { Mutex } from "../primitives/mutex.js";
import { taskScope } from "../primitives/task-scope.js";
import { pause } from "./demo-acts.js";

export interface ReportedDeadlock {
  /** The two tasks, in the order in which they asked. */
  readonly tasks: readonly string[];
  /** The task that was told, and its code. */
  readonly victim: string;
  readonly code: string;
  /** Milliseconds from its request to the error. */
  readonly after: number;
  /** Who waits for what, held by whom. */
  readonly edges: readonly string[];
  /** What the other task came to. */
  readonly other: string;
}

/** Two tasks that take two mutexes in opposite order. */
export async function reportedDeadlock(): Promise<ReportedDeadlock> {
  const stock = new Mutex({ name: "stock" });
  const till = new Mutex({ name: "till" });
  let askedAt = 0;
  const take = (first: Mutex, second: Mutex): Promise<string> =>
    first.run(async () => {
      await pause(10);
      askedAt = platform.now();
      return await second.run(() => "done");
    });
  const plays: Record<string, Promise<string>> = {
    order: taskScope(() => take(stock, till), { name: "order" }),
    refund: taskScope(() => take(till, stock), { name: "refund" }),
  };
  const tasks = Object.keys(plays);
  const outcomes = await Promise.all(
    Object.values(plays).map((play) =>
      play.catch((error: unknown) => {
        if (error instanceof DeadlockError) return { error, after: platform.now() - askedAt };
        throw error;
      }),
    ),
  );
  const at = outcomes.findIndex((outcome) => typeof outcome !== "string");
  const told = outcomes[at];
  if (told === undefined || typeof told === "string") throw new Error("the demo's deadlock was not found");
  return {
    tasks,
    victim: tasks[at] as string,
    code: told.error.code,
    after: told.after,
    edges: told.error.edges.map(({ waiter, lock, holder }) => `${waiter} waits for "${lock}", held by ${holder}`),
    other: outcomes[1 - at] as string,
  };
}
