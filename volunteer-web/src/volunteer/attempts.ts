/**
 * What was tried to reach a client since it last worked, and how it ended.
 *
 * The status says what is being done at the moment, which alone would hide why it is done again: each new attempt would
 * wipe out the reason that the last one has found. So the reason stays here until something has come of it.
 */

/**
 * What failed: the way to the server, the client (or whatever else was said by either), or the path between client and
 * volunteer, though both are there.
 */
export type FailedPart = "server" | "client" | "path";

/** How an attempt ended. */
export type Failure = {
  readonly part: FailedPart;
  /** Part of a sentence, without a final stop. */
  readonly why: string;
  /** What is known beyond that, in the same form; may be empty. */
  readonly detail: string;
};

/** Attempts in a row that failed. */
export type Tries = {
  readonly count: number;
  /** When the first of them ended, in milliseconds of the clock that was given. */
  readonly since: number;
  readonly last: Failure;
};

export class Attempts {
  #tries: Tries | null = null;

  /** What was tried since something came of it; null if there is nothing to say. */
  get tries(): Tries | null {
    return this.#tries;
  }

  /** An attempt has failed. */
  failed(last: Failure, now: number): void {
    const before = this.#tries;
    // What fails in another place is another story: the way to there works.
    const goesOn = before !== null && before.last.part === last.part;
    this.#tries = Object.freeze({
      count: goesOn ? before.count + 1 : 1,
      since: goesOn ? before.since : now,
      last: Object.freeze(last),
    });
  }

  /** The server has answered. */
  reachedServer(): void {
    if (this.#tries?.last.part === "server") this.#tries = null;
  }

  /** Something else than these attempts is to be told now: a client has spoken, there is no job, the owner began anew. */
  clear(): void {
    this.#tries = null;
  }
}
