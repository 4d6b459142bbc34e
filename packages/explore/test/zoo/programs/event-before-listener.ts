/** A socket is opened, something is awaited, then the listener is added; the event may have been there already. */
import { EventEmitter } from "node:events";
import type { Body } from "@lockwright/explore";
import { io, type Program } from "../zoo.ts";

class Socket extends EventEmitter {
  open(): void {
    void io("handshake").then(() => this.emit("open"));
  }
}

const connecting =
  (listensFirst: boolean): Body =>
  async () => {
    const socket = new Socket();
    const listen = (): Promise<void> => new Promise((resolve) => socket.once("open", resolve));
    const early = listensFirst ? listen() : undefined;
    socket.open();
    await io("look up the user");
    await (early ?? listen());
  };

export const eventBeforeListener: Program = {
  name: "event-before-listener",
  kind: "event before its listener",
  grade: "A",
  message: /deadlock/,
  bug: connecting(false),
  fixed: connecting(true),
};
