/** Whether a sandbox answers: a browser can end its whole process without a word. */

const ASK_EVERY_MS = 1000;
/** Questions in a row without an answer: with one more the sandbox counts as dead. */
const MAX_UNANSWERED = 5;
const MAX_UNANSWERED_WHILE_LOADING = 16;

/** Asks a sandbox again and again whether it is there. */
export class Liveness {
  #ask: () => void;
  #died: (text: string) => void;
  #unanswered = 0;
  #ready = false;
  #timer: ReturnType<typeof setInterval>;

  /**
   * @param ask puts the question; it is put while the sandbox loads too, when it may be lost
   * @param died called when too many questions are unanswered, with the reason in words
   */
  constructor(ask: () => void, died: (text: string) => void) {
    this.#ask = ask;
    this.#died = died;
    this.#timer = setInterval(() => this.#check(), ASK_EVERY_MS);
  }

  /** Whether the sandbox has loaded. */
  get ready(): boolean {
    return this.#ready;
  }

  /** The sandbox has answered. */
  answered(): void {
    this.#unanswered = 0;
  }

  /** The sandbox has loaded. */
  loaded(): void {
    this.#ready = true;
    this.#unanswered = 0;
  }

  /** Asks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    // Counted, not timed: a page that slept finds the answers when it wakes.
    if (++this.#unanswered > (this.#ready ? MAX_UNANSWERED : MAX_UNANSWERED_WHILE_LOADING)) {
      this.#died(
        this.#ready
          ? "the browser ended it, perhaps for lack of memory"
          : "the frame in which they run does not load, perhaps blocked by policy",
      );
    }
    this.#ask();
  }
}
