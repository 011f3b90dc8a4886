/** A channel through a pipe: each frame is preceded by its length as a 32-bit number (PROTOCOL.md, section 2). */

import type { Channel, ChannelEvents } from "./channel.ts";
import { MAX_FRAME_BYTES } from "../wire/constants.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Where bytes come from and go to. */
export type Ends = {
  readonly readable: ReadableStream<Bytes>;
  readonly writable: WritableStream<Bytes>;
};

export class PipeChannel implements Channel {
  readonly kind = "pipe";
  readonly binding: string | null = null;
  #ends: Ends;
  #events: ChannelEvents | null = null;
  #writer: WritableStreamDefaultWriter<Bytes>;
  #buffered = 0;
  #pending: Bytes[] = [];
  #writing: Promise<void> | null = null;
  #closed = false;

  constructor(ends: Ends) {
    this.#ends = ends;
    this.#writer = ends.writable.getWriter();
  }

  get buffered(): number {
    return this.#buffered;
  }

  listen(events: ChannelEvents): void {
    this.#events = events;
    this.#read(events).then(
      () => this.#end("the client closed the pipe"),
      (error) => this.#end(`the pipe broke: ${error.message}`),
    );
  }

  send(frame: Bytes): void {
    if (this.#closed) return;
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, frame.length, true);
    this.#pending.push(length, frame);
    this.#buffered += frame.length + 4;
    this.#writing ??= this.#write();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
  }

  async #read(events: ChannelEvents): Promise<void> {
    let rest: Bytes = new Uint8Array(0);
    for await (const chunk of this.#ends.readable) {
      rest = rest.length === 0 ? chunk : concatenate([rest, chunk]);
      let at = 0;
      while (!this.#closed && rest.length - at >= 4) {
        const length = new DataView(rest.buffer, rest.byteOffset + at, 4).getUint32(0, true);
        if (length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes`);
        if (rest.length - at < 4 + length) break;
        // A copy, because a lease is transferred to its worker together with the whole buffer.
        events.frame(rest.slice(at + 4, at + 4 + length));
        at += 4 + length;
      }
      if (this.#closed) return;
      rest = rest.subarray(at);
    }
    if (rest.length > 0) throw new Error("it ended inside a frame");
  }

  async #write(): Promise<void> {
    // What gathered in this turn of the event loop goes out in one write.
    await Promise.resolve();
    try {
      while (this.#pending.length > 0) {
        const bytes = concatenate(this.#pending);
        this.#pending = [];
        await this.#writer.write(bytes);
        this.#buffered -= bytes.length;
        if (!this.#closed) this.#events?.room();
      }
    } catch (error) {
      this.#pending = [];
      this.#end(`the pipe broke: ${(error as Error).message}`);
    }
    this.#writing = null;
  }

  #end(text: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events?.closed(text);
  }
}

function concatenate(parts: readonly Bytes[]): Bytes {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
