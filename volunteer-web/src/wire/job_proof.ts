/** What a client signs to prove whose job it is (PROTOCOL.md, 2.5): pure text, the same at both ends. */

/** A line of a session description (RFC 8122, section 5). */
const FINGERPRINT = /^a=fingerprint:sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})\s*$/gim;

/**
 * Returns the SHA-256 fingerprint of the certificate that a session description names, in upper case; null if it names
 * none, or several different ones: then it is not known which of them is used.
 */
export function fingerprintOf(sdp: string): string | null {
  const found = new Set(Array.from(sdp.matchAll(FINGERPRINT), ([, value]) => value.toUpperCase()));
  return found.size === 1 ? [...found][0] : null;
}

/** Returns what binds a signature to a WebRTC connection, from its descriptions; null if it cannot be known. */
export function webrtcBinding(offer: string, answer: string): string | null {
  const [volunteer, client] = [fingerprintOf(offer), fingerprintOf(answer)];
  return volunteer === null || client === null ? null : `webrtc ${client} ${volunteer}`;
}

/** Returns what the client of a job signs on the channel that `binding` tells. */
export function signedText(job: string, binding: string): string {
  return `pando/2 hello\n${job}\n${binding}`;
}
