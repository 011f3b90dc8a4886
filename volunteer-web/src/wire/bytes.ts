/** What messages and frames have in common: a type, three bytes of flags, and numbers that are little-endian. */

/** Returns a view to read and write the numbers in `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether one of the three bytes behind the type is not zero. */
export function hasFlags(bytes: Uint8Array): boolean {
  return bytes[1] !== 0 || bytes[2] !== 0 || bytes[3] !== 0;
}

/** Returns bytes as hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
