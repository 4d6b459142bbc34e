/** The price is read when the form opens and charged when it is sent. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

const checkout =
  (readsLate: boolean): Body =>
  async () => {
    let price = 100;
    let charged = 0;
    const buy = async (): Promise<void> => {
      const seen = price;
      await io("confirm");
      charged = readsLate ? price : seen;
      assert(charged === price, `charged ${charged} for ${price}`);
    };
    const reprice = async (): Promise<void> => {
      await io("load the new list");
      await io("publish");
      price = 120;
    };
    await Promise.all([buy(), reprice()]);
  };

export const staleValue: Program = {
  name: "stale-value",
  kind: "value captured before an await, used after",
  grade: "B",
  message: /charged 100 for 120/,
  bug: checkout(false),
  fixed: checkout(true),
};
