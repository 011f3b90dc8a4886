/** Which changes of the status are lines of the page's log. */

import type { State } from "../volunteer/description.ts";
import type { Tries } from "../volunteer/attempts.ts";
import type { Status } from "../volunteer/volunteer.ts";

/** A line of the log. */
export type Line = { readonly level: "info" | "error"; readonly text: string };

/** A status, with what describes it. */
export type Described = {
  readonly status: Status;
  readonly state: State;
  readonly text: string;
  readonly tries: Tries | null;
};

/** Remembers what was logged last, so that every change is logged once. */
export class StatusLog {
  #event = "";
  #text = "";

  /**
   * Returns the line for a status, or null if it is not new. That seconds pass, or that a slot is idle for a moment,
   * changes the text but is nothing new; nor is a pause, which its owner knows of.
   */
  lineFor({ status, state, text, tries }: Described): Line | null {
    const event = eventOf(status, state, tries);
    const isNew = event !== this.#event && text !== this.#text && state !== "paused";
    this.#event = event;
    if (!isNew) return null;
    this.#text = text;
    return { level: state === "unable" ? "error" : "info", text };
  }
}

/** Returns what is the same as long as nothing new happens: to try again for the same reason is nothing new. */
function eventOf(status: Status, state: State, tries: Tries | null): string {
  switch (status.phase) {
    case "connecting":
      return tries === null ? status.phase : tries.last.why + tries.last.detail;
    case "lost":
      return tries?.last.why === status.why ? tries.last.why + tries.last.detail : status.why;
    case "unable":
      return status.why;
    case "working":
      // Another client is being looked for.
      return state === "connecting" ? state : status.phase;
    default:
      return status.phase;
  }
}
