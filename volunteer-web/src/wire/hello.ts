/** What the client says first about itself and the job (PROTOCOL.md, 2.2). */

import { type Fields, integer, text } from "./json_body.ts";
import type { Context } from "./environment.ts";
import { readHosts } from "./allowed_hosts.ts";
import {
  DEFAULT_HEARTBEAT_MS,
  DEFAULT_RESULT_BYTES,
  JOB_NAME,
  MAX_BLOB_BYTES,
  MAX_HEARTBEAT_MS,
  MAX_JOB_CHARACTERS,
  MAX_RESULT_BYTES,
  MAX_TIMEOUT_MS,
  MAX_TITLE_CHARACTERS,
  MAX_VERSION_CHARACTERS,
  MIN_HEARTBEAT_MS,
  PROTOCOL,
  ProtocolError,
} from "./constants.ts";

/** What one item may take and give. */
export type Limits = {
  /** Milliseconds that the function may take for one item; null for any time. */
  readonly timeout_ms: number | null;
  /** Bytes that the value of one result may have. */
  readonly max_result: number;
};
/** Something large, by its digest. */
export type BlobInfo = { /** SHA-256 in hexadecimal */ readonly digest: string; readonly bytes: number };
/** Whose job it is, and the proof (PROTOCOL.md, 2.5); both base64url. */
export type JobProof = { readonly key: string; readonly signature: string };
/** What a volunteer must know before its first lease. */
export type HelloInfo = Limits & {
  readonly protocol: number;
  readonly version: string;
  readonly job: string;
  /** The function's bundle: gzip of UTF-8. */
  readonly function: BlobInfo;
  /** Names the function for the owner of the device. */
  readonly title: string;
  readonly heartbeat_ms: number;
  /** Where the function runs. */
  readonly context: Context;
  /** Hosts that it may reach. */
  readonly allow_net: readonly string[];
  /** Null where the client does not say. */
  readonly client: JobProof | null;
};

/** The limits of a client that names none. */
export const NO_LIMITS: Limits = { timeout_ms: null, max_result: DEFAULT_RESULT_BYTES };

/**
 * Returns the JSON object of a `hello` as what it says; an absent limit is the usual one.
 *
 * @throws {ProtocolError} it is not as PROTOCOL.md describes it
 */
export function readHelloInfo(fields: Fields): HelloInfo {
  const protocol = integer(fields, "protocol", -Infinity, Infinity, 1);
  // Before all else: another version's hello may look otherwise.
  if (protocol !== PROTOCOL) {
    throw new ProtocolError(
      `the client speaks version ${protocol} of the protocol, this volunteer version ${PROTOCOL}`,
    );
  }
  const info = {
    protocol,
    version: text(fields, "version", MAX_VERSION_CHARACTERS, ""),
    job: text(fields, "job", MAX_JOB_CHARACTERS),
    function: readBlobInfo(fields.function),
    title: text(fields, "title", MAX_TITLE_CHARACTERS, ""),
    heartbeat_ms: integer(fields, "heartbeat_ms", MIN_HEARTBEAT_MS, MAX_HEARTBEAT_MS, DEFAULT_HEARTBEAT_MS),
    timeout_ms: (fields.timeout_ms ?? null) === null
      ? NO_LIMITS.timeout_ms
      : integer(fields, "timeout_ms", 1, MAX_TIMEOUT_MS),
    max_result: integer(fields, "max_result", 1, MAX_RESULT_BYTES, NO_LIMITS.max_result),
    context: contextOf(fields.context === undefined ? "worker" : fields.context),
    allow_net: readHosts(fields.allow_net),
    client: (fields.client ?? null) === null ? null : readProof(fields.client),
  };
  if (!JOB_NAME.test(info.job)) throw new ProtocolError("a hello with a broken job name");
  return info;
}

function readBlobInfo(value: unknown): BlobInfo {
  const fields = asFields(value, "function");
  return { digest: readDigest(fields.digest), bytes: integer(fields, "bytes", 1, MAX_BLOB_BYTES) };
}

function readProof(value: unknown): JobProof {
  const { key, signature } = asFields(value, "client");
  if (!/^[\w-]{43}$/.test(String(key)) || !/^[\w-]{86}$/.test(String(signature))) {
    throw new ProtocolError("a hello with a broken key or signature");
  }
  return { key: String(key), signature: String(signature) };
}

/** @throws {ProtocolError} it is no SHA-256 in hexadecimal */
export function readDigest(value: unknown): string {
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return value;
  throw new ProtocolError("a digest that is none");
}

function asFields(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ProtocolError(`${name} is not an object`);
}

function contextOf(value: unknown): Context {
  if (value === "worker" || value === "page") return value;
  throw new ProtocolError("a hello with an unknown context");
}
