/** Keeps the frames of a channel until it is listened to: a client may speak before the volunteer is set up. */

import type { ChannelEvents } from "./channel.ts";

export class Inbox {
  #events: ChannelEvents | null = null;
  #early: unknown[] = [];
  #ended: string | null = null;
  #stopped = false;

  /** Takes the data of a message event; text is no frame and ends the channel for its reader. */
  frame(data: unknown): void {
    if (this.#stopped) return;
    if (this.#events === null) return void this.#early.push(data);
    const frame = bytesOf(data);
    if (frame === null) this.closed("the client sent text");
    else this.#events.frame(frame);
  }

  room(): void {
    if (!this.#stopped) this.#events?.room();
  }

  /** The channel is closed; what comes after that is ignored. */
  closed(text: string): void {
    if (this.#stopped) return;
    if (this.#events === null) {
      this.#ended ??= text;
      return;
    }
    this.stop();
    this.#events.closed(text);
  }

  listen(events: ChannelEvents): void {
    this.#events = events;
    for (const data of this.#early.splice(0)) this.frame(data);
    if (this.#ended !== null) this.closed(this.#ended);
  }

  /** Delivers nothing more. */
  stop(): void {
    this.#stopped = true;
  }
}

function bytesOf(data: unknown): Uint8Array<ArrayBuffer> | null {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  // What Deno's packages deliver is a view into a buffer that they use again.
  return data instanceof Uint8Array ? new Uint8Array(data) : null;
}
