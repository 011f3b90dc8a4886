/** What the function reports of its own work, with `require('pando-computing').report` (PROTOCOL.md, 2.3). */

import { MAX_REPORTED } from "./constants.ts";

/** Sums since the last report. */
export type Report = {
  readonly cpu_ms: number;
  readonly data_transfer_ms: number;
  readonly items: number;
  /** What is counted in `items`. */
  readonly units: string;
  /** What was sent for a result that has no text of its own, if there was one. */
  readonly no_text?: string;
};

/** Returns two reports as one. The later one names the units, unless it names none. */
export function joinReports(earlier: Report | null, later: Report): Report {
  if (earlier === null) return later;
  return {
    cpu_ms: Math.min(MAX_REPORTED, earlier.cpu_ms + later.cpu_ms),
    data_transfer_ms: Math.min(MAX_REPORTED, earlier.data_transfer_ms + later.data_transfer_ms),
    items: Math.min(MAX_REPORTED, earlier.items + later.items),
    units: later.units || earlier.units,
    ...textless(earlier.no_text ?? later.no_text),
  };
}

/** Returns the key `no_text` with a value, or nothing. */
export function textless(text: string | undefined): { no_text?: string } {
  return text === undefined ? {} : { no_text: text };
}
