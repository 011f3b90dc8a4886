/** Keeps the screen on while this device works: phones stop pages when it goes off. */

/** The lock that a browser gives while it keeps the screen on. */
type Sentinel = { release(): Promise<void>; addEventListener(type: "release", listener: () => void): void };
/** `navigator.wakeLock`, which is there in secure contexts only, and not in all browsers. */
export type WakeLocks = { request(type: "screen"): Promise<Sentinel> };

export class WakeLock {
  #locks: WakeLocks | undefined;
  #wanted = false;
  #asking = false;
  #sentinel: Sentinel | null = null;

  constructor(locks: WakeLocks | undefined) {
    this.#locks = locks;
  }

  /** Whether the screen is kept on. */
  get held(): boolean {
    return this.#sentinel !== null;
  }

  /** Asks for the lock or gives it back. Calls that change nothing do nothing. */
  want(wanted: boolean): void {
    const isNew = wanted !== this.#wanted;
    this.#wanted = wanted;
    if (isNew) this.refresh();
  }

  /** To be called when the page is visible again: browsers take the lock from pages that are not. */
  async refresh(): Promise<void> {
    if (!this.#wanted) return await this.#release();
    if (this.#locks === undefined || this.#asking || this.held) return;
    this.#asking = true;
    try {
      const sentinel = await this.#locks.request("screen");
      this.#sentinel = sentinel;
      sentinel.addEventListener("release", () => {
        if (this.#sentinel === sentinel) this.#sentinel = null;
      });
    } catch {
      // The page is hidden, or the battery is low: work goes on without the lock.
    } finally {
      this.#asking = false;
    }
    if (!this.#wanted) await this.#release();
  }

  async #release(): Promise<void> {
    const sentinel = this.#sentinel;
    this.#sentinel = null;
    try {
      await sentinel?.release();
    } catch {
      // It is given back when the page goes.
    }
  }
}
