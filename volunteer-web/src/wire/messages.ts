/**
 * The messages of the data plane and their bytes (PROTOCOL.md, 2.2 and 2.3).
 *
 * Pure. Both directions are here, so that tests can play the client. Foreign bytes become one of the types below
 * or raise `ProtocolError`, and nothing else. Leases and results are columns (all lengths, then all bytes) and
 * not one object an item; the volunteer's session therefore reads only the head of a lease (`readLendHead`) and
 * leaves the items to the worker.
 */

import { checkColumns, columns, sum, view, writeColumns } from "./columns.ts";
import { type HelloInfo, readHelloInfo } from "./hello.ts";
import { toJson } from "./json.ts";
import { checkJson, type Fields, integer, leaseList, text } from "./json_body.ts";
import { readReport, type Report } from "./report.ts";
import { KIND, MAX_ERROR, MAX_LEASES_NAMED, MAX_SLOTS, ProtocolError, TYPE } from "./constants.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How much a volunteer lends now; `slots` may be 0, a pause. */
export type ReadyInfo = {
  readonly protocol: number;
  readonly slots: number;
  readonly device: string;
  readonly agent: string;
};
export type Hello = { readonly type: "hello"; readonly info: HelloInfo; /** gzip */ readonly bundle: Bytes };
export type Lend = { readonly type: "lend"; readonly lease: number; readonly items: readonly string[] };
export type Withdraw = { readonly type: "withdraw"; readonly leases: readonly number[] };
export type Ping = { readonly type: "ping"; /** 8 bytes */ readonly token: Bytes };
export type Goodbye = { readonly type: "goodbye"; readonly reason: string; readonly text: string };
export type Ready = { readonly type: "ready"; readonly info: ReadyInfo };
export type Results = {
  readonly type: "results";
  readonly lease: number;
  readonly offset: number;
  readonly busy_us: number;
  /** One kind a value, or null when all are results. */
  readonly kinds: readonly number[] | null;
  /** Text, but bytes where the kind is binary. */
  readonly values: readonly (string | Bytes)[];
};
export type Return = { readonly type: "return"; readonly leases: readonly number[] };
export type Pong = { readonly type: "pong"; readonly token: Bytes };
export type Broken = { readonly type: "broken"; readonly message: string; readonly stack: string };

export type Reported = { readonly type: "report"; readonly report: Report };

export type FromClient = Hello | Lend | Withdraw | Ping | Goodbye;
export type FromVolunteer = Ready | Results | Return | Pong | Goodbye | Broken | Reported;
export type End = "client" | "volunteer";

/** Reasons with which a client says goodbye. */
export const CLIENT_REASONS = ["done", "stopped", "full", "protocol", "silent"] as const;

const HAS_KINDS = 1;
const LEND_HEAD = 12;
const RESULTS_HEAD = 20;

const encoder = new TextEncoder();
// Byte order marks are characters of an item or a result like any other.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Returns a message as bytes: type, three bytes, body.
 *
 * @param from which end says it; both ends know a `goodbye`, with different types
 */
export function encodeMessage(from: End, message: FromClient | FromVolunteer): Bytes {
  switch (message.type) {
    case "hello": {
      const info = encoder.encode(toJson(message.info));
      const bytes = start(TYPE.HELLO, 8 + info.length + message.bundle.length);
      view(bytes).setUint32(4, info.length, true);
      bytes.set(info, 8);
      bytes.set(message.bundle, 8 + info.length);
      return bytes;
    }
    case "lend": {
      const items = message.items.map((item) => encoder.encode(item));
      const bytes = start(TYPE.LEND, LEND_HEAD + 4 * items.length + sum(items));
      const at = view(bytes);
      at.setUint32(4, message.lease, true);
      at.setUint32(8, items.length, true);
      writeColumns(bytes, LEND_HEAD, items, null);
      return bytes;
    }
    case "results": {
      const values = message.values.map((value) => typeof value === "string" ? encoder.encode(value) : value);
      const size = RESULTS_HEAD + (message.kinds === null ? 4 : 5) * values.length + sum(values);
      const bytes = start(TYPE.RESULTS, size);
      bytes[1] = message.kinds === null ? 0 : HAS_KINDS;
      const at = view(bytes);
      at.setUint32(4, message.lease, true);
      at.setUint32(8, message.offset, true);
      at.setUint32(12, values.length, true);
      at.setUint32(16, message.busy_us, true);
      writeColumns(bytes, RESULTS_HEAD, values, message.kinds);
      return bytes;
    }
    case "ping":
      return join(TYPE.PING, message.token);
    case "pong":
      return join(TYPE.PONG, message.token);
    case "withdraw":
      return json(TYPE.WITHDRAW, { leases: message.leases });
    case "return":
      return json(TYPE.RETURN, { leases: message.leases });
    case "goodbye": {
      const type = from === "client" ? TYPE.CLIENT_GOODBYE : TYPE.VOLUNTEER_GOODBYE;
      return json(type, { reason: message.reason, text: message.text });
    }
    case "ready":
      return json(TYPE.READY, message.info);
    case "report":
      return json(TYPE.REPORT, message.report);
    case "broken":
      return json(TYPE.BROKEN, { message: message.message, stack: message.stack });
  }
}

/**
 * Returns the message that the client sent.
 *
 * @throws {ProtocolError} it is none
 */
export function decodeFromClient(bytes: Bytes): FromClient {
  checkHead(bytes);
  switch (bytes[0]) {
    case TYPE.HELLO:
      return readHello(bytes);
    case TYPE.LEND: {
      const { lease, count } = readLendHead(bytes);
      return { type: "lend", lease, items: columns(bytes, LEND_HEAD, count, 4).map(utf8) };
    }
    case TYPE.WITHDRAW:
      return { type: "withdraw", leases: leaseList(body(bytes), MAX_LEASES_NAMED) };
    case TYPE.PING:
      return { type: "ping", token: token(bytes) };
    case TYPE.CLIENT_GOODBYE: {
      const goodbye = readGoodbye(bytes);
      if (!(CLIENT_REASONS as readonly string[]).includes(goodbye.reason)) {
        throw new ProtocolError("a goodbye for an unknown reason");
      }
      return goodbye;
    }
    default:
      throw new ProtocolError(`a message of unknown type ${bytes[0]}`);
  }
}

/**
 * Returns the message that a volunteer sent.
 *
 * @throws {ProtocolError} it is none
 */
export function decodeFromVolunteer(bytes: Bytes): FromVolunteer {
  if (bytes[0] === TYPE.RESULTS) return readResults(bytes);
  checkHead(bytes);
  switch (bytes[0]) {
    case TYPE.READY: {
      const fields = body(bytes);
      const info = {
        protocol: integer(fields, "protocol", -Infinity, Infinity),
        slots: integer(fields, "slots", 0, MAX_SLOTS),
        device: text(fields, "device", 64, ""),
        agent: text(fields, "agent", 200, ""),
      };
      return { type: "ready", info };
    }
    case TYPE.RETURN:
      return { type: "return", leases: leaseList(body(bytes), MAX_LEASES_NAMED) };
    case TYPE.PONG:
      return { type: "pong", token: token(bytes) };
    case TYPE.VOLUNTEER_GOODBYE:
      return readGoodbye(bytes);
    case TYPE.BROKEN:
      return { type: "broken", ...readError(bytes.subarray(4)) };
    case TYPE.REPORT:
      return { type: "report", report: readReport(body(bytes)) };
    default:
      throw new ProtocolError(`a message of unknown type ${bytes[0]}`);
  }
}

/**
 * Returns the number of a lease and its count of items, after checking that the lengths add up.
 *
 * @throws {ProtocolError} they do not
 */
export function readLendHead(bytes: Uint8Array): { lease: number; count: number } {
  if (bytes.length < LEND_HEAD) throw new ProtocolError("a lend that is too short");
  checkHead(bytes);
  const at = view(bytes);
  const lease = at.getUint32(4, true);
  if (lease === 0) throw new ProtocolError("lease number 0");
  const count = at.getUint32(8, true);
  checkColumns(bytes, LEND_HEAD, count, 4);
  return { lease, count };
}

/**
 * Returns the head of a `results` message: whose it is, and how far it goes. `busy_us` is in microseconds.
 *
 * @throws {ProtocolError} it is too short to have one
 */
export function readResultsHead(
  bytes: Uint8Array,
): { lease: number; offset: number; count: number; busy_us: number } {
  if (bytes.length < RESULTS_HEAD) throw new ProtocolError("results that are too short");
  const at = view(bytes);
  return {
    lease: at.getUint32(4, true),
    offset: at.getUint32(8, true),
    count: at.getUint32(12, true),
    busy_us: at.getUint32(16, true),
  };
}

function readHello(bytes: Bytes): Hello {
  if (bytes.length < 8) throw new ProtocolError("a hello that is too short");
  const size = view(bytes).getUint32(4, true);
  if (8 + size > bytes.length) throw new ProtocolError("a hello whose JSON is cut off");
  const info = readHelloInfo(checkJson(bytes.subarray(8, 8 + size)));
  return { type: "hello", info, bundle: bytes.subarray(8 + size) };
}

function readGoodbye(bytes: Bytes): Goodbye {
  const fields = body(bytes);
  const reason = text(fields, "reason", 16);
  if (!/^[a-z]+$/.test(reason)) throw new ProtocolError("a goodbye with a broken reason");
  return { type: "goodbye", reason, text: text(fields, "text", 200, "") };
}

function readError(bytes: Bytes): { message: string; stack: string } {
  const fields = checkJson(bytes);
  return { message: text(fields, "message", MAX_ERROR, ""), stack: text(fields, "stack", MAX_ERROR, "") };
}

function readResults(bytes: Bytes): Results {
  const { lease, offset, count, busy_us } = readResultsHead(bytes);
  if (bytes[1] > HAS_KINDS || bytes[2] !== 0 || bytes[3] !== 0) {
    throw new ProtocolError("results with an unknown flag");
  }
  if (lease === 0) throw new ProtocolError("lease number 0");
  const each = bytes[1] === HAS_KINDS ? 5 : 4;
  const cut = columns(bytes, RESULTS_HEAD, count, each);
  if (each === 4) return { type: "results", lease, offset, busy_us, kinds: null, values: cut.map(utf8) };
  const kinds = Array.from(bytes.subarray(RESULTS_HEAD + 4 * count, RESULTS_HEAD + 5 * count));
  return { type: "results", lease, offset, busy_us, kinds, values: cut.map((v, i) => answer(kinds[i], v)) };
}

function answer(kind: number, value: Bytes): string | Bytes {
  if (kind === KIND.BINARY) return value;
  if (kind > KIND.BINARY) throw new ProtocolError(`an answer of unknown kind ${kind}`);
  if (kind === KIND.ERROR) {
    if (value.length > MAX_ERROR) throw new ProtocolError("an error that is too long");
    readError(value);
  }
  if (kind === KIND.DECLINED && value.length > 0) throw new ProtocolError("a declined item with a value");
  return utf8(value);
}

function checkHead(bytes: Uint8Array): void {
  if (bytes.length < 4) throw new ProtocolError("a message that is too short");
  if (bytes[1] !== 0 || bytes[2] !== 0 || bytes[3] !== 0) {
    throw new ProtocolError("a message with an unknown flag");
  }
}

function token(bytes: Bytes): Bytes {
  if (bytes.length !== 12) throw new ProtocolError("a ping or pong without its 8 bytes");
  return bytes.subarray(4);
}

function body(bytes: Bytes): Fields {
  return checkJson(bytes.subarray(4));
}

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ProtocolError("text that is not UTF-8");
  }
}

function start(type: number, length: number): Bytes {
  const bytes = new Uint8Array(length);
  bytes[0] = type;
  return bytes;
}

function join(type: number, body: Uint8Array): Bytes {
  const bytes = start(type, 4 + body.length);
  bytes.set(body, 4);
  return bytes;
}

function json(type: number, value: unknown): Bytes {
  return join(type, encoder.encode(toJson(value)));
}
