/** Makes `console.log` of a lock or guard one line that tells its state, in subclasses too. */

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** Makes Node print objects of this prototype by their `toString`. */
export function showByToString(prototype: object): void {
  Object.defineProperty(prototype, INSPECT, {
    value(this: object): string {
      return String(this);
    },
  });
}
