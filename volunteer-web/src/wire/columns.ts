/** Leases and results as columns: all lengths, perhaps kinds, then all bytes end to end (PROTOCOL.md, section 2). */

import { ProtocolError } from "./constants.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Returns how to read and write the numbers in `bytes`. */
export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Returns the bytes of all values together. */
export function sum(values: readonly Uint8Array[]): number {
  return values.reduce((total, value) => total + value.length, 0);
}

/**
 * Checks that `count` lengths, which begin at `from`, add up to the rest of `bytes`.
 *
 * @param each bytes that each value has in the columns: 4 for its length, and 1 for its kind where there are kinds
 * @throws {ProtocolError} they do not, or there is no value
 */
export function checkColumns(bytes: Uint8Array, from: number, count: number, each: number): void {
  const body = from + each * count;
  if (count < 1 || body > bytes.length) {
    throw new ProtocolError(`a count of ${count} in a message of ${bytes.length} bytes`);
  }
  const at = view(bytes);
  let end = body;
  for (let i = 0; i < count; i++) end += at.getUint32(from + 4 * i, true);
  if (end !== bytes.length) throw new ProtocolError("lengths that do not add up");
}

/**
 * Cuts the values out of `bytes`, without copying them.
 *
 * @throws {ProtocolError} as `checkColumns` does
 */
export function columns(bytes: Bytes, from: number, count: number, each: number): Bytes[] {
  checkColumns(bytes, from, count, each);
  const at = view(bytes);
  let start = from + each * count;
  const values = new Array<Bytes>(count);
  for (let i = 0; i < count; i++) {
    const end = start + at.getUint32(from + 4 * i, true);
    values[i] = bytes.subarray(start, end);
    start = end;
  }
  return values;
}

/** Writes lengths, kinds where there are any, and values, from `from` to the end of `bytes`. */
export function writeColumns(
  bytes: Bytes,
  from: number,
  values: readonly Bytes[],
  kinds: readonly number[] | null,
) {
  const at = view(bytes);
  values.forEach((value, i) => at.setUint32(from + 4 * i, value.length, true));
  let start = from + 4 * values.length;
  if (kinds !== null) {
    bytes.set(kinds, start);
    start += values.length;
  }
  for (const value of values) {
    bytes.set(value, start);
    start += value.length;
  }
}
