/** What is wrong with a server that answers, in words: the same for a page and for a volunteer without one. */

/** Statuses of a proxy whose server does not answer, for now (RFC 9110, 15.6.3 to 15.6.5). */
const AWAY = [502, 503, 504];

/** The WebSocket of a server that has just answered over HTTP does not open. */
export const WEBSOCKET_BLOCKED =
  "the server answers, but its WebSocket does not open: a proxy between may not let WebSockets through";

/**
 * Returns what to say of a response that is not the server's.
 *
 * @param status of HTTP
 */
export function statusInWords(status: number): string {
  if (AWAY.includes(status)) {
    return `the server answers with status ${status}: what is behind it may not be running`;
  }
  if (status === 401 || status === 403 || status === 407) {
    return `the server answers with status ${status}: something before it, such as a firewall, does not let this device in`;
  }
  if (status === 404) return "there is no Pando server at this address (status 404)";
  return `the server does not answer as a Pando server does (status ${status})`;
}
