/**
 * Every number of the two wires (PROTOCOL.md), each in one place.
 *
 * Those that the Python half knows too are in `shared/limits.json` under the same names; a test compares them.
 */

/** The version of both wires that this program speaks. */
export const PROTOCOL = 2;

/** The version of this program, which both wires carry; a test compares it with that of the Python half. */
export const VERSION = "0.1.0";

const KIB = 1024;
const MIB = 1024 * KIB;

// Sizes of frames and messages, in bytes.

/** A frame: the client joins the network's fragments of a larger one in quadratic time. */
export const MAX_FRAME_BYTES = 60 * KIB;
/** What a part of a long message carries at least, but for the last. */
export const MIN_PART_BYTES = KIB;
/** What is large and sent to whoever asks for it, such as the packed bundle of a function. */
export const MAX_BLOB_BYTES = 60 * MIB;
/** A volunteer says that leases and blobs have arrived when there are so many bytes of them, at the latest. */
export const RECEIVED_EVERY_BYTES = 16 * KIB;
/** A message towards the volunteer. */
export const MAX_MESSAGE_TO_VOLUNTEER_BYTES = 64 * MIB;
/** What a message towards the client may have above the largest result. */
export const RESULT_OVERHEAD_BYTES = 64 * KIB;
/** One value of a result, unless the client says otherwise in its `hello`; and the most that it may say. */
export const DEFAULT_RESULT_BYTES = 16 * MIB;
export const MAX_RESULT_BYTES = 64 * MIB;
/** The JSON of one error of the function, and the JSON of a message. */
export const MAX_ERROR_BYTES = 64 * KIB;
export const MAX_JSON_BODY_BYTES = 64 * KIB;
/** The unpacked bundle of a function: a few kilobytes of gzip can hold gigabytes. */
export const MAX_UNPACKED_BUNDLE_BYTES = 64 * MIB;

// Lengths of texts, in characters (code points).

export const MAX_JOB_CHARACTERS = 32;
/** The name of a job. */
export const JOB_NAME = new RegExp(`^[a-z0-9-]{1,${MAX_JOB_CHARACTERS}}$`);
export const MAX_TITLE_CHARACTERS = 200;
export const MAX_VERSION_CHARACTERS = 64;
export const MAX_DEVICE_CHARACTERS = 64;
export const MAX_AGENT_CHARACTERS = 200;
export const MAX_LIFE_CHARACTERS = 32;
export const MAX_TAB_CHARACTERS = 32;
/** The text of a goodbye. */
export const MAX_GOODBYE_CHARACTERS = 200;
/** The units of a report. */
export const MAX_UNITS_CHARACTERS = 32;
/** What is said of a result that has no text of its own. */
export const MAX_NO_TEXT_CHARACTERS = 100;

// Counts.

/** Slots that one volunteer lends. */
export const MAX_SLOTS = 1024;
/** Leases that one `withdraw` or `return` names. */
export const MAX_LEASES_NAMED = 10_000;
/** Hosts that a function may reach. */
export const MAX_ALLOWED_HOSTS = 32;
/** Each number of a report. */
export const MAX_REPORTED = 1e15;
/** Reports that a volunteer sends in a second. */
export const MAX_REPORTS_PER_SECOND = 2;

// Times, in milliseconds.

/** What `hello` may say of the heartbeat, and what holds if it says nothing, or has not come yet. */
export const MIN_HEARTBEAT_MS = 50;
export const MAX_HEARTBEAT_MS = 3_600_000;
export const DEFAULT_HEARTBEAT_MS = 2500;
/** The longest time that a client may give to one item: a day. */
export const MAX_TIMEOUT_MS = 86_400_000;

// Signaling.

/** Offers that the server takes on one socket. */
export const MAX_OFFERS = 3;
/** The time within which a client is to answer an offer. */
export const OFFER_TIMEOUT_MS = 20_000;
/** STUN and TURN servers of one assignment. */
export const MAX_ICE_SERVERS = 8;
/** A session description, and the candidates in it: each makes the client send packets to an address. */
export const MAX_SDP_BYTES = 16 * KIB;
export const MAX_CANDIDATES = 20;

// The latency budget of results. A result waits in its worker, then in the sandbox or in the page, never in both.

/** A result is on its way to the client within this time; what the parts below leave is for timers that come late. */
export const RESULTS_WITHIN_MS = 50;
/** The time for which a worker gathers results of short items. */
export const WORKER_HOLDS_MS = 15;
/** The time for which the sandbox gathers messages of workers, in order to wake the page less often. */
export const SANDBOX_HOLDS_MS = 25;
/** The time for which the page gathers results that no sandbox has held. */
export const PAGE_HOLDS_MS = 20;

/** First bytes of the frames that carry a part of a long message. */
export const PART = { FIRST: 0x01, NEXT: 0x02 } as const;

/** First byte of each message. */
export const TYPE = {
  HELLO: 0x10,
  LEND: 0x11,
  WITHDRAW: 0x12,
  PING: 0x13,
  CLIENT_GOODBYE: 0x14,
  BLOB: 0x15,
  READY: 0x20,
  RESULTS: 0x21,
  RETURN: 0x22,
  PONG: 0x23,
  VOLUNTEER_GOODBYE: 0x24,
  BROKEN: 0x25,
  REPORT: 0x26,
  ACCEPT: 0x27,
  RECEIVED: 0x28,
} as const;

/** Kinds of a result. */
export const KIND = { RESULT: 0, ERROR: 1, DECLINED: 2, BINARY: 3 } as const;

const CONTROL: ReadonlySet<number> = new Set([
  TYPE.HELLO,
  TYPE.WITHDRAW,
  TYPE.PING,
  TYPE.CLIENT_GOODBYE,
  TYPE.READY,
  TYPE.RETURN,
  TYPE.PONG,
  TYPE.VOLUNTEER_GOODBYE,
  TYPE.BROKEN,
  TYPE.REPORT,
  TYPE.ACCEPT,
  TYPE.RECEIVED,
]);

/** Whether messages of this type may come between the parts of a long one. */
export function isControl(type: number): boolean {
  return CONTROL.has(type);
}

/** The other end did not keep to PROTOCOL.md: only the connection to it ends. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}
