/** A channel over WebSocket, straight to a client that serves it itself: one frame is one binary message. */

import type { Channel, ChannelEvents } from "./channel.ts";
import { ConnectError } from "./error.ts";
import { Inbox } from "./inbox.ts";
import { RoomPoll } from "./room_poll.ts";

const OPEN_TIMEOUT_MS = 10_000;
/** A WebSocket does not say when its buffer has drained. */
const POLL_MS = 10;

/**
 * Opens a channel over WebSocket.
 *
 * @throws {ConnectError} it does not open within 10 s, or is given up
 */
export function openWebSocket(url: URL, signal: AbortSignal): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const inbox = new Inbox();
    const fail = (text: string) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      socket.close();
      reject(new ConnectError(text));
    };
    const giveUp = () => fail("given up");
    const timer = setTimeout(() => fail("the client does not answer"), OPEN_TIMEOUT_MS);
    signal.addEventListener("abort", giveUp);
    socket.onclose = () => fail("the connection was refused");
    socket.onmessage = ({ data }) => inbox.frame(data);
    socket.onopen = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      resolve(new WebSocketChannel(socket, inbox));
    };
  });
}

class WebSocketChannel implements Channel {
  readonly kind = "websocket";
  readonly binding: string | null = null;
  #socket: WebSocket;
  #inbox: Inbox;
  #poll: RoomPoll;

  constructor(socket: WebSocket, inbox: Inbox) {
    this.#socket = socket;
    this.#inbox = inbox;
    this.#poll = new RoomPoll(() => socket.bufferedAmount, () => inbox.room(), POLL_MS);
    socket.onclose = ({ reason }) => {
      this.#poll.stop();
      inbox.closed(reason || "the connection broke");
    };
  }

  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  listen(events: ChannelEvents): void {
    this.#inbox.listen(events);
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(frame);
    this.#poll.sent();
  }

  async close(): Promise<void> {
    this.#inbox.stop();
    this.#poll.stop();
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    // What was sent goes out before the closing handshake.
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.close(1000);
    await closed;
  }
}
