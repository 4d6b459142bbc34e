/** Looks at promises without waiting for them. */

/** What has become of a promise so far. */
export interface Watched<T> {
  state: "waits" | "passed" | "failed";
  value: T | undefined;
  error: unknown;
}

/** Watches `promise`; its rejection counts as handled. */
export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: Watched<T> = { state: "waits", value: undefined, error: undefined };
  promise.then(
    (value) => Object.assign(watched, { state: "passed", value }),
    (error: unknown) => Object.assign(watched, { state: "failed", error }),
  );
  return watched;
}

/** Gives the states of several. */
export function statesOf(list: readonly Watched<unknown>[]): string {
  return list.map((each) => each.state).join(" ");
}

/** Lets everything that needs no timer happen. */
export async function settle(): Promise<void> {
  for (let step = 0; step < 30; step += 1) await Promise.resolve();
}

/** Gives what `promise` rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  const watched = watch(promise);
  await settle();
  if (watched.state !== "failed") throw new Error(`expected a rejection, but it ${watched.state}`);
  return watched.error;
}

/** Gives the code of the error that `promise` rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return ((await errorOf(promise)) as { code?: unknown }).code;
}
