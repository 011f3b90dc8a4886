/** A channel could not be opened, for now. */
export class ConnectError extends Error {
  override name = "ConnectError";
  /** Whether trying again soon makes sense; otherwise something must change first. */
  readonly passing: boolean;
  /** Milliseconds to wait at least before the next try. */
  readonly waitMs: number;

  /** Whether the server speaks another version of the protocol. */
  readonly outdated: boolean;

  /** @param text one sentence part for the user, without a final stop */
  constructor(text: string, { passing = true, waitMs = 0, outdated = false } = {}) {
    super(text);
    this.passing = passing;
    this.waitMs = waitMs;
    this.outdated = outdated;
  }
}
