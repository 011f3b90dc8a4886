/** Both codecs, the volunteer's and the one with which tests play the client, against the vectors of both languages. */

import assert from "node:assert/strict";
import { decodeMessage, encodeMessage } from "../../src/wire/codec.ts";
import { ProtocolError, TYPE } from "../../src/wire/constants.ts";
import { encodeResults, LendColumns, readLendHead } from "../../src/wire/results.ts";
import {
  type Bytes,
  decodeFromVolunteer,
  encodeFromClient,
  encodeResultsMessage,
  type Results,
} from "../support/client.ts";
import { fromHex, toHex, vectors } from "../support/helpers.ts";

type Json = Record<string, unknown>;
type Vector = { name: string; from: "client" | "volunteer"; message: Json; hex: string };

function decode(from: Vector["from"], bytes: Bytes) {
  if (from === "volunteer") return decodeFromVolunteer(bytes);
  return bytes[0] === TYPE.LEND ? decodeLend(bytes) : decodeMessage(bytes);
}

function decodeLend(bytes: Bytes) {
  const { lease, count } = readLendHead(bytes);
  const columns = new LendColumns(bytes);
  let end = 0;
  const items = Array.from({ length: count }, (_, i) => {
    const start = end;
    end += columns.lengthOf(i);
    return utf8(columns.items.subarray(start, end));
  });
  return { type: "lend", lease, items };
}

/** The items of a lease are no protocol's matter: a worker replaces what is not UTF-8. */
function utf8(bytes: Bytes): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ProtocolError("text that is not UTF-8");
  }
}

/** Returns a message as bytes in each way that there is. */
function encodings(from: Vector["from"], message: Json): Bytes[] {
  if (from === "client") return [encodeFromClient(typed(message))];
  if (message.type !== "results") return [encodeMessage(typed(message))];
  const results: Results = typed(message);
  const isBinary = (i: number) => results.kinds?.[i] === 3;
  const values = results.values.map((value, i) =>
    isBinary(i) ? new TextEncoder().encode(value as string) : value
  );
  return [encodeResults(results, values, results.kinds), encodeResultsMessage({ ...results, values })];
}

/** Turns a message into the neutral form of the vectors: bytes as hexadecimal text, keys in order. */
function neutral(value: unknown, key = ""): unknown {
  // The one place where the vectors spell bytes as text.
  if (value instanceof Uint8Array && key === "values") return new TextDecoder().decode(value);
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map((part) => neutral(part, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort().map(([key, part]) => [key, neutral(part, key)]));
}

function typed(message: Json): never {
  const bytes = (name: string) => (name in message ? { [name]: fromHex(message[name] as string) } : {});
  return { ...message, ...bytes("token"), ...bytes("data") } as never;
}

Deno.test("every message of the vectors decodes to what it says", async () => {
  for (const { name, from, message, hex } of await vectors<Vector[]>("v2/messages.json")) {
    assert.deepEqual(neutral(decode(from, fromHex(hex))), neutral(message), name);
  }
});

Deno.test("every message of the vectors encodes to the same bytes, or to JSON of the same meaning", async () => {
  for (const { name, from, message, hex } of await vectors<Vector[]>("v2/messages.json")) {
    const isBinary = ["lend", "results", "ping", "pong", "blob", "received"].includes(message.type as string);
    for (const bytes of encodings(from, message)) {
      if (isBinary) assert.equal(toHex(bytes), hex, name);
      else assert.deepEqual(neutral(decode(from, bytes)), neutral(message), name);
    }
  }
});

Deno.test("everything in the vectors of broken messages is refused with a ProtocolError", async () => {
  for (const { name, from, hex } of await vectors<Vector[]>("v2/broken.json")) {
    assert.throws(() => decode(from, fromHex(hex)), ProtocolError, `accepted: ${name}`);
  }
});

Deno.test("bytes that are cut off anywhere are refused or decode, and never fail otherwise", async () => {
  for (const { from, hex } of await vectors<Vector[]>("v2/messages.json")) {
    const bytes = fromHex(hex);
    for (let end = 1; end < bytes.length; end++) {
      try {
        decode(from, bytes.slice(0, end));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }
  }
});
