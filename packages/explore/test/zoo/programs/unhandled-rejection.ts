/** A prefetch is begun early and awaited late; if the first request fails in between, nobody looks at the prefetch. */
import type { Body } from "@lockwright/explore";
import { io, type Program } from "../zoo.ts";

const loading =
  (isObserved: boolean): Body =>
  async () => {
    let isOffline = false;
    const load = async (name: string): Promise<string> => {
      await io(name);
      if (isOffline) throw new Error(`${name}: offline`);
      return name;
    };
    const drive = async (): Promise<void> => {
      for (let step = 0; step < 3; step += 1) await io("towards the tunnel");
      isOffline = true;
    };
    const tunnel = drive();
    const images = load("images");
    if (isObserved) images.catch(() => {});
    try {
      await load("page");
      await images;
    } catch {
      // shown as a message
    }
    await tunnel;
  };

export const unhandledRejection: Program = {
  name: "unhandled-rejection",
  kind: "unhandled rejection",
  grade: "B",
  message: /handled by nobody: Error: images/,
  bug: loading(false),
  fixed: loading(true),
};
