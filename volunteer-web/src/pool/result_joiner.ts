/**
 * Joins the small `results` messages of a worker before they go to the client.
 *
 * A worker sends each result at once when items are slow. For the client a message costs more than a result, so here
 * messages of one lease become one, until the first of them has waited for `PAGE_HOLDS_MS`, the lease ends, or the
 * joined message would not fit a frame. After a pause of that length a message goes on at once.
 */

import { MAX_FRAME_BYTES, PAGE_HOLDS_MS } from "../wire/constants.ts";
import { joinResults, readResultsHead } from "../wire/results.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export class ResultJoiner {
  #pass: (message: Bytes) => void;
  #waiting: Bytes[] = [];
  /** Bytes of the messages that wait. */
  #size = 0;
  /** When messages last went on, in milliseconds of `performance.now`. */
  #passedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param pass takes what goes on */
  constructor(pass: (message: Bytes) => void) {
    this.#pass = pass;
  }

  /**
   * Takes the next `results` message. Unless it ends its lease, it waits until `flush` or `defer` is called, which is to
   * follow.
   */
  add(message: Bytes, endsLease: boolean): void {
    if (this.#waiting.length > 0 && !this.#continues(message)) this.flush();
    this.#waiting.push(message);
    this.#size += message.length;
    if (endsLease) this.flush();
  }

  /** Passes on what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const messages = this.#waiting;
    this.#waiting = [];
    this.#size = 0;
    this.#passedAt = performance.now();
    this.#pass(messages.length === 1 ? messages[0] : joinResults(messages));
  }

  /** Lets what waits wait for more, for at most `PAGE_HOLDS_MS`; passes it on if nothing went on for that long. */
  defer(): void {
    if (this.#waiting.length === 0) return;
    if (performance.now() - this.#passedAt >= PAGE_HOLDS_MS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), PAGE_HOLDS_MS);
  }

  #continues(message: Bytes): boolean {
    const fits = this.#size + message.length <= MAX_FRAME_BYTES;
    return fits && readResultsHead(this.#waiting[0]).lease === readResultsHead(message).lease;
  }
}
