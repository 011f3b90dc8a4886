/** Counts what was done, for the owner of the device. */

/** The present is so long. */
const WINDOW_MS = 5000;

export class Meter {
  #items = 0;
  #workedMs = 0;
  #recent: { readonly at: number; readonly items: number }[] = [];
  #lastTick: number | null = null;

  /** Items done in all. */
  get items(): number {
    return this.#items;
  }

  /** Milliseconds in which something ran. */
  get workedMs(): number {
    return this.#workedMs;
  }

  /** Items per second of work, over all of it. */
  get average(): number {
    return this.#workedMs < 500 ? 0 : this.#items / this.#workedMs * 1000;
  }

  /** So many items more are done. */
  add(items: number, now: number): void {
    this.#items += items;
    const last = this.#recent.at(-1);
    // A few entries a second are enough, however fast results come.
    if (last !== undefined && now - last.at < 250) {
      this.#recent[this.#recent.length - 1] = { at: last.at, items: last.items + items };
    } else this.#recent.push({ at: now, items });
  }

  /** Time has passed; `working` says whether something ran. To be called about once a second. */
  tick(now: number, working: boolean): void {
    if (working && this.#lastTick !== null) this.#workedMs += now - this.#lastTick;
    this.#lastTick = now;
  }

  /** Items per second of late. */
  rate(now: number): number {
    while (this.#recent.length > 0 && now - this.#recent[0].at > WINDOW_MS) this.#recent.shift();
    if (this.#recent.length === 0) return 0;
    const items = this.#recent.reduce((sum, entry) => sum + entry.items, 0);
    // At the start the present is as long as there was work, but not so short that one item looks like thousands.
    return items / Math.min(WINDOW_MS, Math.max(1000, now - this.#recent[0].at)) * 1000;
  }
}

/** Returns a number of items per second as people read it. */
export function rateText(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate >= 10 ? rate.toFixed(1) : rate.toFixed(2);
}

/** Returns a span of time as people read it. */
export function spanText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [h, min, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h} h ${min} min`;
  return min > 0 ? `${min} min ${s} s` : `${s} s`;
}
