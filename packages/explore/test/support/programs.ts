/** Small programs with a bug, written as the transform would write them. */
import { c, enter, exit, p, r } from "../../src/runtime/point.js";
import type { Body } from "../../src/runtime/explorer.js";
import { issueIo as io } from "../../src/world/io.js";
import { SourceFile } from "./scripted.js";

const bank = new SourceFile("/shop/src/bank.ts");
const BODY = bank.fn(1, "body");
const ALL = bank.at(3, "Promise.all([withdraw(80), withdraw(80)])", "body");
const WITHDRAW = bank.fn(10, "withdraw");
const READ = bank.at(11, "db.read()", "withdraw");
const WRITE = bank.at(12, "db.write(balance - amount)", "withdraw");

/** Two withdrawals that read, then write what they have read: with one answer late, one of them is lost. */
export const lostUpdate: Body = async (t) => {
  const a = enter(BODY);
  try {
    let stored = 100;
    const db = t.io({
      async read() {
        return stored;
      },
      async write(value: number) {
        stored = value;
      },
    });
    const withdraw = async (amount: number): Promise<void> => {
      const b = enter(WITHDRAW);
      try {
        const balance = r(b, (await p(b, READ, 1, db.read())) as number);
        r(b, await p(b, WRITE, 1, db.write(balance - amount)));
      } finally {
        exit(b);
      }
    };
    const early = withdraw(10);
    const late = async (): Promise<void> => {
      const b = enter(LATE);
      try {
        for (let turn = 0; turn < 2; turn += 1) r(b, await p(b, QUEUE, 1, io("queue")));
        r(b, await p(b, LATE_WITHDRAW, 1, withdraw(20)));
      } finally {
        exit(b);
      }
    };
    r(a, await p(a, ALL, 0, Promise.all([early, late()])));
    if (stored !== 70) throw new Error(`stored ${stored}, expected 70`);
  } finally {
    exit(a);
  }
};
const LATE = bank.fn(20, "late");
const QUEUE = bank.at(21, 'io("queue")', "late");
const LATE_WITHDRAW = bank.at(22, "withdraw(20)", "late");

const orders = new SourceFile("/shop/src/orders.ts");
const ORDER = orders.fn(40, "order");
const COMMIT = orders.at(52, "db.commit()", "order");
const SLEEP = orders.at(60, "sleep(100)", "order");

/** A commit that a timer of 50 ms overtakes. */
export const lateCommit: Body = async (t) => {
  const a = enter(ORDER);
  try {
    const state = { isCommitted: false, isRolledBack: false };
    const db = t.io({
      async commit() {
        state.isCommitted = true;
      },
    });
    const timer = setTimeout(() => (state.isRolledBack = true), 50);
    r(a, await p(a, COMMIT, 1, db.commit()));
    clearTimeout(timer);
    r(a, await p(a, SLEEP, 1, new Promise((resolve) => setTimeout(resolve, 100))));
    if (state.isRolledBack) throw new Error("committed and rolled back");
  } finally {
    exit(a);
  }
};

const ticks = new SourceFile("/shop/src/ticks.ts");
const TICKS = ticks.fn(1, "body");
const REQUEST = ticks.at(5, "request", "publish");
const PARSE = ticks.at(6, "parse()", "publish");
const REQUEST_TOO = ticks.at(11, "request", "read");
const WAIT = ticks.at(12, "parse()", "read");
const PUBLISH = ticks.fn(4, "publish");
const READER = ticks.fn(10, "read");
const BOTH = ticks.at(15, "Promise.all([publish(), read()])", "body");

/** A reader that counts on needing more ticks than the writer: fails only with an await inside the program held. */
export const tickCounting: Body = async () => {
  const a = enter(TICKS);
  try {
    let isReady = false;
    const request = io("request");
    const publish = async (): Promise<void> => {
      const b = enter(PUBLISH);
      try {
        r(b, await p(b, REQUEST, 0, request));
        r(b, await p(b, PARSE, 0, Promise.resolve()));
        isReady = true;
      } finally {
        exit(b);
      }
    };
    const read = async (): Promise<void> => {
      const b = enter(READER);
      try {
        r(b, await p(b, REQUEST_TOO, 0, request));
        for (let turn = 0; turn < 3; turn += 1) r(b, await p(b, WAIT, 0, Promise.resolve()));
        if (!isReady) throw new Error("read before it was published");
      } finally {
        exit(b);
      }
    };
    r(a, await p(a, BOTH, 0, Promise.all([publish(), read()])));
  } finally {
    exit(a);
  }
};

const transfers = new SourceFile("/shop/src/transfer.ts");
const TRANSFERS = transfers.fn(1, "body");
const TRANSFER = transfers.fn(10, "transfer");
const FROM = transfers.at(11, "from.acquire()", "transfer");
const PAY = transfers.at(12, 'io("pay")', "transfer");
const TO = transfers.at(13, "to.acquire()", "transfer");
const TRANSFER_ALL = transfers.at(3, "Promise.all([transfer(a, b), transfer(b, a)])", "body");

/** What the deadlock needs of a lock; lockwright's Mutex has it. */
export interface AnyLock {
  acquire(): Promise<{ release(): void }>;
}

/** Two transfers that take two locks in opposite order. */
export const lockOrder =
  (makeLock: (name: string) => AnyLock): Body =>
  async () => {
    const body = enter(TRANSFERS);
    try {
      const transfer = async (from: AnyLock, to: AnyLock): Promise<void> => {
        const b = enter(TRANSFER);
        try {
          const first = r(b, (await p(b, FROM, 1, from.acquire())) as { release(): void });
          r(b, await p(b, PAY, 1, io("pay")));
          const second = r(b, (await p(b, TO, 1, to.acquire())) as { release(): void });
          second.release();
          first.release();
        } finally {
          c(b);
          exit(b);
        }
      };
      const [one, two] = [makeLock("account a"), makeLock("account b")];
      r(body, await p(body, TRANSFER_ALL, 0, Promise.all([transfer(one, two), transfer(two, one)])));
    } finally {
      exit(body);
    }
  };
