/**
 * Carries messages of workers from the sandbox to the page, several at a time.
 *
 * A worker sends each result at once when items are slow, so that no result waits for the item behind it. To wake the
 * page, which most browsers have in another process, takes the core from under a worker for longer than it took to
 * send. So results that are not urgent, reports and console lines wait here for `SANDBOX_HOLDS_MS`, and the messages of
 * all workers go together. After a pause of that length they go at once. An urgent message goes at once with all that
 * came before it.
 */

import { MAX_FRAME_BYTES, SANDBOX_HOLDS_MS } from "../wire/constants.ts";
import { type Delivery, type FromWorker, isResults } from "../worker/messages.ts";

/** Results that fill a frame go at once. */
const FULL_BYTES = MAX_FRAME_BYTES;

/** Where the messages of a worker go. */
export type Destination = Pick<MessagePort, "postMessage">;

/** The messages of one worker that wait. */
type Queue = {
  readonly to: Destination;
  messages: FromWorker[];
  /** Bytes of the results among them. */
  bytes: number;
  /** Whether results among them have waited for others here. */
  held: boolean;
  /** When messages were last posted, in milliseconds of `performance.now`. */
  postedAt: number;
};

export class MessageBatcher {
  #queues = new Map<number, Queue>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A worker starts: its messages go to `to`. */
  open(worker: number, to: Destination): void {
    this.#queues.set(worker, { to, messages: [], bytes: 0, held: false, postedAt: -Infinity });
  }

  /** A worker is ended: its messages are of no use any more. */
  close(worker: number): void {
    this.#queues.delete(worker);
  }

  /** Takes a message of a worker. */
  take(worker: number, message: FromWorker): void {
    const queue = this.#queues.get(worker);
    if (queue === undefined) return;
    queue.messages.push(message);
    if (isResults(message)) queue.bytes += message.results.byteLength;
    const rested = performance.now() - queue.postedAt >= SANDBOX_HOLDS_MS;
    if (rested || queue.bytes >= FULL_BYTES || isUrgent(message)) return this.#post();
    queue.held ||= isResults(message);
    this.#timer ??= setTimeout(() => this.#post(), SANDBOX_HOLDS_MS);
  }

  /** Posts the messages of all workers. */
  #post(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    for (const queue of this.#queues.values()) {
      const { messages, held } = queue;
      if (messages.length === 0) continue;
      queue.messages = [];
      queue.bytes = 0;
      queue.held = false;
      queue.postedAt = now;
      const delivery: Delivery = { messages, held };
      queue.to.postMessage(delivery, messages.filter(isResults).map(({ results }) => results));
    }
  }
}

/** Functions may report, and write to the console, for each item: that is no reason to wake the page for each. */
function isUrgent(message: FromWorker): boolean {
  return isResults(message) ? message.urgent : message.note !== "report" && message.note !== "console";
}
