import fc from "fast-check";
import { expect, test } from "vitest";
import { ArrayTable } from "../../../src/leases/array-table.js";
import type { Holder, Waiter } from "../../../src/leases/lock-store.js";
import { decode, encodeCrowded, encodeTable, newerProtocol, PROTOCOL } from "../../../src/stores/sqlite/document.js";

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const label = fc.option(text, { nil: undefined });
const token = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n });
/** Times are kept to the microsecond. */
const time = fc.integer({ min: 0, max: 4e12 }).map((micros) => micros / 1000);
const weight = fc.integer({ min: 1, max: 1_000_000 });

const holder: fc.Arbitrary<Holder> = fc.record({
  id: text,
  process: text,
  weight,
  token,
  ttl: time,
  since: time,
  expiresAt: time,
  claimed: fc.boolean(),
  upgradedBy: label,
  upgradedFrom: fc.option(token, { nil: undefined }),
  label,
});
const waiter: fc.Arbitrary<Waiter> = fc.record({
  id: text,
  process: text,
  weight,
  ttl: time,
  seq: fc.integer(),
  since: time,
  aliveUntil: time,
  patience: time,
  barging: fc.boolean(),
  upgrade: label,
  label,
});
const header = fc.record({ capacity: fc.nat(1_000_000), pinned: fc.boolean(), token, used: fc.nat(2_000_000) });

test("a table comes back from its document as it was", () => {
  fc.assert(
    fc.property(
      header,
      fc.array(holder, { maxLength: 5 }),
      fc.array(waiter, { maxLength: 5 }),
      (head, holders, waiters) => {
        const found = decode(encodeTable(new ArrayTable(head, holders, waiters))) as ArrayTable;
        expect(found).toBeInstanceOf(ArrayTable);
        expect(found).toEqual(new ArrayTable(head, holders, waiters));
      },
    ),
  );
});

test("a crowded resource's header comes back with its counts", () => {
  fc.assert(
    fc.property(header, fc.nat(1e6), fc.nat(1e6), (head, holding, waiting) => {
      expect(decode(encodeCrowded({ header: head, holding, waiting }))).toEqual({ header: head, holding, waiting });
    }),
  );
});

test("a document of a newer protocol is refused with both numbers", () => {
  const refused = {
    code: "LW_PROTOCOL",
    message: expect.stringMatching(`protocol ${PROTOCOL + 1}.*speaks ${PROTOCOL}`) as string,
  };
  expect(() => decode(JSON.stringify({ p: PROTOCOL + 1 }))).toThrow(expect.objectContaining(refused));
  expect(newerProtocol(PROTOCOL + 1)).toMatchObject(refused);
});

test("a quiet document is small", () => {
  expect(encodeTable(new ArrayTable({ capacity: 1_000_000, pinned: false, token: 7n, used: 0 })).length).toBeLessThan(
    40,
  );
});
