/** The digest by which blobs are named: SHA-256 (FIPS 180-4). */

import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../wire/bytes.ts";

/** From here on it is worth asking the browser, which answers beside the page's thread. */
const LARGE_BYTES = 1024 * 1024;

/** Returns the SHA-256 of `bytes` in hexadecimal. Browsers offer theirs only to pages that came by HTTPS. */
export async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = bytes.length < LARGE_BYTES ? undefined : globalThis.crypto?.subtle;
  return toHex(subtle === undefined ? sha256(bytes) : new Uint8Array(await subtle.digest("SHA-256", bytes)));
}
