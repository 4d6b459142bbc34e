/** Numbers of creation, one sequence for everything a caller can wait at: a listener may tell things apart by them. */

let last = 0;

/** Gives the next number: larger than that of everything made before. */
export function nextLockId(): number {
  return ++last;
}
