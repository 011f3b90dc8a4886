/**
 * Frames: long messages are split into parts of at most 60 KiB and joined again (PROTOCOL.md, 2.1).
 *
 * The same for both directions. The channel underneath is ordered and reliable, so a part needs no number: it belongs to
 * the one message that is open.
 */

import { hasFlags, viewOf } from "./bytes.ts";
import { isControl, MAX_FRAME_BYTES, MIN_PART_BYTES, PART, ProtocolError } from "./constants.ts";

const HEADER_BYTES = 4;
const FIRST_HEADER_BYTES = 8;

/** Joins frames to messages, for one direction of one channel. */
export class Joiner {
  #limit: number;
  #message: Uint8Array<ArrayBuffer> | null = null;
  #received = 0;

  /** @param limit the largest message in bytes, checked against the total that a first part announces */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Takes the next frame.
   *
   * @returns the message that `frame` completes, or null; a short one is `frame` itself, not a copy
   * @throws {ProtocolError} it is no frame, or may not come now
   */
  receive(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
    if (frame.length < HEADER_BYTES || frame.length > MAX_FRAME_BYTES) {
      throw new ProtocolError(`a frame of ${frame.length} bytes`);
    }
    if (frame[0] === PART.NEXT) return this.#next(frame);
    if (frame[0] === PART.FIRST) return this.#first(frame);
    if (this.#message !== null && !isControl(frame[0])) {
      throw new ProtocolError("a bulk message inside a long one");
    }
    return frame;
  }

  #first(frame: Uint8Array): null {
    if (this.#message !== null) throw new ProtocolError("a long message inside a long one");
    if (frame.length < FIRST_HEADER_BYTES + MIN_PART_BYTES) {
      throw new ProtocolError("a first part that is too short");
    }
    const total = viewOf(frame).getUint32(HEADER_BYTES, true);
    if (total <= MAX_FRAME_BYTES) throw new ProtocolError("parts of a message that fits a frame");
    if (total > this.#limit) {
      throw new ProtocolError(`a message of ${total} bytes; the limit is ${this.#limit}`);
    }
    if (hasFlags(frame)) throw new ProtocolError("a part with an unknown flag");
    // A browser takes the memory only when it is written to, so a first part alone does not cost the whole total.
    this.#message = new Uint8Array(total);
    this.#message.set(frame.subarray(FIRST_HEADER_BYTES));
    this.#received = frame.length - FIRST_HEADER_BYTES;
    return null;
  }

  #next(frame: Uint8Array): Uint8Array<ArrayBuffer> | null {
    const message = this.#message;
    if (message === null) throw new ProtocolError("a part without a first");
    const size = frame.length - HEADER_BYTES;
    const missing = message.length - this.#received;
    // Not too short, but for the last one: otherwise a long message could be sent a byte at a time.
    if (size < Math.min(missing, MIN_PART_BYTES) || size > missing) {
      throw new ProtocolError(`a part of ${size} bytes where ${missing} are missing`);
    }
    if (hasFlags(frame)) throw new ProtocolError("a part with an unknown flag");
    message.set(frame.subarray(HEADER_BYTES), this.#received);
    this.#received += size;
    if (this.#received < message.length) return null;
    this.#message = null;
    if (message[0] === PART.FIRST || message[0] === PART.NEXT || isControl(message[0])) {
      throw new ProtocolError("a long message of a type that is never long");
    }
    return message;
  }
}

/**
 * The messages that wait to be sent, cut into frames one at a time: control messages before bulk ones, and never
 * a second long message before the first is through. Its user pulls a frame whenever the channel has room, so
 * nothing is cut before it is needed and a `pong` overtakes a megabyte of results.
 */
export class Outbox {
  #control: Uint8Array<ArrayBuffer>[] = [];
  #bulk: Uint8Array<ArrayBuffer>[] = [];
  /** Index of the first bulk message that is not sent. */
  #head = 0;
  /** Bytes of that message that are already sent. */
  #sent = 0;

  /** Puts a whole message in line behind those of its kind. */
  push(message: Uint8Array<ArrayBuffer>): void {
    (isControl(message[0]) ? this.#control : this.#bulk).push(message);
  }

  /** Returns the next frame, or null when there is nothing to send. */
  pull(): Uint8Array<ArrayBuffer> | null {
    const control = this.#control.shift();
    if (control !== undefined) return control;
    if (this.#head === this.#bulk.length) return null;
    const message = this.#bulk[this.#head];
    if (message.length <= MAX_FRAME_BYTES) {
      this.#shiftBulk();
      return message;
    }
    const header = this.#sent === 0 ? FIRST_HEADER_BYTES : HEADER_BYTES;
    const part = message.subarray(this.#sent, this.#sent + MAX_FRAME_BYTES - header);
    const frame = new Uint8Array(header + part.length);
    if (this.#sent === 0) {
      frame[0] = PART.FIRST;
      viewOf(frame).setUint32(HEADER_BYTES, message.length, true);
    } else {
      frame[0] = PART.NEXT;
    }
    frame.set(part, header);
    this.#sent += part.length;
    if (this.#sent === message.length) this.#shiftBulk();
    return frame;
  }

  /**
   * Puts the last message behind those that wait. If these are more than `mostBytes`, they are forgotten, and so is the
   * rest of a message that is begun.
   */
  finish(message: Uint8Array<ArrayBuffer>, mostBytes: number): void {
    const bytes = this.#bulk.slice(this.#head).reduce((sum, { length }) => sum + length, -this.#sent);
    if (bytes > mostBytes) this.#clear();
    this.#bulk.push(message);
  }

  #clear(): void {
    this.#control = [];
    this.#bulk = [];
    this.#head = 0;
    this.#sent = 0;
  }

  #shiftBulk(): void {
    this.#sent = 0;
    this.#head++;
    // An array's shift() moves everything behind it; thousands of messages may wait here.
    if (this.#head > 64 && this.#head * 2 > this.#bulk.length) {
      this.#bulk = this.#bulk.slice(this.#head);
      this.#head = 0;
    }
  }
}
