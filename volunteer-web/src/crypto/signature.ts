/** Checks signatures: Ed25519 (RFC 8032). By a library, since browsers have it only for pages that came by HTTPS. */

import { ed25519 } from "@noble/curves/ed25519.js";

/** Returns whether `signature` is that of `text` (UTF-8) under `key`; both are base64url without padding. */
export function holds(signature: string, text: string, key: string): boolean {
  try {
    // Strictly as in the RFC: with the other rules a signature could be changed into another that holds as well.
    return ed25519.verify(bytesOf(signature), new TextEncoder().encode(text), bytesOf(key), {
      zip215: false,
    });
  } catch {
    return false;
  }
}

function bytesOf(base64url: string): Uint8Array {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
