/**
 * Leases and their results as bytes (PROTOCOL.md, 2.2 and 2.3): the only module that knows where what lies in them.
 *
 * Both are a head and columns: the lengths of all values, in results perhaps their kinds, then all values end to end.
 * There is no object for an item or a result.
 */

import { hasFlags, viewOf } from "./bytes.ts";
import { KIND, ProtocolError, TYPE } from "./constants.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A result as it travels: text, but bytes where the kind is binary. */
export type Value = string | Bytes;

/** What the head of a `lend` says. */
export type LendHead = {
  readonly lease: number;
  /** Number of its items. */
  readonly count: number;
};

/** What the head of a `results` message says. */
export type ResultsHead = {
  readonly lease: number;
  /** Number of items of the lease with results in earlier messages. */
  readonly offset: number;
  /** Number of results in this message. */
  readonly count: number;
  /** Microseconds that were worked for them. */
  readonly busy_us: number;
};

const LEND_HEAD_BYTES = 12;
const RESULTS_HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const KIND_BYTES = 1;
/** Bit of the second byte: there is a column of kinds. Without it every value is a result. */
const HAS_KINDS = 1;
const MAX_U32 = 0xffffffff;

/** Bytes that one result takes beside its value, at most. */
export const ENTRY_BYTES = LENGTH_BYTES + KIND_BYTES;

const encoder = new TextEncoder();

/**
 * Returns the head of a `lend`, after checking that the lengths of its items add up.
 *
 * @throws {ProtocolError} they do not
 */
export function readLendHead(bytes: Uint8Array): LendHead {
  if (bytes.length < LEND_HEAD_BYTES) throw new ProtocolError("a lend that is too short");
  if (hasFlags(bytes)) throw new ProtocolError("a message with an unknown flag");
  const head = viewOf(bytes);
  const lease = head.getUint32(4, true);
  if (lease === 0) throw new ProtocolError("lease number 0");
  const count = head.getUint32(8, true);
  const body = LEND_HEAD_BYTES + LENGTH_BYTES * count;
  if (count < 1 || body > bytes.length) {
    throw new ProtocolError(`a count of ${count} in a message of ${bytes.length} bytes`);
  }
  let end = body;
  for (let i = 0; i < count; i++) end += head.getUint32(LEND_HEAD_BYTES + LENGTH_BYTES * i, true);
  if (end !== bytes.length) throw new ProtocolError("lengths that do not add up");
  return { lease, count };
}

/** The items of a `lend`, without an object for each of them. */
export class LendColumns {
  readonly lease: number;
  readonly count: number;
  /** All items, end to end. */
  readonly items: Bytes;
  #view: DataView;

  /** @param message a whole `lend` that `readLendHead` has accepted */
  constructor(message: Bytes) {
    this.#view = viewOf(message);
    this.lease = this.#view.getUint32(4, true);
    this.count = this.#view.getUint32(8, true);
    this.items = message.subarray(LEND_HEAD_BYTES + LENGTH_BYTES * this.count);
  }

  /** Returns the bytes that item number `index`, counted from 0, has in `items`. */
  lengthOf(index: number): number {
    return this.#view.getUint32(LEND_HEAD_BYTES + LENGTH_BYTES * index, true);
  }
}

/**
 * Returns the head of a `results` message.
 *
 * @throws {ProtocolError} it is too short to have one
 */
export function readResultsHead(bytes: Uint8Array): ResultsHead {
  if (bytes.length < RESULTS_HEAD_BYTES) throw new ProtocolError("results that are too short");
  const head = viewOf(bytes);
  return {
    lease: head.getUint32(4, true),
    offset: head.getUint32(8, true),
    count: head.getUint32(12, true),
    busy_us: head.getUint32(16, true),
  };
}

/**
 * Returns consecutive results of one lease as a `results` message.
 *
 * @param kinds one of `KIND` for each value, or null when all are `KIND.RESULT`
 */
export function encodeResults(
  { lease, offset, busy_us }: Omit<ResultsHead, "count">,
  values: readonly Value[],
  kinds: readonly number[] | null,
): Bytes {
  const bytes = (kinds?.includes(KIND.BINARY) ? null : encodeTexts(values as readonly string[], kinds)) ??
    encodeValues(values, kinds);
  writeHead(bytes, { lease, offset, count: values.length, busy_us }, kinds !== null);
  return bytes;
}

/** Returns consecutive `results` messages of one lease as one message. */
export function joinResults(messages: readonly Bytes[]): Bytes {
  const parts = messages.map((bytes) => ({
    bytes,
    head: readResultsHead(bytes),
    hasKinds: bytes[1] === HAS_KINDS,
  }));
  const total = (of: (part: typeof parts[0]) => number) => parts.reduce((sum, part) => sum + of(part), 0);
  const count = total(({ head }) => head.count);
  const hasKinds = parts.some((part) => part.hasKinds);
  const valuesOf = ({ bytes, head, hasKinds }: typeof parts[0]) =>
    bytes.subarray(RESULTS_HEAD_BYTES + columnsBytes(head.count, hasKinds));
  const kindsAt = RESULTS_HEAD_BYTES + LENGTH_BYTES * count;
  let valuesAt = RESULTS_HEAD_BYTES + columnsBytes(count, hasKinds);
  const joined = new Uint8Array(valuesAt + total((part) => valuesOf(part).length));
  let index = 0;
  for (const part of parts) {
    const { bytes, head } = part;
    const lengthsEnd = RESULTS_HEAD_BYTES + LENGTH_BYTES * head.count;
    joined.set(bytes.subarray(RESULTS_HEAD_BYTES, lengthsEnd), RESULTS_HEAD_BYTES + LENGTH_BYTES * index);
    // Where a part has no kinds, all its values are results, which is kind 0.
    if (part.hasKinds) joined.set(bytes.subarray(lengthsEnd, lengthsEnd + head.count), kindsAt + index);
    joined.set(valuesOf(part), valuesAt);
    index += head.count;
    valuesAt += valuesOf(part).length;
  }
  const { lease, offset } = parts[0].head;
  writeHead(joined, { lease, offset, count, busy_us: total(({ head }) => head.busy_us) }, hasKinds);
  return joined;
}

/** Encodes all texts with one call; returns null when a character of them takes more than a byte. */
function encodeTexts(values: readonly string[], kinds: readonly number[] | null): Bytes | null {
  const start = RESULTS_HEAD_BYTES + columnsBytes(values.length, kinds !== null);
  const text = values.join("");
  const bytes = new Uint8Array(start + text.length);
  const { read } = encoder.encodeInto(text, bytes.subarray(start));
  // All of it fitted, so every character is one byte.
  if (read !== text.length) return null;
  writeColumns(bytes, values, kinds);
  return bytes;
}

function encodeValues(values: readonly Value[], kinds: readonly number[] | null): Bytes {
  const parts = values.map((value) => typeof value === "string" ? encoder.encode(value) : value);
  let at = RESULTS_HEAD_BYTES + columnsBytes(values.length, kinds !== null);
  const bytes = new Uint8Array(at + parts.reduce((sum, part) => sum + part.length, 0));
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  writeColumns(bytes, parts, kinds);
  return bytes;
}

function columnsBytes(count: number, hasKinds: boolean): number {
  return (LENGTH_BYTES + (hasKinds ? KIND_BYTES : 0)) * count;
}

function writeColumns(
  bytes: Bytes,
  values: readonly { readonly length: number }[],
  kinds: readonly number[] | null,
): void {
  const at = viewOf(bytes);
  for (let i = 0; i < values.length; i++) {
    at.setUint32(RESULTS_HEAD_BYTES + LENGTH_BYTES * i, values[i].length, true);
  }
  if (kinds !== null) bytes.set(kinds, RESULTS_HEAD_BYTES + LENGTH_BYTES * values.length);
}

function writeHead(bytes: Bytes, head: ResultsHead, hasKinds: boolean): void {
  const at = viewOf(bytes);
  bytes[0] = TYPE.RESULTS;
  bytes[1] = hasKinds ? HAS_KINDS : 0;
  at.setUint32(4, head.lease, true);
  at.setUint32(8, head.offset, true);
  at.setUint32(12, head.count, true);
  at.setUint32(16, Math.min(MAX_U32, head.busy_us), true);
}
