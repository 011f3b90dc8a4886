/**
 * Whether a job belongs to whom the volunteer came for: to the owner of the key in the address by which it came
 * (PROTOCOL.md, 2.5). A volunteer that came without a key works for anybody.
 */

import type { JobProof } from "../wire/hello.ts";
import { signedText } from "../wire/job_proof.ts";

/** What checks signatures; it is loaded only when there is one to check. */
export type Checker = {
  holds(signature: string, text: string, key: string): boolean;
};

const ADVICE = "ask whoever sent the address for a new one";

export class JobOwner {
  #key: string | null;
  #load: () => Promise<Checker>;

  /**
   * @param key the public key in the address, whole or broken; null if it has none
   * @param load gets what checks signatures
   */
  constructor(key: string | null, load: () => Promise<Checker>) {
    this.#key = key;
    this.#load = load;
  }

  /** Whether any job will do. */
  get isAnybody(): boolean {
    return this.#key === null;
  }

  /**
   * Returns why this volunteer does not work for the job, or null if it does.
   *
   * @param binding what tells the channel from others; null if nothing does
   */
  async refusal(job: string, proof: JobProof | null, binding: string | null): Promise<string | null> {
    if (this.#key === null) return null;
    if (binding === null) return "this kind of connection does not show whose job it is";
    if (proof === null) return "the client does not show whose job it is";
    if (proof.key !== this.#key) return `this job is not of whom the address names: ${ADVICE}`;
    let checker: Checker;
    try {
      checker = await this.#load();
    } catch {
      return "whose job it is cannot be checked: a part of this page did not load";
    }
    const isProven = checker.holds(proof.signature, signedText(job, binding), proof.key);
    return isProven
      ? null
      : "whose job it is was not proven: somebody may be in the middle of the connection";
  }
}
