/** One seat is left. Two buyers look, both see it free, both book. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

class Flight {
  readonly booked: string[] = [];

  async isFree(): Promise<boolean> {
    await io("look");
    return this.booked.length === 0;
  }

  async book(name: string): Promise<void> {
    await io("book");
    this.booked.push(name);
  }

  /** Looks and books at one moment, as a conditional write of a database would. */
  async bookIfFree(name: string): Promise<boolean> {
    await io("book if free");
    if (this.booked.length > 0) return false;
    this.booked.push(name);
    return true;
  }
}

const buyers =
  (buy: (flight: Flight, name: string) => Promise<unknown>): Body =>
  async () => {
    const flight = new Flight();
    const late = async (): Promise<void> => {
      for (let page = 0; page < 3; page += 1) await io("read a page");
      await buy(flight, "Bo");
    };
    await Promise.all([buy(flight, "Al"), late()]);
    assert(flight.booked.length === 1, "overbooked");
  };

export const checkThenAct: Program = {
  name: "check-then-act",
  kind: "check, then act on shared capacity",
  grade: "B",
  message: /overbooked/,
  bug: buyers(async (flight, name) => {
    if (await flight.isFree()) await flight.book(name);
  }),
  fixed: buyers((flight, name) => flight.bookIfFree(name)),
};
