/** Keeps an offer within the limits of signaling. */

/** Candidates that the server lets through: each makes the client send packets to an address. */
const MAX_CANDIDATES = 20;

/**
 * Returns the session description with at most 20 candidates: TCP ones, which the client cannot use, go first.
 */
export function fitSdp(sdp: string): string {
  const lines = sdp.split("\r\n");
  const isCandidate = (line: string) => line.startsWith("a=candidate:");
  if (lines.filter(isCandidate).length <= MAX_CANDIDATES) return sdp;
  let room = MAX_CANDIDATES;
  const fits = (line: string) => !isCandidate(line) || (/ udp /i.test(line) && room-- > 0);
  return lines.filter(fits).join("\r\n");
}
