/** What a volunteer says about the client that it wants to reach. */

import type { ConnectError } from "./error.ts";

/** Kinds of channel that a volunteer can ask for. */
export type ChannelKind = "webrtc" | "websocket";

/** Makes a peer connection; browsers and Deno differ in how. */
export type PeerMaker = (iceServers: RTCIceServer[]) => RTCPeerConnection;

/** What is needed to find a client. */
export type Meeting = {
  /** The server: the folder in which it serves what it has, with a slash at the end. */
  readonly base: URL;
  /** The job to work for, or null for any. */
  readonly job: string | null;
  /** The kind of channel to use, or null for the server's default. */
  readonly wish: ChannelKind | null;
  /** Makes peer connections, or says in words why it cannot. */
  readonly peers: PeerMaker | string;
  /** Says why the server cannot be reached; without it nobody knows. */
  readonly explain?: (error: unknown, base: URL) => string;
  /** Called when there is no job yet. */
  waiting(): void;
  /** Called when the server has named a job; the channel to its client is being opened. */
  assigned(job: string): void;
  /** Called when an offer has led to no channel, and another is going to be made. */
  failed(error: ConnectError): void;
};
