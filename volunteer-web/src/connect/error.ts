/** A channel could not be opened, for now. */
export class ConnectError extends Error {
  override name = "ConnectError";
  /** Whether trying again soon makes sense; otherwise something must change first. */
  readonly passing: boolean;
  /** Milliseconds to wait at least before the next try. */
  readonly waitMs: number;
  /** What failed: the way to the server, the client, or the path between the two. */
  readonly part: "server" | "client" | "path";
  /** What is known beyond the message, as a part of a sentence; may be empty. */
  readonly detail: string;

  /** Whether the server speaks another version of the protocol. */
  readonly outdated: boolean;

  /** @param text one sentence part for the user, without a final stop */
  constructor(
    text: string,
    { passing = true, waitMs = 0, part = "client", detail = "", outdated = false }: Partial<
      Omit<ConnectError, keyof Error>
    > = {},
  ) {
    super(text);
    this.passing = passing;
    this.waitMs = waitMs;
    this.part = part;
    this.detail = detail;
    this.outdated = outdated;
  }
}
