import { decodeFromClient, decodeFromVolunteer, encodeMessage, type End } from "../../src/wire/messages.ts";
import { ProtocolError } from "../../src/wire/constants.ts";
import { assertSame, assertThrows, fromHex, toHex, vectors } from "../support/helpers.ts";

type Json = Record<string, unknown>;

function decode(from: End, bytes: Uint8Array<ArrayBuffer>) {
  return from === "client" ? decodeFromClient(bytes) : decodeFromVolunteer(bytes);
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
  return { ...message, ...bytes("token"), ...bytes("bundle") } as never;
}

Deno.test("every message of the vectors decodes to what it says", async () => {
  for (const { name, from, message, hex } of await vectors<{ [k: string]: never }[]>("messages.json")) {
    assertSame(neutral(decode(from, fromHex(hex))), neutral(message), name);
  }
});

Deno.test("every message of the vectors encodes to the same bytes, or to JSON of the same meaning", async () => {
  for (const { name, from, message, hex } of await vectors<{ [k: string]: never }[]>("messages.json")) {
    const bytes = encodeMessage(from, typed(message));
    const binary = ["lend", "results", "ping", "pong"].includes((message as Json).type as string);
    if (binary) assertSame(toHex(bytes), hex, name);
    else assertSame(neutral(decode(from, bytes)), neutral(message), name);
  }
});

Deno.test("everything in the vectors of broken messages is refused with a ProtocolError", async () => {
  for (const { name, from, hex } of await vectors<{ [k: string]: never }[]>("broken.json")) {
    assertThrows(() => decode(from, fromHex(hex)), ProtocolError, `accepted: ${name}`);
  }
});

Deno.test("bytes that are cut off anywhere are refused or decode, and never fail otherwise", async () => {
  for (const { from, hex } of await vectors<{ [k: string]: never }[]>("messages.json")) {
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

Deno.test("a byte order mark inside an item or a value is kept", () => {
  const lend = encodeMessage("client", { type: "lend", lease: 1, items: ["\ufeffx"] });
  assertSame(decodeFromClient(lend), { type: "lend", lease: 1, items: ["\ufeffx"] });
});
