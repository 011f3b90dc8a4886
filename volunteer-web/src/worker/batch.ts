/** The results of a lease that a worker has not sent yet. */

import { DEFAULT_RESULT_BYTES, KIND, RESULT_OVERHEAD_BYTES } from "../wire/constants.ts";
import { encodeResults, ENTRY_BYTES, type Value } from "../wire/results.ts";

/**
 * Size at which a batch is sent, in characters. A character takes at most three bytes, so a message stays below about
 * 1 MiB unless one value alone is longer.
 */
const MAX_BATCH_CHARACTERS = 340_000;
const MAX_BYTES_OF_CHARACTER = 3;

const encoder = new TextEncoder();

/** Consecutive results of one lease that are not sent yet. */
export class Batch {
  #lease = 0;
  #offset = 0;
  #values: Value[] = [];
  /** The kind of each value, once one of them is not `KIND.RESULT`. */
  #kinds: number[] | null = null;
  /** Estimate in characters. */
  #size = 0;
  #maxSize: number;

  /** @param maxResult bytes of the largest result: no message is much longer, whatever it holds */
  constructor(maxResult = DEFAULT_RESULT_BYTES) {
    // With the overhead comes the head of the message, which is well below 64 bytes.
    const characters = Math.floor((maxResult + RESULT_OVERHEAD_BYTES - 64) / MAX_BYTES_OF_CHARACTER);
    this.#maxSize = Math.min(MAX_BATCH_CHARACTERS, characters);
  }

  /** The number of results that wait here. */
  get count(): number {
    return this.#values.length;
  }

  /** Begins a lease, at its item `offset`. Results of another lease that still wait here are forgotten. */
  begin(lease: number, offset = 0): void {
    this.#lease = lease;
    this.#offset = offset;
    this.#clear();
  }

  /** Whether the batch is to be sent before this value is added. */
  isFullFor(value: Value): boolean {
    return this.#values.length > 0 && this.#size + sizeOf(value) + ENTRY_BYTES > this.#maxSize;
  }

  /**
   * Adds the result of the next item.
   *
   * @param kind one of `KIND`; the value is bytes if and only if it is `KIND.BINARY`
   */
  add(kind: number, value: Value): void {
    if (kind !== KIND.RESULT && this.#kinds === null) this.#kinds = this.#values.map(() => KIND.RESULT);
    this.#kinds?.push(kind);
    this.#values.push(value);
    this.#size += sizeOf(value) + ENTRY_BYTES;
  }

  /**
   * Returns the waiting results as one `results` message and forgets them.
   *
   * @param busyMs milliseconds that were worked for them
   */
  take(busyMs: number): Uint8Array<ArrayBuffer> {
    const head = {
      lease: this.#lease,
      offset: this.#offset,
      busy_us: Math.max(0, Math.round(busyMs * 1000)),
    };
    const message = encodeResults(head, this.#values, this.#kinds);
    this.#offset += this.#values.length;
    this.#clear();
    return message;
  }

  #clear(): void {
    this.#values = [];
    this.#kinds = null;
    this.#size = 0;
  }
}

/**
 * Returns the bytes of a result that is an `ArrayBuffer` or a view of one, else null. They are a copy, because the
 * function may use its buffer again.
 */
export function bytesOf(result: unknown): Uint8Array<ArrayBuffer> | null {
  if (typeof result !== "object" || result === null) return null;
  if (ArrayBuffer.isView(result)) {
    return new Uint8Array(result.buffer, result.byteOffset, result.byteLength).slice();
  }
  return result instanceof ArrayBuffer ? new Uint8Array(result).slice() : null;
}

/** Whether `value` has more bytes than `maxResult`. */
export function isTooLong(value: Value, maxResult: number): boolean {
  if (typeof value !== "string") return value.length > maxResult;
  if (value.length * MAX_BYTES_OF_CHARACTER <= maxResult) return false;
  return value.length > maxResult || encoder.encode(value).length > maxResult;
}

/** Returns the size of a value in characters, which bytes are converted to. */
function sizeOf(value: Value): number {
  return typeof value === "string" ? value.length : Math.ceil(value.length / MAX_BYTES_OF_CHARACTER);
}
