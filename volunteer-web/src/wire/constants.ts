/** What both halves of the data plane's codec share (PROTOCOL.md, section 2): limits, and the one error. */

/** The version of both wires that this program speaks. */
export const PROTOCOL = 1;

/** Bytes of a frame at most: the client joins the network's fragments of a larger one in quadratic time. */
export const MAX_FRAME = 60 * 1024;

/** Bytes of a message towards the volunteer at most. */
export const MAX_TO_VOLUNTEER = 64 * 1024 * 1024;

/** Bytes of one value of a result, unless the client says otherwise in its `hello`; and the most that it may say. */
export const DEFAULT_RESULT = 16 * 1024 * 1024;
export const MAX_RESULT = 64 * 1024 * 1024;

/** Bytes that a message towards the client may have above the largest result. */
export const RESULT_OVERHEAD = 64 * 1024;

/** Milliseconds that a client may give to one item at most. */
export const MAX_TIMEOUT_MS = 86_400_000;

/** Bytes of the JSON of one error of the function at most. */
export const MAX_ERROR = 64 * 1024;

/** Slots that one volunteer can lend at most. */
export const MAX_SLOTS = 1024;

/** Leases that one `withdraw` or `return` may name at most. */
export const MAX_LEASES_NAMED = 10_000;

/** First bytes of the frames that carry a part of a long message. */
export const PART = { FIRST: 0x01, NEXT: 0x02 } as const;

/** First byte of each message. */
export const TYPE = {
  HELLO: 0x10,
  LEND: 0x11,
  WITHDRAW: 0x12,
  PING: 0x13,
  CLIENT_GOODBYE: 0x14,
  READY: 0x20,
  RESULTS: 0x21,
  RETURN: 0x22,
  PONG: 0x23,
  VOLUNTEER_GOODBYE: 0x24,
  BROKEN: 0x25,
  REPORT: 0x26,
} as const;

/** Kinds of an answer to an item. */
export const KIND = { RESULT: 0, ERROR: 1, DECLINED: 2, BINARY: 3 } as const;

const CONTROL: ReadonlySet<number> = new Set([
  TYPE.WITHDRAW,
  TYPE.PING,
  TYPE.CLIENT_GOODBYE,
  TYPE.READY,
  TYPE.RETURN,
  TYPE.PONG,
  TYPE.VOLUNTEER_GOODBYE,
  TYPE.BROKEN,
  TYPE.REPORT,
]);

/** Whether messages of this type may come between the parts of a long one. */
export function isControl(type: number): boolean {
  return CONTROL.has(type);
}

/** The other end did not keep to PROTOCOL.md: the connection to it ends, and nothing else. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}
