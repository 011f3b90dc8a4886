/**
 * What the owner of the device has agreed that functions may reach.
 *
 * The address of the page may bring a grant, which suits the owner's own devices. But anybody can make such a link. So
 * it counts once the owner has confirmed it in this browser, which then remembers it for exactly these hosts.
 */

import type { Store } from "./choices.ts";
import { covers, inWords } from "../wire/allowed_hosts.ts";

type Agreement = { readonly job: string; readonly hosts: readonly string[] };

export class Consent {
  #store: () => Store;
  #offered: readonly string[];
  /** Whether the grant of the address counts. */
  #confirmed: boolean;
  /** What is asked, and whether that is about the grant of the address as well. */
  #asked: (Agreement & { readonly forGood: boolean }) | null = null;
  #agreed: Agreement | null = null;

  /** @param offered what the address grants to every job */
  constructor(store: () => Store, offered: readonly string[]) {
    this.#store = store;
    this.#offered = offered;
    this.#confirmed = offered.length > 0 && this.#isKept();
  }

  /**
   * Returns the question that has to be answered by `agree` before a function runs; null if there is none.
   *
   * @param job by the name that the server knows, because a client may call itself what it likes
   */
  question(job: string, hosts: readonly string[]): string | null {
    this.#asked = null;
    // Agreed to once, it is agreed to until the page is left, however often the connection is lost.
    const known = this.#agreed?.job === job ? this.#agreed.hosts : [];
    if (covers(known, hosts) || (this.#confirmed && covers(this.#offered, hosts))) return null;
    const forGood = covers(this.#offered, hosts);
    this.#asked = { job, hosts, forGood };
    const reach = `This job's function may reach: ${inWords(hosts)}.`;
    if (!forGood) return reach;
    return `${reach} The address of this page asks it for all jobs: if you allow it, this browser will not ask again ` +
      `for functions that may reach: ${inWords(this.#offered)}.`;
  }

  /** The owner agrees to what was asked last. */
  agree(): void {
    if (this.#asked === null) return;
    this.#agreed = this.#asked;
    if (this.#asked.forGood) {
      this.#confirmed = true;
      this.#keep();
    }
    this.#asked = null;
  }

  get #key(): string {
    return `pando.allow-net:${[...new Set(this.#offered)].sort().join(",")}`;
  }

  #isKept(): boolean {
    try {
      return this.#store().getItem(this.#key) === "confirmed";
    } catch {
      return false;
    }
  }

  #keep(): void {
    try {
      this.#store().setItem(this.#key, "confirmed");
    } catch {
      // Storage may be forbidden: then it holds until the page is left.
    }
  }
}
