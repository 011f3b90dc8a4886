/** The items of a lease as texts, one at a time. */

import { LendColumns } from "../wire/results.ts";

// Byte order marks are characters like any other; what is not UTF-8 becomes U+FFFD.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads the items of one `lend`, in their order. */
export class LeaseItems {
  #columns: LendColumns;
  #next = 0;
  /** Offset of the next item. */
  #at = 0;
  /** All items as one text, if each character of it is one byte: then an item is a part of it, and not decoded again. */
  #text: string | null;

  /** @param message a whole `lend` whose lengths were checked */
  constructor(message: Uint8Array<ArrayBuffer>) {
    this.#columns = new LendColumns(message);
    const text = decoder.decode(this.#columns.items);
    this.#text = text.length === this.#columns.items.length ? text : null;
  }

  /** The number of the lease. */
  get lease(): number {
    return this.#columns.lease;
  }

  /** The number of items in the lease. */
  get count(): number {
    return this.#columns.count;
  }

  /** Index of the item that `take` returns next; `count` when there is none. */
  get next(): number {
    return this.#next;
  }

  /** Returns the next item. */
  take(): string {
    const start = this.#at;
    this.#at += this.#columns.lengthOf(this.#next++);
    return this.#text?.substring(start, this.#at) ??
      decoder.decode(this.#columns.items.subarray(start, this.#at));
  }
}
