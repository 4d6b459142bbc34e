/** Holds a lock until it is killed: `node leases-takeover-worker.mjs <peer> <folder>`; says "held". */
import { join } from "node:path";
import lockfile from "proper-lockfile";
import { openLockSpace } from "../packages/lockwright/dist/leases/index.js";

const [peer, folder] = process.argv.slice(2);
if (peer === "lockwright") await (await openLockSpace(`sqlite:${folder}/locks.db`)).mutex("m").acquire();
else await lockfile.lock(join(folder, "file"), { stale: 2000 });
process.send("held");
setInterval(() => {}, 1000);
