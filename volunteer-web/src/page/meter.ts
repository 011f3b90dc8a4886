/** Counts the work that was done, for the owner of the device. */

/** Length of the window over which the current rate is taken. */
const WINDOW_MS = 5000;
/** Where work has just begun, the window is shorter, but not so short that one item looks like thousands a second. */
const MIN_WINDOW_MS = 1000;
/** Results that come within this time are one entry of the window, however many there are. */
const ENTRY_MS = 250;
/** After less work than this there is no average yet. */
const MIN_WORKED_MS = 500;

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
    return this.#workedMs < MIN_WORKED_MS ? 0 : this.#items / this.#workedMs * 1000;
  }

  /** Counts items that are done. */
  add(items: number, now: number): void {
    this.#items += items;
    const last = this.#recent.at(-1);
    if (last !== undefined && now - last.at < ENTRY_MS) {
      this.#recent[this.#recent.length - 1] = { at: last.at, items: last.items + items };
    } else this.#recent.push({ at: now, items });
  }

  /** Time has passed; `working` says whether something ran. To be called about once a second. */
  tick(now: number, working: boolean): void {
    if (working && this.#lastTick !== null) this.#workedMs += now - this.#lastTick;
    this.#lastTick = now;
  }

  /** Returns the current rate in items per second. */
  rate(now: number): number {
    while (this.#recent.length > 0 && now - this.#recent[0].at > WINDOW_MS) this.#recent.shift();
    if (this.#recent.length === 0) return 0;
    const items = this.#recent.reduce((sum, entry) => sum + entry.items, 0);
    return items / Math.min(WINDOW_MS, Math.max(MIN_WINDOW_MS, now - this.#recent[0].at)) * 1000;
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
