/** A channel to a client: frames go both ways, in their order. */

/** What a channel tells its user. */
export interface ChannelEvents {
  /** A frame arrived; its bytes belong to the receiver. */
  frame(bytes: Uint8Array<ArrayBuffer>): void;
  /** There may be room again. */
  room(): void;
  /** The channel is closed, by either end. Comes once. */
  closed(text: string): void;
}

export interface Channel {
  readonly kind: "webrtc" | "websocket" | "pipe";
  /** What tells this channel from others, for a proof of whose job it is (PROTOCOL.md, 2.5); null if nothing does. */
  readonly binding: string | null;
  /** Bytes that wait to be sent. */
  readonly buffered: number;
  /** Begins to deliver events; frames that came earlier are delivered first. */
  listen(events: ChannelEvents): void;
  send(frame: Uint8Array<ArrayBuffer>): void;
  /** Closes and delivers no more events; calling it again does nothing. Settles when what was sent is out, or lost. */
  close(): Promise<void>;
}

/** Frames are sent while fewer bytes than this wait. Browsers close a data channel on which 16 MiB wait. */
export const MAX_BUFFERED_BYTES = 1024 * 1024;
