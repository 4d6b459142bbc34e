/** A face of a read-write lock as its users see it. */
import { FaceCore, type FaceShape } from "../core/face-core.js";
import type { ReadWriteCore, Side } from "../core/read-write-core.js";
import type { Guard } from "./lock.js";
import { CoreLock } from "./permit-lock.js";

/** One face; not exported by the package. */
export class FaceLock<G extends Guard = Guard> extends CoreLock<G, FaceCore> {
  /** How the lock calls it: "ReadWriteLock.read". */
  readonly #title: string;

  constructor(title: string, core: ReadWriteCore, side: Side, shape: FaceShape) {
    super(new FaceCore(core, side, shape));
    this.#title = title;
  }

  override toString(): string {
    const { name, holders, waiting, isClosed } = this.core;
    const state = `${holders}, waiting: ${waiting}${isClosed ? ", closed" : ""}`;
    return `${this.#title} { name: ${JSON.stringify(name)}, ${state} }`;
  }
}
