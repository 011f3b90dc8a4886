/** What the function reports of its own work, with `require('pando-computing').report` (PROTOCOL.md, 2.3). */

import { type Fields, text } from "./json_body.ts";
import { ProtocolError } from "./constants.ts";

/** Sums since the last report. */
export type Report = {
  readonly cpu_ms: number;
  readonly data_transfer_ms: number;
  readonly items: number;
  /** What is counted in `items`. */
  readonly units: string;
};

/** Of each number, and of the name of the units in characters. */
export const MAX_REPORTED = 1e15;
export const MAX_UNITS = 32;

/**
 * Returns the JSON object of a `report` as what it says.
 *
 * @throws {ProtocolError} it is not as PROTOCOL.md describes it
 */
export function readReport(fields: Fields): Report {
  const units = text(fields, "units", MAX_UNITS, "");
  if (/[\p{Cc}\p{Cs}]/u.test(units)) throw new ProtocolError("units that cannot be printed");
  return {
    cpu_ms: amount(fields, "cpu_ms"),
    data_transfer_ms: amount(fields, "data_transfer_ms"),
    items: amount(fields, "items"),
    units,
  };
}

function amount(fields: Fields, name: string): number {
  const value = fields[name] ?? 0;
  if (typeof value !== "number" || !(value >= 0 && value <= MAX_REPORTED)) {
    throw new ProtocolError(`${name} is not a number from 0 to ${MAX_REPORTED}`);
  }
  return value;
}

/** Returns two reports as one. The later one names the units, unless it names none. */
export function joinReports(earlier: Report | null, later: Report): Report {
  if (earlier === null) return later;
  return {
    cpu_ms: Math.min(MAX_REPORTED, earlier.cpu_ms + later.cpu_ms),
    data_transfer_ms: Math.min(MAX_REPORTED, earlier.data_transfer_ms + later.data_transfer_ms),
    items: Math.min(MAX_REPORTED, earlier.items + later.items),
    units: later.units || earlier.units,
  };
}
