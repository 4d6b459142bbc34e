/** The configuration has come; whoever waits is to go on. Only the first one is told. */
import type { Body } from "@lockwright/explore";
import { io, type Program } from "../zoo.ts";

class Config {
  #value: string | undefined;
  readonly #waiting: ((value: string) => void)[] = [];

  async get(): Promise<string> {
    return this.#value ?? (await new Promise<string>((resolve) => this.#waiting.push(resolve)));
  }

  arrive(value: string, isForAll: boolean): void {
    this.#value = value;
    for (const wake of this.#waiting.splice(0, isForAll ? this.#waiting.length : 1)) wake(value);
  }
}

const readers =
  (isForAll: boolean): Body =>
  async () => {
    const config = new Config();
    const load = async (): Promise<void> => {
      await io("fetch the config");
      config.arrive("v1", isForAll);
    };
    const read = async (): Promise<string> => {
      await io("request");
      return await config.get();
    };
    await Promise.all([load(), read(), read()]);
  };

export const oneWoken: Program = {
  name: "one-woken",
  kind: "one woken where all should be",
  grade: "B",
  message: /deadlock/,
  bug: readers(false),
  fixed: readers(true),
};
