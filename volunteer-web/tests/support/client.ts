/**
 * The client's half of the data plane, for tests that play the client: writes what clients say, reads what volunteers
 * say. It knows the bytes of leases and results by itself, so that a test compares two readings of PROTOCOL.md.
 */

import {
  KIND,
  MAX_AGENT_CHARACTERS,
  MAX_BLOB_BYTES,
  MAX_DEVICE_CHARACTERS,
  MAX_ERROR_BYTES,
  MAX_GOODBYE_CHARACTERS,
  MAX_LEASES_NAMED,
  MAX_LIFE_CHARACTERS,
  MAX_NO_TEXT_CHARACTERS,
  MAX_REPORTED,
  MAX_RESULT_BYTES,
  MAX_SLOTS,
  MAX_TAB_CHARACTERS,
  MAX_UNITS_CHARACTERS,
  ProtocolError,
  RESULT_OVERHEAD_BYTES,
  TYPE,
} from "../../src/wire/constants.ts";
import { Joiner, Outbox } from "../../src/wire/framing.ts";
import { readDigest } from "../../src/wire/hello.ts";
import { fromHex } from "./helpers.ts";
import { checkJson, type Fields, integer, leaseList, text } from "../../src/wire/json_body.ts";
import type { FromClient, FromVolunteer } from "../../src/wire/messages.ts";
import { type Report, textless } from "../../src/wire/report.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

export type Lend = { readonly type: "lend"; readonly lease: number; readonly items: readonly string[] };
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

const RESULTS_HEAD = 20;

const encoder = new TextEncoder();
// Byte order marks are characters of an item or a result like any other.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns what a client says as bytes. */
export function encodeFromClient(message: FromClient | Lend): Bytes {
  switch (message.type) {
    case "hello": {
      const info = encoder.encode(JSON.stringify(message.info));
      const length = new Uint8Array(new Uint32Array([info.length]).buffer);
      return joined(TYPE.HELLO, [length, info]);
    }
    case "blob": {
      const offset = new Uint8Array(new Uint32Array([message.offset]).buffer);
      return joined(TYPE.BLOB, [fromHex(message.digest), offset, message.data]);
    }
    case "lend": {
      const items = message.items.map((item) => encoder.encode(item));
      const numbers = new Uint32Array([message.lease, items.length, ...items.map(({ length }) => length)]);
      return joined(TYPE.LEND, [new Uint8Array(numbers.buffer), ...items]);
    }
    case "ping":
      return joined(TYPE.PING, [message.token]);
    case "withdraw":
      return joined(TYPE.WITHDRAW, [encoder.encode(JSON.stringify({ leases: message.leases }))]);
    case "goodbye": {
      const { reason, text } = message;
      return joined(TYPE.CLIENT_GOODBYE, [encoder.encode(JSON.stringify({ reason, text }))]);
    }
  }
}

/** Returns a `results` message as a worker sends it. */
export function encodeResultsMessage(
  { lease, offset, busy_us, kinds, values }: Omit<Results, "type">,
): Bytes {
  const parts = values.map((value) => typeof value === "string" ? encoder.encode(value) : value);
  const numbers = new Uint32Array([
    lease,
    offset,
    parts.length,
    busy_us,
    ...parts.map(({ length }) => length),
  ]);
  const bytes = joined(TYPE.RESULTS, [
    new Uint8Array(numbers.buffer),
    Uint8Array.from(kinds ?? []),
    ...parts,
  ]);
  bytes[1] = kinds === null ? 0 : 1;
  return bytes;
}

/**
 * Returns what a volunteer said.
 *
 * @throws {ProtocolError} it is no message of a volunteer
 */
export function decodeFromVolunteer(bytes: Bytes): FromVolunteer | Results {
  if (bytes[0] === TYPE.RESULTS) return readResults(bytes);
  if (bytes.length < 4) throw new ProtocolError("a message that is too short");
  if (bytes[1] !== 0 || bytes[2] !== 0 || bytes[3] !== 0) throw new ProtocolError("an unknown flag");
  const body = bytes.subarray(4);
  switch (bytes[0]) {
    case TYPE.READY:
      return { type: "ready", info: readReady(checkJson(body)) };
    case TYPE.RETURN:
      return { type: "return", leases: leaseList(checkJson(body), MAX_LEASES_NAMED) };
    case TYPE.PONG:
      if (body.length !== 8) throw new ProtocolError("a pong without its 8 bytes");
      return { type: "pong", token: body };
    case TYPE.VOLUNTEER_GOODBYE: {
      const fields = checkJson(body);
      const reason = text(fields, "reason", 16);
      if (!/^[a-z]+$/.test(reason)) throw new ProtocolError("a goodbye with a broken reason");
      return { type: "goodbye", reason, text: text(fields, "text", MAX_GOODBYE_CHARACTERS, "") };
    }
    case TYPE.BROKEN:
      return { type: "broken", ...readError(body) };
    case TYPE.REPORT:
      return { type: "report", report: readReport(checkJson(body)) };
    case TYPE.ACCEPT:
      return { type: "accept", blobs: readWanted(checkJson(body)) };
    case TYPE.RECEIVED:
      if (body.length !== 4) throw new ProtocolError("a received without its number");
      return { type: "received", size: new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) };
    default:
      throw new ProtocolError(`a message of unknown type ${bytes[0]}`);
  }
}

/** Returns the results that a `results` message has. */
export function decodeResults(bytes: Bytes): Results {
  const message = decodeFromVolunteer(bytes);
  if (message.type !== "results") throw new TypeError(`a ${message.type}`);
  return message;
}

/** The client's end of a channel, between messages and frames. */
export class ClientEnd {
  #joiner = new Joiner(MAX_RESULT_BYTES + RESULT_OVERHEAD_BYTES);

  /** Returns a message as frames. */
  frames(message: FromClient | Lend): Bytes[] {
    const outbox = new Outbox();
    outbox.push(encodeFromClient(message));
    const frames = [];
    for (let frame = outbox.pull(); frame !== null; frame = outbox.pull()) frames.push(frame);
    return frames;
  }

  /** Takes a frame and returns the message that it completes, if it does. */
  receive(frame: Bytes): (FromVolunteer | Results)[] {
    const message = this.#joiner.receive(frame);
    return message === null ? [] : [decodeFromVolunteer(message)];
  }
}

/** Bytes of a blob in one message. */
const BLOB_PIECE_BYTES = 60_000;

/** Returns the messages that answer an `accept`, from a blob that this client has. */
export function blobMessages(accept: FromVolunteer & { type: "accept" }, bundle: Bytes): FromClient[] {
  return accept.blobs.flatMap(({ digest, from }) => {
    const messages: FromClient[] = [];
    for (let offset = from; offset < bundle.length; offset += BLOB_PIECE_BYTES) {
      messages.push({ type: "blob", digest, offset, data: bundle.slice(offset, offset + BLOB_PIECE_BYTES) });
    }
    return messages;
  });
}

function joined(type: number, parts: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(4 + parts.reduce((sum, { length }) => sum + length, 0));
  bytes[0] = type;
  let at = 4;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function readReady(fields: Fields) {
  return {
    protocol: integer(fields, "protocol", -Infinity, Infinity),
    slots: integer(fields, "slots", 0, MAX_SLOTS),
    device: text(fields, "device", MAX_DEVICE_CHARACTERS, ""),
    agent: text(fields, "agent", MAX_AGENT_CHARACTERS, ""),
    life: text(fields, "life", MAX_LIFE_CHARACTERS, ""),
    tab: text(fields, "tab", MAX_TAB_CHARACTERS, ""),
  };
}

function readWanted({ blobs }: Fields) {
  if (!Array.isArray(blobs) || blobs.length > 8) throw new ProtocolError("blobs is not a short list");
  return blobs.map((wanted) => {
    if (typeof wanted !== "object" || wanted === null) throw new ProtocolError("a blob that is none");
    const from = integer(wanted, "from", 0, MAX_BLOB_BYTES);
    return { digest: readDigest(wanted.digest), from };
  });
}

function readError(bytes: Bytes): { message: string; stack: string } {
  const fields = checkJson(bytes);
  return {
    message: text(fields, "message", MAX_ERROR_BYTES, ""),
    stack: text(fields, "stack", MAX_ERROR_BYTES, ""),
  };
}

function readReport(fields: Fields): Report {
  const units = text(fields, "units", MAX_UNITS_CHARACTERS, "");
  if (/[\p{Cc}\p{Cs}]/u.test(units)) throw new ProtocolError("units that cannot be printed");
  const amount = (name: string) => {
    const value = fields[name] ?? 0;
    if (typeof value === "number" && value >= 0 && value <= MAX_REPORTED) return value;
    throw new ProtocolError(`${name} is not a number from 0 to ${MAX_REPORTED}`);
  };
  return {
    cpu_ms: amount("cpu_ms"),
    data_transfer_ms: amount("data_transfer_ms"),
    items: amount("items"),
    units,
    ...textless(
      fields.no_text === undefined ? undefined : text(fields, "no_text", MAX_NO_TEXT_CHARACTERS, ""),
    ),
  };
}

function readResults(bytes: Bytes): Results {
  if (bytes.length < RESULTS_HEAD) throw new ProtocolError("results that are too short");
  if (bytes[1] > 1 || bytes[2] !== 0 || bytes[3] !== 0) {
    throw new ProtocolError("results with an unknown flag");
  }
  const at = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [lease, offset, count, busy_us] = [4, 8, 12, 16].map((place) => at.getUint32(place, true));
  if (lease === 0) throw new ProtocolError("lease number 0");
  const kindsAt = RESULTS_HEAD + 4 * count;
  let end = kindsAt + (bytes[1] === 1 ? count : 0);
  if (count < 1 || end > bytes.length) throw new ProtocolError("a count that is no count");
  const kinds = bytes[1] === 1 ? Array.from(bytes.subarray(kindsAt, end)) : null;
  const values = Array.from({ length: count }, (_, i) => {
    const start = end;
    end += at.getUint32(RESULTS_HEAD + 4 * i, true);
    if (end > bytes.length) throw new ProtocolError("lengths that do not add up");
    return readValue(kinds?.[i] ?? KIND.RESULT, bytes.subarray(start, end));
  });
  if (end !== bytes.length) throw new ProtocolError("lengths that do not add up");
  return { type: "results", lease, offset, busy_us, kinds, values };
}

function readValue(kind: number, value: Bytes): string | Bytes {
  if (kind === KIND.BINARY) return value;
  if (kind > KIND.BINARY) throw new ProtocolError(`a result of unknown kind ${kind}`);
  if (kind === KIND.ERROR) {
    if (value.length > MAX_ERROR_BYTES) throw new ProtocolError("an error that is too long");
    readError(value);
  }
  if (kind === KIND.DECLINED && value.length > 0) throw new ProtocolError("a declined item with a value");
  try {
    return decoder.decode(value);
  } catch {
    throw new ProtocolError("text that is not UTF-8");
  }
}
