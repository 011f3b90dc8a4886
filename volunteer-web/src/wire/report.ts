/** What the function reports of its own work, with `require('pando-computing').report` (PROTOCOL.md, 2.3). */

import { MAX_REPORTED } from "./constants.ts";

/** What its author should know of the function itself; each is said once by a worker. */
export type Remarks = {
  /** The text of a result that has none of its own, such as `[object Object]`. */
  readonly no_text?: string;
  /** A value that the function returned, while its callback did not come. */
  readonly no_callback?: string;
};

/** Sums since the last report. */
export type Report = Remarks & {
  readonly cpu_ms: number;
  readonly data_transfer_ms: number;
  readonly items: number;
  /** What is counted in `items`. */
  readonly units: string;
};

/** Returns two reports as one. The later one names the units, unless it names none. */
export function joinReports(earlier: Report | null, later: Report): Report {
  if (earlier === null) return later;
  return {
    cpu_ms: Math.min(MAX_REPORTED, earlier.cpu_ms + later.cpu_ms),
    data_transfer_ms: Math.min(MAX_REPORTED, earlier.data_transfer_ms + later.data_transfer_ms),
    items: Math.min(MAX_REPORTED, earlier.items + later.items),
    units: later.units || earlier.units,
    ...remarksOf(earlier),
    ...remarksOf(later),
  };
}

/** Returns the remarks of a report, and no keys for those that it has not. */
export function remarksOf({ no_text, no_callback }: Remarks): Remarks {
  return {
    ...(no_text === undefined ? {} : { no_text }),
    ...(no_callback === undefined ? {} : { no_callback }),
  };
}

/** Returns a report without the remarks that were made before: each worker makes them for itself. */
export function withoutRemarks({ no_text, no_callback, ...sums }: Report, made: Remarks): Report {
  const fresh = {
    no_text: made.no_text === undefined ? no_text : undefined,
    no_callback: made.no_callback === undefined ? no_callback : undefined,
  };
  return { ...sums, ...remarksOf(fresh) };
}
