/** Keeps an offer within the limits of signaling. */

import { MAX_CANDIDATES, MAX_SDP_BYTES } from "../wire/constants.ts";

const LINE_END = "\r\n";

/**
 * Returns the session description with at most `MAX_CANDIDATES` candidates, and no more of them than fit into
 * `MAX_SDP_BYTES`. If some must go, those for TCP, which the client cannot use, go first.
 */
export function fitSdp(sdp: string): string {
  const lines = sdp.split(LINE_END);
  const isCandidate = (line: string) => line.startsWith("a=candidate:");
  if (lines.filter(isCandidate).length <= MAX_CANDIDATES && sdp.length <= MAX_SDP_BYTES) return sdp;
  let candidates = MAX_CANDIDATES;
  let bytes = MAX_SDP_BYTES - lines.filter((line) => !isCandidate(line)).join(LINE_END).length;
  const fits = (line: string) => {
    if (!isCandidate(line)) return true;
    if (!/ udp /i.test(line) || candidates === 0 || bytes < line.length + LINE_END.length) return false;
    candidates--;
    bytes -= line.length + LINE_END.length;
    return true;
  };
  return lines.filter(fits).join(LINE_END);
}
