/** Which changes of the status are lines of the page's log. */

import type { State } from "../volunteer/description.ts";
import type { Status } from "../volunteer/volunteer.ts";

/** A line of the log. */
export type Line = { readonly level: "info" | "error"; readonly text: string };

/** Remembers what was logged last, so that every change is logged once. */
export class StatusLog {
  #event = "";
  #text = "";

  /**
   * Returns the line for a status, or null if it is not new. That seconds pass, or that a slot is idle for a moment,
   * changes the text but is nothing new; nor is a pause, which its owner knows of.
   */
  lineFor(status: Status, state: State, text: string): Line | null {
    const event = status.phase === "lost" || status.phase === "unable" ? status.why : status.phase;
    const isNew = event !== this.#event && text !== this.#text && state !== "paused";
    this.#event = event;
    if (!isNew) return null;
    this.#text = text;
    return { level: state === "unable" ? "error" : "info", text };
  }
}
