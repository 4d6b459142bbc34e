// A program of its own that holds locks from the built library: node holder.mjs <url> <label> <kind:name[:n]>…
// Prints "held" when it has them all, in order; ends when its stdin does.
import { openLockSpace } from "lockwright/leases";

const [url, label, ...wanted] = process.argv.slice(2);
const space = await openLockSpace(url, { label, renewal: "loop", ttl: 30_000 });
process.stdin.resume().on("end", async () => {
  await space.close();
  process.exit(0);
});
for (const spec of wanted) {
  const [kind, name, n] = spec.split("|");
  if (kind === "mutex") await space.mutex(name).acquire();
  else if (kind === "read") await space.readWriteLock(name).read.acquire();
  else await space.semaphore(name, 4).acquire({ weight: Number(n) });
}
console.log("held");
