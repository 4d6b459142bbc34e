/** Which boot of the machine this is: monotonic times of another boot mean nothing. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** An id that changes with every boot and is the same for all processes of one. */
export function bootId(): string {
  if (process.platform === "darwin") {
    return execFileSync("/usr/sbin/sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8" }).trim();
  }
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
