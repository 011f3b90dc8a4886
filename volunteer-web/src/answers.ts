/** How a worker turns what the function gives into answers, and answers into `results` messages. */

import { SCRIPT_NAME } from "./function_source.ts";
import { DEFAULT_RESULT, KIND, RESULT_OVERHEAD, TYPE } from "./wire.ts";

const HEAD = 20;
const HAS_KINDS = 1;
// An escaped control character takes six bytes in JSON: with these an error stays below the 64 KiB it may have.
const MAX_MESSAGE_CHARACTERS = 2_000;
const MAX_STACK_CHARACTERS = 8_000;
/**
 * Size at which a batch is sent. A character takes at most three bytes, so a message stays below about 1 MiB
 * unless one value alone is longer.
 */
const MAX_BATCH_SIZE = 340_000;
const MAX_BYTES_OF_CHARACTER = 3;
/** What a value costs beside its characters: its length and kind. */
const SIZE_OF_ENTRY = 5;

const encoder = new TextEncoder();

/** A message and a stack, as errors are told to the client. */
export type ErrorText = { readonly message: string; readonly stack: string };

/** Returns what can be said about anything that was thrown; never throws itself. */
export function errorText(error: unknown): ErrorText {
  try {
    const { message, stack } = (typeof error === "object" && error !== null ? error : {}) as Partial<
      ErrorText
    >;
    return {
      message: String(message ?? error).slice(0, MAX_MESSAGE_CHARACTERS),
      stack: ofFunction(String(stack ?? "").slice(0, MAX_STACK_CHARACTERS)),
    };
  } catch {
    return { message: "an error that cannot be shown", stack: "" };
  }
}

/** Returns the stack without the lines behind the function's last: those are about the worker. */
function ofFunction(stack: string): string {
  const last = stack.lastIndexOf(SCRIPT_NAME);
  return last < 0 ? stack : stack.slice(0, last) + stack.slice(last).split("\n", 1)[0];
}

/** Consecutive answers of one lease that are not sent yet. */
export class Batch {
  #lease = 0;
  #offset = 0;
  #values: string[] = [];
  #kinds: number[] | null = null;
  #size = 0;
  #maxSize: number;

  /** @param maxResult bytes of the largest result: no message may be much longer, whatever it holds */
  constructor(maxResult = DEFAULT_RESULT) {
    const mayHave = Math.floor((maxResult + RESULT_OVERHEAD - HEAD) / MAX_BYTES_OF_CHARACTER);
    this.#maxSize = Math.min(MAX_BATCH_SIZE, mayHave);
  }

  /** How many answers wait here. */
  get count(): number {
    return this.#values.length;
  }

  /** Begins a lease, at its item `offset`; answers of another one that still wait here are forgotten. */
  begin(lease: number, offset = 0): void {
    this.#lease = lease;
    this.#offset = offset;
    this.#clear();
  }

  /** Whether the batch should be sent before an answer of `length` characters is added. */
  isFullFor(length: number): boolean {
    return this.#values.length > 0 && this.#size + length + SIZE_OF_ENTRY > this.#maxSize;
  }

  /**
   * Adds the answer to the next item.
   *
   * @param kind one of `KIND`. (`KIND.BINARY` has its place in the wire and none here yet: values are text.)
   */
  add(kind: number, value: string): void {
    if (kind !== KIND.RESULT && this.#kinds === null) this.#kinds = this.#values.map(() => KIND.RESULT);
    this.#kinds?.push(kind);
    this.#values.push(value);
    this.#size += value.length + SIZE_OF_ENTRY;
  }

  /**
   * Returns the waiting answers as one `results` message and forgets them.
   *
   * @param busyMs milliseconds that were worked for them
   */
  take(busyMs: number): Uint8Array<ArrayBuffer> {
    const bytes = encodeAnswers(this.#values, this.#kinds);
    const head = new DataView(bytes.buffer);
    head.setUint8(0, TYPE.RESULTS);
    head.setUint8(1, this.#kinds === null ? 0 : HAS_KINDS);
    head.setUint32(4, this.#lease, true);
    head.setUint32(8, this.#offset, true);
    head.setUint32(12, this.#values.length, true);
    head.setUint32(16, Math.min(Math.max(0, Math.round(busyMs * 1000)), 0xffffffff), true);
    this.#offset += this.#values.length;
    this.#clear();
    return bytes;
  }

  #clear(): void {
    this.#values = [];
    this.#kinds = null;
    this.#size = 0;
  }
}

/** Whether `value` has more bytes than `maxResult`. */
export function isTooLong(value: string, maxResult: number): boolean {
  if (value.length * MAX_BYTES_OF_CHARACTER <= maxResult) return false;
  return value.length > maxResult || encoder.encode(value).length > maxResult;
}

/** Returns what is said about a result that is too long. */
export function tooLong(maxResult: number): ErrorText {
  const mebibytes = maxResult / (1024 * 1024);
  const size = Number.isInteger(mebibytes) ? `${mebibytes} MiB` : `${maxResult} bytes`;
  return { message: `the result is longer than ${size}`, stack: "" };
}

function encodeAnswers(values: readonly string[], kinds: readonly number[] | null): Uint8Array<ArrayBuffer> {
  const start = HEAD + (kinds === null ? 4 : 5) * values.length;
  const text = values.join("");
  let bytes = new Uint8Array(start + text.length);
  const { read } = encoder.encodeInto(text, bytes.subarray(start));
  const lengths = new Uint32Array(values.length);
  if (read === text.length) {
    // It fitted, so every character is one byte: one call has encoded all of them.
    for (let i = 0; i < values.length; i++) lengths[i] = values[i].length;
  } else {
    const parts = values.map((value) => encoder.encode(value));
    bytes = new Uint8Array(start + parts.reduce((sum, part) => sum + part.length, 0));
    let at = start;
    parts.forEach((part, i) => {
      lengths[i] = part.length;
      bytes.set(part, at);
      at += part.length;
    });
  }
  const head = new DataView(bytes.buffer);
  for (let i = 0; i < lengths.length; i++) head.setUint32(HEAD + 4 * i, lengths[i], true);
  if (kinds !== null) bytes.set(kinds, start - kinds.length);
  return bytes;
}
