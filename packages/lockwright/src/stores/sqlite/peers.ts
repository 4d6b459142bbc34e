/**
 * The processes on one database, to each other: a unix socket each, for pushes and for knowing who is alive.
 *
 * A process is named by its socket's path. Whoever may have to notice its death keeps a connection to it; the kernel
 * closes that when the process dies, however it dies, so a takeover takes milliseconds and not a ttl.
 *
 * A closed connection alone proves nothing: another process (a guardian, a wrapped command) may have inherited the
 * listening socket and speak for the holder. So after a close we connect again: refused means that nobody has the
 * socket any more; a connection that is merely not accepted means that somebody does, and the kernel will close it
 * when that one ends. Anything else (no such path, no permission, no descriptors) is not known, and the ttl decides.
 *
 * A connection serves both ends: the first line on it says whose it is ("from <path>"), and a push ("wake <id>") goes
 * over whichever connection there is. In a queue where each watches the one before, whoever releases has already been
 * called by whoever is next. Pushes are hints; a push that cannot be delivered is dropped.
 */
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { readdir, stat, unlink } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { LockwrightError } from "../../errors.js";
import type { Liveness } from "../../leases/lock-store.js";
import { platform, type Timer } from "../../platform.js";

/** The longest path a unix socket may have on every system we run on (sun_path, less its end). */
const MAX_PATH = 103;
/** Connections kept for the next push although nobody watches their process. */
const KEPT_LINKS = 64;
/** Milliseconds until a peer that could not be asked is asked again. */
const RETRY_MS = 250;
/** Milliseconds that a closing process spends on pushes still under way. */
const FINISH_MS = 500;
/** Age at which the socket of a dead process is removed. */
const SWEEP_AGE_MS = 86_400_000;
/** The share of starts that look for such sockets: a crowd of processes need not all look, and each file costs a call. */
const SWEEP_SHARE = 1 / 16;
/** Milliseconds until a peer that fell silent is said to be unsure: until then its guardian has mostly ended it. */
const UNSURE_MS = 50;
/** Waiting connections the kernel keeps for a process that is too busy to accept. */
const BACKLOG = 4096;

/** A private folder for sockets, short enough for their paths. */
function socketFolder(): string {
  const { uid } = userInfo();
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const candidates = [
    runtime === undefined ? undefined : join(runtime, "lockwright"),
    join(tmpdir(), `lockwright-${uid}`),
    `/tmp/lockwright-${uid}`,
  ];
  for (const folder of candidates) {
    // A path relative to somebody's working folder (an empty XDG_RUNTIME_DIR gives one) leads nobody else here.
    if (
      folder === undefined ||
      !isAbsolute(folder) ||
      Buffer.byteLength(folder) + 1 + 16 > MAX_PATH ||
      !makePrivate(folder, uid)
    )
      continue;
    return folder;
  }
  throw new LockwrightError(
    "LW_STORE_UNAVAILABLE",
    `no private folder for sockets: ${candidates[2]} must be yours with mode 0700, or set TMPDIR`,
  );
}

function makePrivate(folder: string, uid: number): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    if (!found.isDirectory() || found.uid !== uid) return false;
    if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
    return true;
  } catch {
    return false;
  }
}

export class Peers implements Liveness {
  /** The path that names this process; it listens there once `listen` has resolved. */
  readonly endpoint: string;
  readonly #links: Map<string, Link> = new Map();
  readonly #accepted: Set<Socket> = new Set();
  /** The accepted connections whose other end has said who it is. */
  readonly #callers: Map<string, Socket> = new Map();
  readonly #onWake: (id: string) => void;
  #isClosed = false;
  #listening: Promise<void> | undefined;
  #server: Server | undefined;

  constructor(onWake: (id: string) => void, endpoint?: string) {
    this.#onWake = onWake;
    this.endpoint = endpoint ?? join(socketFolder(), platform.newId());
  }

  /** Starts listening; the first to hold or wait here must be reachable before anyone can learn of it. */
  listen(): Promise<void> {
    this.#listening ??= new Promise((resolve, reject) => {
      const server = createServer((socket) => this.#accept(socket));
      server.unref();
      server.once("error", (cause) => {
        this.#listening = undefined;
        reject(new LockwrightError("LW_STORE_UNAVAILABLE", `cannot listen on ${this.endpoint}`, { cause }));
      });
      server.listen({ path: this.endpoint, backlog: BACKLOG }, resolve);
      if (platform.random() < SWEEP_SHARE) this.#sweep().catch(() => {}); // another process may be sweeping too
      this.#server = server;
    });
    return this.#listening;
  }

  /**
   * The descriptor of the listening socket, for a child process to inherit: as long as one process has it, this one
   * counts as alive. Undefined while not listening.
   */
  get descriptor(): number | undefined {
    // Undocumented, and there on every Node we prove on; Node shares sockets with children only over IPC.
    const descriptor = (this.#server as { _handle?: { fd?: number } | null } | undefined)?._handle?.fd;
    return descriptor === undefined || descriptor < 0 ? undefined : descriptor;
  }

  /** Tells a process to look after `id`. */
  push(endpoint: string, id: string): void {
    if (endpoint === this.endpoint) return this.#onWake(id);
    const caller = this.#callers.get(endpoint);
    if (caller?.writable === true) caller.write(`wake ${id}\n`);
    else this.#link(endpoint).send(`wake ${id}\n`);
  }

  /** Calls `onDead` once nobody has that process's socket any more. */
  watch(endpoint: string, onDead: () => void, onUnsure?: () => void): Disposable {
    if (endpoint === this.endpoint) return { [Symbol.dispose]() {} };
    const link = this.#link(endpoint);
    const watcher: Watcher = { onDead, onUnsure };
    link.watchers.add(watcher);
    link.ensure();
    return {
      [Symbol.dispose]: () => {
        link.watchers.delete(watcher);
        this.#trim();
      },
    };
  }

  /** Resolves to true only if nobody has that process's socket any more. */
  probe(endpoint: string): Promise<boolean> {
    if (endpoint === this.endpoint) return Promise.resolve(false);
    return new Promise((resolve) => {
      const socket = connect(endpoint);
      socket.unref();
      socket.once("connect", () => {
        socket.destroy();
        resolve(false);
      });
      socket.once("error", (error) => resolve(isRefused(error)));
    });
  }

  /**
   * Removes the sockets of processes that died long ago. Not those that died just now: another waiter may still have to
   * find out, and a path that is gone proves nothing.
   */
  async #sweep(): Promise<void> {
    const folder = dirname(this.endpoint);
    const before = platform.wallNow() - SWEEP_AGE_MS;
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await stat(path);
      if (found.isSocket() && found.mtimeMs < before && (await this.probe(path))) await unlink(path);
    }
  }

  #link(endpoint: string): Link {
    let link = this.#links.get(endpoint);
    if (link === undefined) {
      link = new Link(endpoint, this.endpoint, this.#onWake);
      this.#links.set(endpoint, link);
      this.#trim();
    }
    return link;
  }

  #trim(): void {
    if (this.#links.size <= KEPT_LINKS) return;
    for (const [endpoint, link] of this.#links) {
      if (link.watchers.size > 0) continue;
      link.close();
      this.#links.delete(endpoint);
      if (this.#links.size <= KEPT_LINKS) return;
    }
  }

  #accept(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy(); // or the server, which ends with its last connection, would never end
      return;
    }
    socket.unref();
    this.#accepted.add(socket);
    let caller: string | undefined;
    socket.on("close", () => {
      this.#accepted.delete(socket);
      if (caller !== undefined && this.#callers.get(caller) === socket) this.#callers.delete(caller);
    });
    receive(socket, this.#onWake, (endpoint) => {
      caller = endpoint;
      this.#callers.set(endpoint, socket);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // What was pushed a moment ago must still go out: the last act of a process is often a release.
    await Promise.all([...[...this.#links.values()].map((link) => link.finish()), ...[...this.#accepted].map(finish)]);
    this.#links.clear();
    await this.#listening?.catch(() => {}); // it told its own caller
    await new Promise<void>((resolve) => {
      if (this.#server?.listening === true) this.#server.close(() => resolve());
      else resolve();
    });
  }
}

interface Watcher {
  readonly onDead: () => void;
  readonly onUnsure: (() => void) | undefined;
}

/** Our connection to one other process: for pushes to it, and for hearing of its end. */
class Link {
  readonly watchers: Set<Watcher> = new Set();
  readonly #endpoint: string;
  readonly #own: string;
  readonly #onWake: (id: string) => void;
  #socket: Socket | undefined;
  #unsure: Timer | undefined;
  #isClosed = false;

  constructor(endpoint: string, own: string, onWake: (id: string) => void) {
    this.#endpoint = endpoint;
    this.#own = own;
    this.#onWake = onWake;
  }

  send(line: string): void {
    this.ensure();
    this.#socket?.write(line);
  }

  /** Connects if there is no connection. */
  ensure(): void {
    if (this.#socket !== undefined || this.#isClosed) return;
    const socket = connect(this.#endpoint);
    this.#socket = socket;
    socket.unref();
    let failure: unknown;
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => this.#ended(failure));
    socket.write(`from ${this.#own}\n`);
    receive(socket, this.#onWake);
  }

  #ended(failure: unknown): void {
    this.#socket = undefined;
    if (this.#isClosed || this.watchers.size === 0) return;
    if (isRefused(failure)) {
      const watchers = [...this.watchers];
      this.watchers.clear();
      for (const { onDead } of watchers) onDead();
    } else if (failure === undefined || isReset(failure)) {
      this.ensure(); // closed from the other side: dead, or another process has the socket now
      if (failure === undefined) this.#unsureSoon();
    } else {
      platform.setTimer(() => this.#retry(), RETRY_MS).keepAlive(false);
    }
  }

  /** Not at once: whoever hears of it looks at the store, and that would be under way when the death is proved. */
  #unsureSoon(): void {
    if (this.#unsure !== undefined) return;
    this.#unsure = platform.setTimer(() => {
      this.#unsure = undefined;
      for (const { onUnsure } of this.watchers) onUnsure?.();
    }, UNSURE_MS);
    this.#unsure.keepAlive(false);
  }

  #retry(): void {
    if (this.watchers.size > 0) this.ensure();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.destroy();
  }

  /** Closes once everything written has gone out. */
  async finish(): Promise<void> {
    this.#isClosed = true;
    if (this.#socket !== undefined) await finish(this.#socket);
  }
}

/** Closes a connection once everything written to it has gone out; a peer that does not read is not waited for. */
async function finish(socket: Socket): Promise<void> {
  if (socket.connecting || socket.writableLength > 0) {
    await new Promise<void>((resolve) => {
      const timer = platform.setTimer(resolve, FINISH_MS);
      const done = (): void => {
        timer.clear();
        resolve();
      };
      socket.once("close", done);
      socket.end(done);
    });
  }
  socket.destroy();
}

function receive(socket: Socket, onWake: (id: string) => void, onCaller?: (endpoint: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("error", () => {}); // the close that follows is what counts
  socket.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(0, 1024); // nobody of ours sends more; a stranger fills no memory
    for (const line of lines) {
      if (line.startsWith("wake ")) onWake(line.slice(5));
      else if (line.startsWith("from ")) onCaller?.(line.slice(5));
    }
  });
}

function isRefused(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "ECONNREFUSED";
}

function isReset(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE";
}
