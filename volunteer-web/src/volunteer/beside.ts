/**
 * Looks for another client beside a session whose client is silent: it may be gone, and a new one be there already.
 *
 * The client has much to lose when it gives up a volunteer, and is patient. A volunteer with nothing to do has nothing to
 * lose. It asks the server where to go, as any volunteer does, while the session waits to hear from its client.
 */

import { backoffMs } from "./backoff.ts";
import type { Channel } from "../connect/channel.ts";
import { ConnectError } from "../connect/error.ts";

/** How the search goes: nothing is searched for, it is asked, the server has no job, or nobody could be reached. */
export type Search = "none" | "asking" | "no job" | "failed";

/** Opens a channel; `waiting` is called when the server has no job, `assigned` when it names one. */
export type Opener = (
  on: { waiting(): void; assigned(job: string): void },
  signal: AbortSignal,
) => Promise<Channel>;

/**
 * A channel that may lead to the same client again is kept for this long, in milliseconds: after a network was lost for a
 * while, the old connection takes up to 5 s longer than a new one.
 */
const SAME_CLIENT_MS = 6_000;

export class Beside {
  #open: Opener;
  #isOther: (job: string | null) => boolean;
  #found: (channel: Channel, job: string | null) => void;
  #search: Search = "none";
  #attempt: AbortController | null = null;
  /** A channel that is open, the job that the server named for it, and when it is used. */
  #channel: { readonly channel: Channel; readonly job: string | null; readonly useAt: number } | null = null;
  #failures = 0;
  #retryAt = -Infinity;

  /**
   * @param isOther whether a job that the server names is certainly not that of the silent client
   * @param found takes a channel to another client, once, while its own client is still silent
   */
  constructor(
    open: Opener,
    isOther: (job: string | null) => boolean,
    found: (channel: Channel, job: string | null) => void,
  ) {
    this.#open = open;
    this.#isOther = isOther;
    this.#found = found;
  }

  get search(): Search {
    return this.#search;
  }

  /**
   * To be called about twice a second.
   *
   * @param isAlone whether nothing is heard from the client, and there is nothing to do for it
   * @param now milliseconds of `performance.now`
   */
  check(isAlone: boolean, now: number): void {
    if (!isAlone) return this.stop();
    if (this.#channel !== null) {
      // It has been open since the last check at least, and nothing was heard from the client meanwhile.
      const { channel, job, useAt } = this.#channel;
      if (now < useAt) return;
      this.#channel = null;
      return this.#found(channel, job);
    }
    if (this.#attempt === null && now >= this.#retryAt) this.#ask(now);
  }

  /** Gives up what is under way. */
  stop(): void {
    this.#attempt?.abort();
    this.#attempt = null;
    this.#channel?.channel.close();
    this.#channel = null;
    this.#search = "none";
    this.#failures = 0;
    this.#retryAt = -Infinity;
  }

  async #ask(now: number): Promise<void> {
    const attempt = this.#attempt = new AbortController();
    let job: string | null = null;
    this.#search = "asking";
    const on = {
      waiting: () => this.#say(attempt, "no job"),
      assigned: (name: string) => {
        job = name;
        this.#say(attempt, "asking");
      },
    };
    try {
      const channel = await this.#open(on, attempt.signal);
      const useAt = this.#isOther(job) ? -Infinity : performance.now() + SAME_CLIENT_MS;
      if (this.#attempt === attempt) this.#channel = { channel, job, useAt };
      else channel.close();
    } catch (error) {
      if (this.#attempt !== attempt) return;
      this.#search = "failed";
      const asked = error instanceof ConnectError ? error.waitMs : 0;
      this.#retryAt = now + Math.max(asked, backoffMs(++this.#failures, Math.random()));
    }
    if (this.#attempt === attempt) this.#attempt = null;
  }

  #say(attempt: AbortController, search: Search): void {
    if (this.#attempt === attempt) this.#search = search;
  }
}
