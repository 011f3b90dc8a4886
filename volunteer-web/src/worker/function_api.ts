/** The module `pando-computing` as the function sees it. A worker hands it out; no bundle holds it. */

import { MAX_NO_TEXT_CHARACTERS, MAX_REPORTED, MAX_UNITS_CHARACTERS, VERSION } from "../wire/constants.ts";
import { joinReports, type Report } from "../wire/report.ts";

/** What the function may say of its work since it last did; all of it may be absent. */
export type FunctionReport = {
  cpuTime?: number;
  dataTransferTime?: number;
  nbItems?: number;
  units?: string;
};

/** A report leaves with the next results, or after this time if there are none. */
const SEND_AFTER_MS = 1000;

const NOTHING: Report = { cpu_ms: 0, data_transfer_ms: 0, items: 0, units: "" };

/** Sums what the function reports. */
export class Reports {
  #pending: Report | null = null;
  #later: (ms: number, callback: () => void) => void;
  #send: (report: Report) => void;
  #timer = false;

  /** @param later calls back after the given milliseconds */
  constructor(later: (ms: number, callback: () => void) => void, send: (report: Report) => void) {
    this.#later = later;
    this.#send = send;
  }

  /** Takes what the function says; what is no number of that kind counts as 0. */
  add(said: unknown): void {
    const { cpuTime, dataTransferTime, nbItems, units } = Object(said) as Record<string, unknown>;
    this.#join({
      cpu_ms: amount(cpuTime),
      data_transfer_ms: amount(dataTransferTime),
      items: amount(nbItems),
      units: typeof units === "string" ? cut(units, MAX_UNITS_CHARACTERS) : "",
    });
  }

  /** A result has no text of its own, and `text` is sent for it. */
  textless(text: string): void {
    this.#join({ ...NOTHING, no_text: cut(text, MAX_NO_TEXT_CHARACTERS) });
  }

  #join(report: Report): void {
    this.#pending = joinReports(this.#pending, report);
    if (this.#timer) return;
    this.#timer = true;
    this.#later(SEND_AFTER_MS, () => {
      this.#timer = false;
      this.flush();
    });
  }

  /** Sends the sums, if there are any. */
  flush(): void {
    if (this.#pending === null) return;
    this.#send(this.#pending);
    this.#pending = null;
  }
}

/** Returns the module. */
export function functionApi(reports: Reports) {
  return { version: VERSION, report: (said?: FunctionReport): void => reports.add(said) };
}

function amount(value: unknown): number {
  const number = typeof value === "number" || typeof value === "string" ? Number(value) : NaN;
  return number >= 0 ? Math.min(number, MAX_REPORTED) : 0;
}

/** Returns the first characters of a text, without those that are not printed. */
function cut(text: string, characters: number): string {
  // A character is at most two code units, so no more of a long text is looked at.
  const printable = text.slice(0, 2 * characters).replace(/[\p{Cc}\p{Cs}]/gu, "");
  return Array.from(printable).slice(0, characters).join("");
}
