/**
 * A volunteer's half of the data plane's codec: reads what clients say, writes what volunteers say.
 *
 * Foreign bytes become one of the types of `messages.ts` or raise `ProtocolError`; no other error is raised. Leases and
 * results are left to `results.ts`.
 */

import { hasFlags, toHex, viewOf } from "./bytes.ts";
import { MAX_GOODBYE_CHARACTERS, MAX_LEASES_NAMED, ProtocolError, TYPE } from "./constants.ts";
import { readHelloInfo } from "./hello.ts";
import { toJson } from "./json.ts";
import { checkJson, leaseList, text } from "./json_body.ts";
import {
  type Blob,
  CLIENT_REASONS,
  type FromClient,
  type FromVolunteer,
  type Goodbye,
  type Hello,
} from "./messages.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes before the body of every message: its type and three that are zero. */
const HEAD_BYTES = 4;
const TOKEN_BYTES = 8;
/** A SHA-256. */
const DIGEST_BYTES = 32;

const encoder = new TextEncoder();

/** Returns what a volunteer says as bytes. */
export function encodeMessage(message: FromVolunteer): Bytes {
  switch (message.type) {
    case "pong":
      return withBody(TYPE.PONG, message.token);
    case "return":
      return withJson(TYPE.RETURN, { leases: message.leases });
    case "goodbye":
      return withJson(TYPE.VOLUNTEER_GOODBYE, { reason: message.reason, text: message.text });
    case "ready":
      return withJson(TYPE.READY, message.info);
    case "report":
      return withJson(TYPE.REPORT, message.report);
    case "broken":
      return withJson(TYPE.BROKEN, { message: message.message, stack: message.stack });
    case "accept":
      return withJson(TYPE.ACCEPT, { blobs: message.blobs });
    case "received":
      return withBody(TYPE.RECEIVED, new Uint8Array(new Uint32Array([message.size]).buffer));
  }
}

/**
 * Returns what a client said, unless it is a `lend`.
 *
 * @throws {ProtocolError} it is no such message
 */
export function decodeMessage(bytes: Bytes): FromClient {
  if (bytes.length < HEAD_BYTES) throw new ProtocolError("a message that is too short");
  if (hasFlags(bytes)) throw new ProtocolError("a message with an unknown flag");
  const body = bytes.subarray(HEAD_BYTES);
  switch (bytes[0]) {
    case TYPE.HELLO:
      return readHello(body);
    case TYPE.WITHDRAW:
      return { type: "withdraw", leases: leaseList(checkJson(body), MAX_LEASES_NAMED) };
    case TYPE.PING:
      if (body.length !== TOKEN_BYTES) throw new ProtocolError("a ping without its 8 bytes");
      return { type: "ping", token: body };
    case TYPE.CLIENT_GOODBYE:
      return readGoodbye(body);
    case TYPE.BLOB:
      return readBlob(body);
    default:
      throw new ProtocolError(`a message of unknown type ${bytes[0]}`);
  }
}

function readHello(body: Bytes): Hello {
  if (body.length < 4) throw new ProtocolError("a hello that is too short");
  const end = 4 + viewOf(body).getUint32(0, true);
  if (end > body.length) throw new ProtocolError("a hello whose JSON is cut off");
  const info = readHelloInfo(checkJson(body.subarray(4, end)));
  // Of version 1 the bundle came behind it, and its version is said first.
  if (end !== body.length) throw new ProtocolError("a hello with something after its JSON");
  return { type: "hello", info };
}

function readBlob(body: Bytes): Blob {
  if (body.length <= DIGEST_BYTES + 4) throw new ProtocolError("a blob without bytes");
  return {
    type: "blob",
    digest: toHex(body.subarray(0, DIGEST_BYTES)),
    offset: viewOf(body).getUint32(DIGEST_BYTES, true),
    data: body.subarray(DIGEST_BYTES + 4),
  };
}

function readGoodbye(body: Bytes): Goodbye {
  const fields = checkJson(body);
  const reason = CLIENT_REASONS.find((known) => known === fields.reason);
  if (reason === undefined) throw new ProtocolError("a goodbye for an unknown reason");
  return { type: "goodbye", reason, text: text(fields, "text", MAX_GOODBYE_CHARACTERS, "") };
}

function withBody(type: number, body: Uint8Array): Bytes {
  const bytes = new Uint8Array(HEAD_BYTES + body.length);
  bytes[0] = type;
  bytes.set(body, HEAD_BYTES);
  return bytes;
}

function withJson(type: number, value: unknown): Bytes {
  return withBody(type, encoder.encode(toJson(value)));
}
