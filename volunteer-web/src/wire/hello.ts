/** What the client says first about itself and the job (PROTOCOL.md, 2.2). */

import { type Fields, integer, text } from "./json_body.ts";
import type { Context } from "./environment.ts";
import { readHosts } from "./allowed_hosts.ts";
import {
  DEFAULT_HEARTBEAT_MS,
  DEFAULT_RESULT_BYTES,
  JOB_NAME,
  MAX_HEARTBEAT_MS,
  MAX_JOB_CHARACTERS,
  MAX_RESULT_BYTES,
  MAX_TIMEOUT_MS,
  MAX_TITLE_CHARACTERS,
  MAX_VERSION_CHARACTERS,
  MIN_HEARTBEAT_MS,
  ProtocolError,
} from "./constants.ts";

/** What one item may take and give. */
export type Limits = {
  /** Milliseconds that the function may take for one item; null for any time. */
  readonly timeout_ms: number | null;
  /** Bytes that the value of one result may have. */
  readonly max_result: number;
};
/** What a volunteer must know before its first lease. */
export type HelloInfo = Limits & {
  readonly protocol: number;
  readonly version: string;
  readonly job: string;
  /** Names the function for the owner of the device. */
  readonly title: string;
  readonly heartbeat_ms: number;
  /** Where the function runs. */
  readonly context: Context;
  /** Hosts that it may reach. */
  readonly allow_net: readonly string[];
};

/** The limits of a client that names none. */
export const NO_LIMITS: Limits = { timeout_ms: null, max_result: DEFAULT_RESULT_BYTES };

/**
 * Returns the JSON object of a `hello` as what it says; an absent limit is the usual one.
 *
 * @throws {ProtocolError} it is not as PROTOCOL.md describes it
 */
export function readHelloInfo(fields: Fields): HelloInfo {
  const info = {
    protocol: integer(fields, "protocol", -Infinity, Infinity, 1),
    version: text(fields, "version", MAX_VERSION_CHARACTERS, ""),
    job: text(fields, "job", MAX_JOB_CHARACTERS),
    title: text(fields, "title", MAX_TITLE_CHARACTERS, ""),
    heartbeat_ms: integer(fields, "heartbeat_ms", MIN_HEARTBEAT_MS, MAX_HEARTBEAT_MS, DEFAULT_HEARTBEAT_MS),
    timeout_ms: (fields.timeout_ms ?? null) === null
      ? NO_LIMITS.timeout_ms
      : integer(fields, "timeout_ms", 1, MAX_TIMEOUT_MS),
    max_result: integer(fields, "max_result", 1, MAX_RESULT_BYTES, NO_LIMITS.max_result),
    context: contextOf(fields.context === undefined ? "worker" : fields.context),
    allow_net: readHosts(fields.allow_net),
  };
  if (!JOB_NAME.test(info.job)) throw new ProtocolError("a hello with a broken job name");
  return info;
}

function contextOf(value: unknown): Context {
  if (value === "worker" || value === "page") return value;
  throw new ProtocolError("a hello with an unknown context");
}
