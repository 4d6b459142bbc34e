/**
 * The conductor of a chaos run: starts the workers, kills, stops and replaces them, ends the faults, waits until every
 * one has had its turn, and looks at what is left in the store.
 *
 * No worker outlives it: a worker ends with its stdin; one that is stopped at that moment cannot, so where `setpriv` is
 * there the kernel kills it with us; and on every ordinary end, a signal too, all are killed here.
 */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openLockSpace } from "../../dist/leases/index.js";
import { Dice, monotonicNow, seedOf } from "./chaos-random.mjs";
import { Resource } from "./chaos-resource.mjs";

const WORKER = fileURLToPath(new URL("./chaos-worker.mjs", import.meta.url));
const dieWithParent =
  spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0 ? ["setpriv", "--pdeathsig", "KILL"] : [];

const { XDG_RUNTIME_DIR: _, ...environment } = process.env;

/** A run is at most so many times as long as asked for. */
const LONGEST = 5;

/** One worker process; its place is filled again when it is killed. */
class Worker {
  name;
  child;
  isDone = false;
  #onEnd;

  constructor(name, options, onEnd) {
    this.name = name;
    this.#onEnd = onEnd;
    const [program, ...args] = [...dieWithParent, process.execPath, "--no-warnings", WORKER, JSON.stringify(options)];
    // The sockets' paths must stay short, and nobody else's be there.
    this.child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...environment, TMPDIR: options.folder },
    });
    this.child.stdin.on("error", () => {}); // it was killed
    let said = "";
    this.child.stderr.on("data", (text) => (said = (said + text).slice(-4000)));
    this.child.stdout.on("data", (text) => this.#heard(String(text)));
    this.child.once("close", (code, signal) => this.#onEnd(this, code, signal, said));
  }

  #heard(text) {
    for (const [, ms] of text.matchAll(/stop (\d+)/g)) this.resumeAfter(Number(ms));
    if (text.includes("done")) this.isDone = true;
  }

  stop(ms) {
    this.child.kill("SIGSTOP");
    this.resumeAfter(ms);
  }

  resumeAfter(ms) {
    setTimeout(() => this.child.kill("SIGCONT"), ms).unref();
  }

  tell(word) {
    this.child.stdin.write(`${word}\n`);
  }
}

export class Conductor {
  kills = 0;
  stops = 0;
  crashed = [];
  #options;
  #dice;
  #workers = new Map();
  #isEnding = false;
  #incarnations = 0;
  #reap = () => this.reap();

  constructor(options) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    process.once("exit", this.#reap);
  }

  /**
   * Runs traffic and faults for `seconds`, and on, up to five times as long, until `isEnough` says so of what was written
   * down so far; resolves to what the checker wants to know.
   */
  async run(isEnough = () => true) {
    const { processes, seconds } = this.#options;
    const startedAt = monotonicNow();
    for (let slot = 0; slot < processes; slot += 1) this.#start(slot);
    await sleep(700); // let them come up
    await this.#disturb(startedAt + seconds * 1000);
    while (monotonicNow() < startedAt + seconds * LONGEST * 1000) {
      const ending = { hung: [], leftovers: [], crashed: [] };
      if (isEnough({ events: this.#events(), resource: await this.#resource(), ending })) break;
      await this.#disturb(monotonicNow() + 1000);
    }
    const calmAt = monotonicNow();
    const hung = await this.#settle(calmAt);
    const drained = monotonicNow() - calmAt;
    const leftovers = hung.length > 0 ? [] : await this.#leftovers();
    this.reap();
    return {
      events: this.#events(),
      resource: await this.#resource(),
      ending: { hung, leftovers, crashed: this.crashed },
      drained,
    };
  }

  #start(slot) {
    const { folder, seed, ttl, locks, permits, control, selfStop } = this.#options;
    const incarnation = (this.#incarnations += 1);
    const worker = `w${slot}.${incarnation}`;
    const maxStall = slot % 4 === 0 ? Math.round(ttl * 1.2) : 60_000;
    const options = {
      folder,
      worker,
      seed: seedOf(seed, slot, incarnation),
      ttl,
      maxStall,
      locks,
      permits,
      control,
      selfStop,
    };
    const ended = (ofWorker, code, signal, said) => {
      if (this.#workers.get(slot) !== ofWorker) return;
      this.#workers.delete(slot);
      if (signal !== "SIGKILL" && (code !== 0 || !ofWorker.isDone))
        this.crashed.push({ worker, text: `ended with ${signal ?? code}: ${said}` });
      if (!this.#isEnding) this.#start(slot);
    };
    this.#workers.set(slot, new Worker(worker, options, ended));
  }

  async #disturb(end) {
    const { ttl, killEvery, stopEvery } = this.#options;
    for (;;) {
      await sleep(this.#dice.between(0.5, 1.5) * Math.min(killEvery, stopEvery));
      if (monotonicNow() >= end) return;
      const worker = this.#dice.pick([...this.#workers.values()]);
      if (this.#dice.hits(stopEvery / (stopEvery + killEvery))) {
        this.kills += Number(worker?.child.kill("SIGKILL") ?? 0);
      } else {
        this.stops += 1;
        worker?.stop(this.#dice.between(0.2, 3) * ttl);
      }
    }
  }

  /** Ends the faults, then the traffic; those that do not end within `bound` are the hung ones. */
  async #settle(calmAt) {
    this.#isEnding = true;
    const workers = [...this.#workers.values()];
    for (const worker of workers) worker.tell("calm");
    await sleep(this.#options.ttl);
    for (const worker of workers) worker.tell("finish");
    const { bound } = this.#options;
    while (this.#workers.size > 0 && monotonicNow() < calmAt + bound) {
      await sleep(10);
      for (const { child } of this.#workers.values()) child.kill("SIGCONT"); // whichever stop was the last
    }
    const asked = new Map(
      this.#events()
        .filter(({ event }) => event === "asked" || event === "ended")
        .map((event) => [event.worker, event]),
    );
    return [...this.#workers.values()].map(({ name }) => ({ worker: name, doing: JSON.stringify(asked.get(name)) }));
  }

  /** Looks until nothing is held or queued, or until every patience and ttl of the dead must be over. */
  async #leftovers() {
    const space = await openLockSpace(`sqlite:${this.#options.folder}/locks.db`);
    try {
      for (const end = monotonicNow() + 5000; ; await sleep(50)) {
        const found = [];
        for (const { name } of await space.list()) {
          const { holders, waiters, used } = await space.inspect(name);
          if (holders.length + waiters.length + used > 0)
            found.push({ lock: name, text: `held by ${holders.length} and queued for by ${waiters.length}` });
        }
        if (found.length === 0 || monotonicNow() > end) return found;
      }
    } finally {
      await space.close();
    }
  }

  async #resource() {
    const resource = await Resource.open(this.#options.folder);
    try {
      return await resource.content();
    } finally {
      resource.close();
    }
  }

  #events() {
    const { folder } = this.#options;
    const files = readdirSync(folder).filter((name) => name.endsWith(".history"));
    return files.flatMap((name) =>
      // Up to the last line end: a worker may be writing on.
      readFileSync(`${folder}/${name}`, "utf8").split("\n").slice(0, -1).map(parseEvent),
    );
  }

  /** Kills whatever is left; a stopped process too dies of it. */
  reap() {
    this.#isEnding = true;
    for (const { child } of this.#workers.values()) child.kill("SIGKILL");
    process.off("exit", this.#reap);
  }
}

function parseEvent(line) {
  const event = JSON.parse(line);
  return event.token === undefined ? event : { ...event, token: BigInt(event.token) };
}
