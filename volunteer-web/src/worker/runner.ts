/**
 * The loop of a worker: runs the function over the items of leases, one item at a time, and answers in batches.
 *
 * Theory of operation. A lease is text cut by lengths; nothing is allocated for an item but its string and its
 * callback. A function that calls back at once is called from a loop, never from its own callback, so the stack
 * does not grow. Answers gather in a batch that leaves when the lease ends, when it is large, or after
 * `FLUSH_AFTER_MS`, and before the next item when items are slow enough for that. The loop also lets the event loop
 * breathe, so that a `drop` reaches a long lease; that costs more than sending, so only every `BREATHE_AFTER_MS`,
 * unless the next item may take the worker with it: then what is said is to be far away before it begins.
 * A timer sends what waits while an item is slow to call back. Every item has a number, and a callback that does not
 * belong to the open item (a second one, or one after the end) is ignored. Time and the outside are parameters.
 */

import { Batch, bytesOf, errorText, isTooLong, tooLong, type Value } from "./batch.ts";
import { toJson } from "../wire/json.ts";
import { KIND } from "../wire/constants.ts";
import type { ResumeOrder } from "./messages.ts";

/** The function as the module exports it. */
export type ItemFunction = (x: string, callback: (error?: unknown, result?: unknown) => void) => unknown;

/** What the loop needs from the outside. */
export interface Surroundings {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Calls back after so many milliseconds. */
  later(ms: number, callback: () => void): void;
  /** Calls back after the events that wait now. */
  soon(callback: () => void): void;
  /**
   * Sends a `results` message.
   *
   * @param mayWait for others: more of its lease follows, and nobody needs to know of it now
   */
  answer(message: Uint8Array<ArrayBuffer>, mayWait: boolean): void;
  /** Says that a lease is given up. */
  dropped(lease: number): void;
  /** Says that an item, and none before it, has no answer, while the event loop turns. */
  open(lease: number, item: number): void;
  /** Tells the owner of the device something. */
  warn(text: string): void;
}

/** With the time for which an answer waits outside, less than the 50 ms that the wire allows: timers come late. */
const FLUSH_AFTER_MS = 15;
/** What is taken back is given up within this, besides the item that runs. */
const BREATHE_AFTER_MS = 25;
/** Answers to items that take longer than this on average do not wait for the next: it may take for ever. */
const SLOW_ITEM_MS = 1;
const LEND_HEAD = 12;

// Byte order marks are characters like any other; what is not UTF-8 becomes U+FFFD.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The items of one `lend` message. */
class Lease {
  readonly number: number;
  readonly count: number;
  /** Index of the next item. */
  next = 0;
  /** Whether each answer is sent before the next item. */
  careful = false;
  #bytes: Uint8Array<ArrayBuffer>;
  #head: DataView;
  /** All items, when each character is one byte. */
  #text: string;
  #plain: boolean;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#head = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.number = this.#head.getUint32(4, true);
    this.count = this.#head.getUint32(8, true);
    this.#bytes = bytes.subarray(LEND_HEAD + 4 * this.count);
    this.#text = decoder.decode(this.#bytes);
    this.#plain = this.#text.length === this.#bytes.length;
  }

  /** Returns the next item. */
  take(): string {
    const start = this.#at;
    this.#at += this.#head.getUint32(LEND_HEAD + 4 * this.next, true);
    this.next++;
    return this.#plain
      ? this.#text.substring(start, this.#at)
      : decoder.decode(this.#bytes.subarray(start, this.#at));
  }
}

/** Runs one function over leases. */
export class Runner {
  #run: ItemFunction;
  #around: Surroundings;
  #maxResult: number;
  #batch: Batch;
  #queue: Lease[] = [];
  #lease: Lease | null = null;
  /** Lease numbers that will come and do not begin with their first item, or want care. */
  #resumed = new Map<number, Pick<ResumeOrder, "from" | "careful">>();
  /** Number of the item that has no answer yet, or 0. */
  #open = 0;
  #calls = 0;
  /** Whether the function is on the stack, called by the loop. */
  #inCall = false;
  /** Whether `soon` will continue the loop. */
  #breathing = false;
  #timer = false;
  /** When the event loop last turned. */
  #breath = 0;
  /** When the batch was last sent, or work began after idleness. */
  #since = 0;
  /** When the first item of the batch began. */
  #batchSince = 0;

  /** @param maxResult bytes that a result may have */
  constructor(run: ItemFunction, around: Surroundings, maxResult: number) {
    this.#run = run;
    this.#around = around;
    this.#maxResult = maxResult;
    this.#batch = new Batch(maxResult);
  }

  /** Takes a lease: a whole `lend` message whose lengths were checked. */
  lend(message: Uint8Array<ArrayBuffer>): void {
    const lease = new Lease(message);
    const resumed = this.#resumed.get(lease.number);
    if (resumed !== undefined) {
      this.#resumed.delete(lease.number);
      lease.careful = resumed.careful;
      while (lease.next < resumed.from) lease.take();
    }
    this.#queue.push(lease);
    if (this.#lease === null && !this.#breathing) {
      this.#breath = this.#since = this.#around.now();
      this.#loop();
    }
  }

  /** Announces how a lease that will come is to be run. */
  resume(order: ResumeOrder): void {
    this.#resumed.set(order.lease, order);
  }

  /** Gives up a lease, begun or not. That is always confirmed, also of a lease that was finished meanwhile. */
  drop(lease: number): void {
    if (this.#lease?.number === lease) {
      this.#lease = null;
      this.#open = 0;
      this.#batch.begin(0);
      this.#around.dropped(lease);
      if (!this.#breathing && !this.#inCall) this.#loop();
      return;
    }
    this.#queue = this.#queue.filter((waiting) => waiting.number !== lease);
    this.#around.dropped(lease);
  }

  /**
   * Blames the open item for an error that nobody caught: the function's callback would never come.
   *
   * @returns whether there was an item to blame
   */
  fail(error: unknown): boolean {
    if (this.#open === 0 || this.#inCall) return false;
    this.#settle(this.#open, KIND.ERROR, toJson(errorText(error)));
    return true;
  }

  #loop(): void {
    for (;;) {
      this.#lease ??= this.#nextLease();
      const lease = this.#lease;
      if (lease === null) return;
      while (lease.next < lease.count) {
        if (this.#batch.count > 0 && this.#isTimeToFlush(lease)) {
          this.#flush(!lease.careful);
          if (lease.careful || this.#since - this.#breath >= BREATHE_AFTER_MS) {
            this.#breathe();
            return;
          }
        }
        this.#call(lease.take());
        if (this.#open !== 0) {
          this.#armTimer();
          return;
        }
      }
      this.#flush(false);
      this.#lease = null;
    }
  }

  #isTimeToFlush(lease: Lease): boolean {
    const now = this.#around.now();
    return lease.careful || now - this.#since >= FLUSH_AFTER_MS || now - this.#breath >= BREATHE_AFTER_MS ||
      now - this.#batchSince > this.#batch.count * SLOW_ITEM_MS;
  }

  #nextLease(): Lease | null {
    const lease = this.#queue.shift() ?? null;
    if (lease !== null) {
      this.#batch.begin(lease.number, lease.next);
      this.#batchSince = this.#around.now();
    }
    return lease;
  }

  #call(item: string): void {
    const call = this.#calls = this.#calls % Number.MAX_SAFE_INTEGER + 1;
    this.#open = call;
    this.#inCall = true;
    try {
      const run = this.#run;
      const returned = run(item, (error, result) => this.#answer(call, error, result));
      if (returned !== undefined && this.#open === call) this.#watch(call, returned);
    } catch (error) {
      if (this.#open === call) this.#settle(call, KIND.ERROR, toJson(errorText(error)));
      else this.#around.warn(`the function threw after it had called back: ${errorText(error).message}`);
    }
    this.#inCall = false;
  }

  /** An `async` function that fails before it calls back would leave its item open for ever. */
  #watch(call: number, returned: unknown): void {
    if (!(returned instanceof Promise)) return;
    returned.then(undefined, (error) => this.#settle(call, KIND.ERROR, toJson(errorText(error))));
  }

  #answer(call: number, error: unknown, result: unknown): void {
    if (call !== this.#open) return;
    if (error === true) return this.#settle(call, KIND.DECLINED, "");
    if (error) return this.#settle(call, KIND.ERROR, toJson(errorText(error)));
    let value: Value;
    try {
      value = (typeof result === "object" ? bytesOf(result) : null) ?? String(result);
    } catch (thrown) {
      return this.#settle(call, KIND.ERROR, toJson(errorText(thrown)));
    }
    if (isTooLong(value, this.#maxResult)) {
      return this.#settle(call, KIND.ERROR, toJson(tooLong(this.#maxResult)));
    }
    this.#settle(call, typeof value === "string" ? KIND.RESULT : KIND.BINARY, value);
  }

  #settle(call: number, kind: number, value: Value): void {
    if (call !== this.#open) return;
    this.#open = 0;
    if (this.#batch.isFullFor(value)) this.#flush(true);
    this.#batch.add(kind, value);
    if (!this.#inCall) this.#loop();
  }

  #flush(mayWait: boolean): void {
    const now = this.#around.now();
    if (this.#batch.count > 0) this.#around.answer(this.#batch.take(now - this.#since), mayWait);
    this.#since = now;
    // Not `now`: it takes a while to encode a batch of many.
    this.#batchSince = this.#around.now();
  }

  #breathe(): void {
    this.#breathing = true;
    this.#around.soon(() => {
      this.#breathing = false;
      this.#breath = this.#batchSince = this.#around.now();
      this.#loop();
    });
  }

  #armTimer(): void {
    if (this.#timer) return;
    this.#timer = true;
    this.#around.later(FLUSH_AFTER_MS, () => {
      this.#timer = false;
      if (this.#batch.count > 0) this.#flush(true);
      if (this.#open !== 0) this.#around.open(this.#lease!.number, this.#lease!.next - 1);
    });
  }
}
