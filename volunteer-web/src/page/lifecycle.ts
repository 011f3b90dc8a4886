/**
 * What the browser does to a page: puts it away, freezes it, brings it back.
 *
 * A page that is put away leaves, because it cannot work there and the client need not wait to find that out. When it is
 * brought back it joins again, unless its owner had left.
 */

import type { LeaveReason } from "../wire/messages.ts";
import type { Status } from "../volunteer/volunteer.ts";

/** What of a volunteer is needed here. */
export type Joinable = {
  readonly status: Status;
  join(): void;
  leave(reason: LeaveReason): unknown;
  hurry(): void;
};

/** What of a document is needed here. */
export type VisibleDocument = EventTarget & { readonly visibilityState: DocumentVisibilityState };

export class Lifecycle {
  #volunteer: Joinable;
  /** Whether the volunteer left only because the page was put away. */
  #isPutAway = false;

  constructor(volunteer: Joinable) {
    this.#volunteer = volunteer;
  }

  /**
   * Listens to the browser from now on.
   *
   * @param visible called when the page becomes visible
   */
  listen(window: EventTarget, document: VisibleDocument, visible: () => void): void {
    const [putAway, comeBack] = [() => this.#putAway(), () => this.#comeBack()];
    window.addEventListener("pagehide", putAway);
    document.addEventListener("freeze", putAway);
    window.addEventListener("pageshow", comeBack);
    document.addEventListener("resume", comeBack);
    window.addEventListener("online", comeBack);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "visible") return;
      comeBack();
      visible();
    });
  }

  #putAway(): void {
    if (this.#volunteer.status.phase === "left") return;
    this.#isPutAway = true;
    this.#volunteer.leave("closed");
  }

  #comeBack(): void {
    if (this.#isPutAway) this.#volunteer.join();
    else if (this.#volunteer.status.phase !== "left") this.#volunteer.hurry();
    this.#isPutAway = false;
  }
}
