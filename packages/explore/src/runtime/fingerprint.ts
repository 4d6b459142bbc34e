/** A running hash over the steps of a run (FNV-1a over UTF-16 units, 32 bits), shown as four hex digits. */
export class Fingerprint {
  #hash = 0x811c9dc5;

  /** Mixes the parts in; a separator keeps `"ab", "c"` and `"a", "bc"` apart. */
  mix(...parts: readonly (string | number)[]): void {
    for (const part of parts) {
      const text = typeof part === "string" ? part : String(part);
      for (let at = 0; at < text.length; at += 1) this.#add(text.charCodeAt(at));
      this.#add(0xffff);
    }
  }

  #add(unit: number): void {
    this.#hash = Math.imul(this.#hash ^ unit, 0x01000193) >>> 0;
  }

  /** Both halves folded into one, so that neither is lost. */
  hex(): string {
    return ((this.#hash >>> 16) ^ (this.#hash & 0xffff)).toString(16).padStart(4, "0");
  }
}
