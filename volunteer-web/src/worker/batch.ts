/** How a worker turns what the function gives into answers, and answers into `results` messages. */

import { SCRIPT_NAME } from "./script.ts";
import { withAdvice } from "./missing_globals.ts";
import { DEFAULT_RESULT, KIND, RESULT_OVERHEAD, TYPE } from "../wire/constants.ts";

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

/** A value as it travels: text, but bytes where the kind is binary. */
export type Value = string | Uint8Array;

/** A message and a stack, as errors are told to the client. */
export type ErrorText = { readonly message: string; readonly stack: string };

/** Returns what can be said about anything that was thrown; never throws itself. */
export function errorText(error: unknown): ErrorText {
  try {
    const { message, stack } = (typeof error === "object" && error !== null ? error : {}) as Partial<
      ErrorText
    >;
    return {
      message: withAdvice(errorName(error), String(message ?? error)).slice(0, MAX_MESSAGE_CHARACTERS),
      stack: ofFunction(String(stack ?? "").slice(0, MAX_STACK_CHARACTERS)),
    };
  } catch {
    return { message: "an error that cannot be shown", stack: "" };
  }
}

/** Returns the name of an error, or nothing; never throws either. */
export function errorName(error: unknown): string {
  try {
    return typeof error === "object" && error !== null
      ? String((error as Error).name ?? "").slice(0, 100)
      : "";
  } catch {
    return "";
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
  #values: Value[] = [];
  #kinds: number[] | null = null;
  #hasBytes = false;
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

  /** Whether the batch should be sent before this value is added. */
  isFullFor(value: Value): boolean {
    return this.#values.length > 0 && this.#size + sizeOf(value) + SIZE_OF_ENTRY > this.#maxSize;
  }

  /**
   * Adds the answer to the next item.
   *
   * @param kind one of `KIND`; the value is bytes if and only if it is `KIND.BINARY`
   */
  add(kind: number, value: Value): void {
    if (kind !== KIND.RESULT && this.#kinds === null) this.#kinds = this.#values.map(() => KIND.RESULT);
    this.#kinds?.push(kind);
    this.#values.push(value);
    this.#size += sizeOf(value) + SIZE_OF_ENTRY;
    if (kind === KIND.BINARY) this.#hasBytes = true;
  }

  /**
   * Returns the waiting answers as one `results` message and forgets them.
   *
   * @param busyMs milliseconds that were worked for them
   */
  take(busyMs: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#hasBytes
      ? encodeEach(this.#values, this.#kinds)
      : encodeText(this.#values as string[], this.#kinds);
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
    this.#hasBytes = false;
    this.#size = 0;
  }
}

/** Returns the bytes of a result that is binary, copied, because the function may use its buffer again; else null. */
export function bytesOf(result: unknown): Uint8Array | null {
  if (typeof result !== "object" || result === null) return null;
  if (ArrayBuffer.isView(result)) {
    return new Uint8Array(result.buffer, result.byteOffset, result.byteLength).slice();
  }
  return result instanceof ArrayBuffer ? new Uint8Array(result).slice() : null;
}

/** Returns what a value counts as, in characters. */
function sizeOf(value: Value): number {
  return typeof value === "string" ? value.length : Math.ceil(value.length / MAX_BYTES_OF_CHARACTER);
}

/** Whether `value` has more bytes than `maxResult`. */
export function isTooLong(value: Value, maxResult: number): boolean {
  if (typeof value !== "string") return value.length > maxResult;
  if (value.length * MAX_BYTES_OF_CHARACTER <= maxResult) return false;
  return value.length > maxResult || encoder.encode(value).length > maxResult;
}

/** Returns what is said about a result that is too long. */
export function tooLong(maxResult: number): ErrorText {
  const mebibytes = maxResult / (1024 * 1024);
  const size = Number.isInteger(mebibytes) ? `${mebibytes} MiB` : `${maxResult} bytes`;
  return { message: `the result is longer than ${size}`, stack: "" };
}

/** Returns a message without its head but for the columns, for values that are all text. */
function encodeText(values: readonly string[], kinds: readonly number[] | null): Uint8Array<ArrayBuffer> {
  const start = HEAD + (kinds === null ? 4 : 5) * values.length;
  const text = values.join("");
  const bytes = new Uint8Array(start + text.length);
  const { read } = encoder.encodeInto(text, bytes.subarray(start));
  if (read !== text.length) return encodeEach(values, kinds);
  // It fitted, so every character is one byte: one call has encoded all of them.
  writeColumns(bytes, values, kinds);
  return bytes;
}

/** Does the same for values of any sort, one by one. */
function encodeEach(values: readonly Value[], kinds: readonly number[] | null): Uint8Array<ArrayBuffer> {
  const parts = values.map((value) => typeof value === "string" ? encoder.encode(value) : value);
  let at = HEAD + (kinds === null ? 4 : 5) * values.length;
  const bytes = new Uint8Array(at + parts.reduce((sum, part) => sum + part.length, 0));
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  writeColumns(bytes, parts, kinds);
  return bytes;
}

function writeColumns(
  bytes: Uint8Array<ArrayBuffer>,
  values: readonly { readonly length: number }[],
  kinds: readonly number[] | null,
): void {
  const head = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) head.setUint32(HEAD + 4 * i, values[i].length, true);
  if (kinds !== null) bytes.set(kinds, HEAD + 4 * values.length);
}
