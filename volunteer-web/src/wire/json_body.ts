/** Checks the JSON bodies of messages to a value or to `ProtocolError`; unknown keys are ignored. */

import { MAX_JSON_BODY_BYTES, ProtocolError } from "./constants.ts";

/** A JSON object whose members are not checked yet. */
export type Fields = { readonly [name: string]: unknown };

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Returns the JSON object that `bytes` hold.
 *
 * @throws {ProtocolError} they hold none, or are longer than 64 KiB
 */
export function checkJson(bytes: Uint8Array<ArrayBuffer>): Fields {
  if (bytes.length > MAX_JSON_BODY_BYTES) throw new ProtocolError("a JSON body that is too long");
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    throw new ProtocolError("a body that is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ProtocolError("a body that is not a JSON object");
  }
  return value as Fields;
}

/**
 * Returns the text member `name`, or `otherwise` when it is absent.
 *
 * @param longest characters (code points) that it may have
 * @throws {ProtocolError} it is not such a text, or is absent without an `otherwise`
 */
export function text(fields: Fields, name: string, longest: number, otherwise?: string): string {
  const value = fields[name] === undefined ? otherwise : fields[name];
  if (typeof value !== "string") throw new ProtocolError(`${name} is not a text`);
  if (value.length > longest && Array.from(value).length > longest) {
    throw new ProtocolError(`${name} is too long`);
  }
  return value;
}

/**
 * Returns the integer member `name`, or `otherwise` when it is absent.
 *
 * @throws {ProtocolError} it is not an integer from `least` to `most`, or is absent without an `otherwise`
 */
export function integer(
  fields: Fields,
  name: string,
  least: number,
  most: number,
  otherwise?: number,
): number {
  const value = fields[name] === undefined ? otherwise : fields[name];
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw new ProtocolError(`${name} is not an integer from ${least} to ${most}`);
  }
  return value as number;
}

/**
 * Returns the lease numbers in the member `leases`.
 *
 * @param longest how many it may name
 * @throws {ProtocolError} it is not a list of lease numbers
 */
export function leaseList(fields: Fields, longest: number): number[] {
  const leases = fields.leases;
  if (!Array.isArray(leases) || leases.length > longest) {
    throw new ProtocolError("leases is not a short list");
  }
  for (const lease of leases) {
    if (!Number.isInteger(lease) || lease < 1 || lease > 0xffffffff) {
      throw new ProtocolError("leases holds something that is no lease number");
    }
  }
  return leases as number[];
}
