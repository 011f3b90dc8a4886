/**
 * Writes the owner's choices into the page's address.
 *
 * Browsers limit how often that may be done: Safari throws after 100 times in 30 s, Chromium does nothing more. While a
 * slider moves, the address is therefore written now and then, and always at the end.
 */

/** `between` two writes: within 30 s there are 75 at most. `again`: after the browser has refused. Milliseconds. */
const PAUSES = { between: 400, again: 5_000 };
/** So often in a row the browser may refuse before it is asked no more. */
const MOST_REFUSALS = 12;

export class AddressBar {
  #write: (hash: string) => void;
  #pauses: typeof PAUSES;
  /** What is to be written; null when it is. */
  #wanted: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refusals = 0;

  /** @param write puts a hash into the address; it may throw */
  constructor(write: (hash: string) => void, pauses = PAUSES) {
    this.#write = write;
    this.#pauses = pauses;
  }

  /** Writes the hash, now or soon. Never throws. */
  show(hash: string): void {
    this.#wanted = hash;
    this.#refusals = 0;
    if (this.#timer === undefined) this.#now();
  }

  /** Writes what waits: the page goes away. */
  flush(): void {
    if (this.#wanted !== null) this.#now();
  }

  #now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let waitMs = this.#pauses.between;
    try {
      this.#write(this.#wanted!);
      this.#wanted = null;
    } catch {
      // It is a convenience: whatever the browser says, the page works.
      if (++this.#refusals > MOST_REFUSALS) return;
      waitMs = this.#pauses.again;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#wanted !== null) this.#now();
    }, waitMs);
  }
}
