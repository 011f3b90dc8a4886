/**
 * Joins the small `results` messages of a worker on their way out.
 *
 * A worker sends each answer at once when items are slow, so that no answer waits for the item behind it. For the
 * client a message costs more than an item: here those of a lease become one, until the first of them has waited
 * for `GATHER_MS` or the lease ends. Those that came together have waited elsewhere and go on as one.
 */

import { readResultsHead } from "../wire/messages.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const GATHER_MS = 20;
/** What fits a frame, so that joining never makes a message long. */
const MAX_GATHERED = 60 * 1024;
const HEAD = 20;
const HAS_KINDS = 1;

export class Gathering {
  #pass: (message: Bytes) => void;
  #waiting: Bytes[] = [];
  #size = 0;
  #passedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param pass takes what is to go on */
  constructor(pass: (message: Bytes) => void) {
    this.#pass = pass;
  }

  /**
   * Takes the next `results` message. `pass` or `rest` is to follow, behind the last of those that came together.
   *
   * @param last whether it ends its lease
   */
  add(message: Bytes, last: boolean): void {
    if (this.#waiting.length > 0 && !this.#continues(message)) this.pass();
    this.#waiting.push(message);
    this.#size += message.length;
    if (last) this.#passedAt = -Infinity;
  }

  /** Lets what waits wait for more, if it may. */
  rest(): void {
    if (this.#waiting.length === 0) return;
    if (performance.now() - this.#passedAt >= GATHER_MS) this.pass();
    else this.#timer ??= setTimeout(() => this.pass(), GATHER_MS);
  }

  /** Lets go of what waits. */
  pass(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const messages = this.#waiting;
    this.#waiting = [];
    this.#size = 0;
    this.#passedAt = performance.now();
    this.#pass(messages.length === 1 ? messages[0] : join(messages));
  }

  #continues(message: Bytes): boolean {
    const fits = this.#size + message.length <= MAX_GATHERED;
    return fits && readResultsHead(this.#waiting[0]).lease === readResultsHead(message).lease;
  }
}

/** Returns consecutive `results` of one lease as one message. */
function join(messages: readonly Bytes[]): Bytes {
  const parts = messages.map((bytes) => ({
    bytes,
    ...readResultsHead(bytes),
    kinds: bytes[1] === HAS_KINDS,
  }));
  const sum = (of: (part: typeof parts[0]) => number) => parts.reduce((total, part) => total + of(part), 0);
  const count = sum((part) => part.count);
  const kinds = parts.some((part) => part.kinds);
  const values = parts.map(({ bytes, count, kinds }) => bytes.subarray(HEAD + (kinds ? 5 : 4) * count));
  const start = HEAD + (kinds ? 5 : 4) * count;
  const joined = new Uint8Array(start + values.reduce((total, { length }) => total + length, 0));
  joined.set(messages[0].subarray(0, HEAD));
  joined[1] = kinds ? HAS_KINDS : 0;
  const head = new DataView(joined.buffer);
  head.setUint32(12, count, true);
  head.setUint32(16, Math.min(0xffffffff, sum((part) => part.busy_us)), true);
  let item = 0;
  let at = start;
  parts.forEach((part, i) => {
    const columns = HEAD + 4 * part.count;
    joined.set(part.bytes.subarray(HEAD, columns), HEAD + 4 * item);
    // Where a part has no kinds, all its answers are results, which is kind 0.
    if (part.kinds) joined.set(part.bytes.subarray(columns, columns + part.count), HEAD + 4 * count + item);
    joined.set(values[i], at);
    item += part.count;
    at += values[i].length;
  });
  return joined;
}
