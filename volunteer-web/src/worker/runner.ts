/**
 * The loop of a worker: runs the function over the items of leases, one item at a time, and sends results in batches.
 *
 * Theory of operation. A lease is text cut by lengths; nothing is allocated for an item but its string and its
 * callback. A function that calls back at once is called from a loop, never from its own callback, so the stack
 * does not grow. Results gather in a batch. The batch is sent
 *
 *  - when the lease ends,
 *  - when it is large,
 *  - `WORKER_HOLDS_MS` after the last one was sent, from the loop or, while an item is slow to call back, by a timer,
 *  - before the next item, if items took more than `SLOW_ITEM_MS` each, or if the lease is run with care.
 *
 * Every `TURN_EVERY_MS` the loop lets the event loop turn, so that a `drop` reaches a long lease. A turn costs more than
 * sending, so there is none for each batch; but a lease that is run with care has one before each item, because the item
 * may end the worker, and what was said before must have left it by then.
 *
 * Every item has a number, and a callback that does not belong to the open item (a second one, or one after the end) is
 * ignored. Time and the outside are parameters.
 */

import { KIND, WORKER_HOLDS_MS } from "../wire/constants.ts";
import { toJson } from "../wire/json.ts";
import type { Value } from "../wire/results.ts";
import { Batch, bytesOf, isTooLong } from "./batch.ts";
import { type ErrorText, errorText, notPrintable, returnedInstead, tooLong } from "./error_text.ts";
import { LeaseItems } from "./lease_items.ts";
import type { ResumeOrder } from "./messages.ts";
import { OpenItem, type Surroundings } from "./open_item.ts";
import { failureOf, isThenable, ReturnedValues } from "./returned_values.ts";
import { bottom } from "./script.ts";

type ItemCallback = (error?: unknown, result?: unknown) => void;

/** The function as the module exports it. */
export type ItemFunction = (x: string, callback: ItemCallback) => unknown;

/** What a value means that a promise brings instead of a callback. */
export type Promised = "result" | "mistake";

/** What the loop needs from the outside. */
export interface RunnerHost extends Surroundings {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Calls back after `ms` milliseconds. */
  later(ms: number, callback: () => void): void;
  /** Returns what stands for a new timer. */
  newTimer(): number | object;
  /** Calls back after the events that wait now. */
  soon(callback: () => void): void;
  /**
   * Sends a `results` message.
   *
   * @param urgent whether the pool is to know of it now: it ends its lease, or the next item may end the worker
   */
  send(message: Uint8Array<ArrayBuffer>, urgent: boolean): void;
  /** Says that a lease is given up. */
  dropped(lease: number): void;
  /** Says that an item, and none before it, has no result, while the event loop turns. */
  open(lease: number, item: number): void;
  /** Says that an error came that nobody caught, while an item, and none before it, had no result. */
  stray(lease: number, item: number, text: string): void;
  /** Tells the author of the function something, where that is possible. */
  warn(text: string): void;
  /** Tells the author of the function what is printed of a result that has no text of its own. */
  noText(text: string): void;
}

/** A lease that is withdrawn is given up within this time, besides the time of the item that runs. */
const TURN_EVERY_MS = 25;
/** Results of items that take longer than this on average do not wait for the next item: it may take for ever. */
const SLOW_ITEM_MS = 1;
/** Time in which a function that must call back may do so after its promise has brought something. */
const CALLBACK_AFTER_PROMISE_MS = 1000;
/** How a text begins that `String` makes of an object without a text; in that of a list it may be anywhere. */
const TEXTLESS = "[object ";

/** A lease in the queue. */
type Lease = {
  readonly items: LeaseItems;
  /** Whether each result is sent before the next item begins. */
  readonly careful: boolean;
};

/** Runs one function over leases. */
export class Runner {
  #function: ItemFunction;
  #host: RunnerHost;
  #maxResult: number;
  #promised: Promised;
  #instead: ReturnedValues;
  #batch: Batch;
  #queue: Lease[] = [];
  #lease: Lease | null = null;
  /** How leases that will come are to be run, if another worker was lost over them. */
  #resumed = new Map<number, Pick<ResumeOrder, "from" | "careful">>();
  /** Number of the item that has no result yet, or 0. */
  #open = 0;
  #calls = 0;
  /** What the open item was given and what came back, as long as nobody watches whether others hold them. */
  #callback: ItemCallback | null = null;
  #returned: object | null = null;
  #openItem: OpenItem;
  /** Whether `#openItem` watches. */
  #isWatched = false;
  /** The last error that nobody caught while the open item ran. */
  #stray: ErrorText | null = null;
  /** Whether the function is on the stack, called by the loop. */
  #inCall = false;
  /** Whether the event loop turns, and `soon` will continue the loop. */
  #turning = false;
  /** Whether a timer runs that sends what waits. */
  #timer = false;
  /** When the event loop last turned. */
  #turnedAt = 0;
  /** When a batch was last sent, or work began after idleness. */
  #sentAt = 0;
  /** When the first item of the batch began. */
  #batchBeganAt = 0;
  /** Of what concerns all items alike and is said once: whether it was said. */
  #said = { noText: false, threwLate: false };

  /**
   * @param maxResult bytes that a result may have
   * @param promised what it means that a promise of the function brings a value before the callback came
   */
  constructor(
    itemFunction: ItemFunction,
    host: RunnerHost,
    maxResult: number,
    promised: Promised = "mistake",
  ) {
    this.#function = itemFunction;
    this.#host = host;
    this.#maxResult = maxResult;
    this.#promised = promised;
    this.#instead = new ReturnedValues(() => host.newTimer());
    this.#batch = new Batch(maxResult);
    this.#openItem = new OpenItem(host);
  }

  /** Takes a lease: a whole `lend` message whose lengths were checked. */
  lend(message: Uint8Array<ArrayBuffer>): void {
    const items = new LeaseItems(message);
    const { from, careful } = this.#resumed.get(items.lease) ?? { from: 0, careful: false };
    this.#resumed.delete(items.lease);
    while (items.next < from) items.take();
    this.#queue.push({ items, careful });
    if (this.#lease === null && !this.#turning) {
      this.#turnedAt = this.#sentAt = this.#host.now();
      this.#loop();
    }
  }

  /** Announces how a lease that will come is to be run. */
  resume(order: ResumeOrder): void {
    this.#resumed.set(order.lease, order);
  }

  /** Gives up a lease, begun or not. That is always confirmed, also of a lease that was finished meanwhile. */
  drop(lease: number): void {
    if (this.#lease?.items.lease === lease) {
      this.#lease = null;
      this.#close();
      this.#batch.begin(0);
      this.#host.dropped(lease);
      if (!this.#turning && !this.#inCall) this.#loop();
      return;
    }
    this.#queue = this.#queue.filter(({ items }) => items.lease !== lease);
    this.#host.dropped(lease);
  }

  /**
   * Takes an error that nobody caught. The open item goes on: it fails with this error only if nothing is left that could
   * give it a result.
   */
  stray(error: unknown): void {
    if (this.#open === 0 || this.#lease === null) return;
    const text = errorText(error);
    const { items } = this.#lease;
    this.#host.stray(items.lease, items.next - 1, text.message);
    this.#stray = text;
    if (!this.#inCall) this.#watchOver();
  }

  #loop(): void {
    for (;;) {
      this.#lease ??= this.#nextLease();
      if (this.#lease === null) return;
      const { items, careful } = this.#lease;
      while (items.next < items.count) {
        if (this.#batch.count > 0 && (careful || this.#isTimeToSend())) {
          this.#send(careful);
          if (careful || this.#sentAt - this.#turnedAt >= TURN_EVERY_MS) {
            this.#turn();
            return;
          }
        }
        this.#call(items.take());
        if (this.#open !== 0) {
          this.#armTimer();
          if (this.#stray !== null) this.#watchOver();
          return;
        }
      }
      this.#send(true);
      this.#lease = null;
    }
  }

  #isTimeToSend(): boolean {
    const now = this.#host.now();
    return now - this.#sentAt >= WORKER_HOLDS_MS || now - this.#turnedAt >= TURN_EVERY_MS ||
      now - this.#batchBeganAt > this.#batch.count * SLOW_ITEM_MS;
  }

  #nextLease(): Lease | null {
    const lease = this.#queue.shift() ?? null;
    if (lease !== null) {
      this.#batch.begin(lease.items.lease, lease.items.next);
      this.#batchBeganAt = this.#host.now();
    }
    return lease;
  }

  #call(item: string): void {
    const call = this.#calls = this.#calls % Number.MAX_SAFE_INTEGER + 1;
    this.#open = call;
    this.#inCall = true;
    this.#stray = null;
    try {
      const callback = (error?: unknown, result?: unknown) => this.#called(call, error, result);
      this.#callback = callback;
      const returned = bottom.pandoCallsTheFunction(this.#function, item, callback);
      if (returned !== undefined && this.#open === call) this.#watch(call, returned);
    } catch (error) {
      if (this.#open === call) this.#settle(call, KIND.ERROR, toJson(errorText(error)));
      else this.#warnOfLateError(error);
    }
    this.#inCall = false;
  }

  /** Looks at what came back of a function that has not called back: an `async` one may fail before it does. */
  #watch(call: number, returned: unknown): void {
    if (!isThenable(returned)) return this.#instead.note(call, returned);
    this.#returned = returned;
    returned.then(
      (value) => this.#takePromised(call, value),
      (reason) => this.#called(call, failureOf(reason), undefined),
    );
  }

  /** Nothing can call back any more: what was returned counts, unless an error that nobody caught is the reason. */
  #abandon(call: number, error: ErrorText): void {
    const instead = this.#stray === null ? this.#instead.of(call) : null;
    if (instead === null) return this.#settle(call, KIND.ERROR, toJson(error));
    if (this.#promised === "result") return this.#called(call, null, instead.value);
    this.#settle(call, KIND.ERROR, toJson(returnedInstead(instead.value)));
  }

  /** Takes what the function's promise brought. Nothing may come of it: the callback comes later then. */
  #takePromised(call: number, value: unknown): void {
    if (value === undefined || call !== this.#open || this.#instead.isTimer(value)) return;
    if (this.#promised === "result") return this.#called(call, null, value);
    this.#host.later(
      CALLBACK_AFTER_PROMISE_MS,
      () => this.#settle(call, KIND.ERROR, toJson(returnedInstead(value))),
    );
  }

  #warnOfLateError(error: unknown): void {
    if (this.#said.threwLate) return;
    this.#said.threwLate = true;
    this.#host.warn(`the function threw after it had called back: ${errorText(error).message}`);
  }

  /** Takes what the function called back with. */
  #called(call: number, error: unknown, result: unknown): void {
    if (call !== this.#open) return;
    if (error === true) return this.#settle(call, KIND.DECLINED, "");
    if (error) return this.#settle(call, KIND.ERROR, toJson(errorText(error)));
    let value: Value;
    try {
      value = (typeof result === "object" ? bytesOf(result) : null) ?? String(result);
    } catch (thrown) {
      return this.#settle(call, KIND.ERROR, toJson(notPrintable(thrown)));
    }
    if (isTooLong(value, this.#maxResult)) {
      return this.#settle(call, KIND.ERROR, toJson(tooLong(this.#maxResult)));
    }
    if (typeof result === "object" || typeof result === "function") this.#lookForText(result, value);
    this.#settle(call, typeof value === "string" ? KIND.RESULT : KIND.BINARY, value);
  }

  /** Says once if what is sent for a result that is an object or a function is no text of its own. */
  #lookForText(result: unknown, value: Value): void {
    if (this.#said.noText || typeof value !== "string") return;
    if (typeof result !== "function" && !value.includes(TEXTLESS)) return;
    this.#said.noText = true;
    this.#host.noText(value);
  }

  #settle(call: number, kind: number, value: Value): void {
    if (call !== this.#open) return;
    this.#close();
    if (this.#batch.isFullFor(value)) this.#send(false);
    this.#batch.add(kind, value);
    if (!this.#inCall) this.#loop();
  }

  /** No item is open any more. */
  #close(): void {
    this.#open = 0;
    this.#callback = this.#returned = null;
    if (!this.#isWatched) return;
    this.#isWatched = false;
    this.#openItem.close();
  }

  /** Watches over the open item: whether anything is left that could give it a result. */
  #watchOver(): void {
    const call = this.#open;
    if (!this.#isWatched) {
      this.#isWatched = true;
      const held = [this.#callback, this.#returned].filter((thing) => thing !== null);
      this.#callback = this.#returned = null;
      this.#openItem.watch(held, (error) => this.#abandon(call, error));
    }
    if (this.#stray !== null) this.#openItem.doubt(this.#stray);
  }

  #send(urgent: boolean): void {
    const now = this.#host.now();
    if (this.#batch.count > 0) this.#host.send(this.#batch.take(now - this.#sentAt), urgent);
    this.#sentAt = now;
    // Not `now`: it takes a while to encode a batch of many.
    this.#batchBeganAt = this.#host.now();
  }

  /** Lets the event loop turn; then the loop goes on. */
  #turn(): void {
    this.#turning = true;
    this.#host.soon(() => {
      this.#turning = false;
      this.#turnedAt = this.#batchBeganAt = this.#host.now();
      this.#loop();
    });
  }

  #armTimer(): void {
    if (this.#timer) return;
    this.#timer = true;
    this.#host.later(WORKER_HOLDS_MS, () => {
      this.#timer = false;
      if (this.#batch.count > 0) this.#send(false);
      if (this.#open === 0 || this.#lease === null) return;
      const { items } = this.#lease;
      this.#host.open(items.lease, items.next - 1);
      if (!this.#isWatched) this.#watchOver();
    });
  }
}
