/** Finds out when a full channel has room again. */

import { MAX_BUFFERED_BYTES } from "./channel.ts";

/** Looks at a channel's buffer again and again while it is full. */
export class RoomPoll {
  #buffered: () => number;
  #room: () => void;
  #everyMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param buffered returns the bytes that wait
   * @param room called when these are fewer than `MAX_BUFFERED_BYTES` again
   */
  constructor(buffered: () => number, room: () => void, everyMs: number) {
    this.#buffered = buffered;
    this.#room = room;
    this.#everyMs = everyMs;
  }

  /** To be called after each frame that is sent. */
  sent(): void {
    if (this.#timer !== undefined || this.#buffered() < MAX_BUFFERED_BYTES) return;
    this.#timer = setInterval(() => {
      if (this.#buffered() >= MAX_BUFFERED_BYTES) return;
      this.stop();
      this.#room();
    }, this.#everyMs);
  }

  /** Looks no more, until `sent` is called again. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
