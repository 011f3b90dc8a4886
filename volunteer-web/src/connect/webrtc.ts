/** A channel over WebRTC: this end offers, the client answers, both know of one channel (PROTOCOL.md, section 2). */

import { type Channel, type ChannelEvents, MAX_BUFFERED_BYTES } from "./channel.ts";
import { ConnectError } from "./error.ts";
import { IceErrors } from "./ice_errors.ts";
import { Inbox } from "./inbox.ts";
import type { PeerMaker } from "./meeting.ts";
import { RoomPoll } from "./room_poll.ts";
import { fitSdp } from "./sdp.ts";
import { webrtcBinding } from "../wire/job_proof.ts";

/** The longest time for which candidates are gathered. */
const GATHER_MS = 1500;
/**
 * The time without a new candidate after which there are enough of them. Where a server is asked, the candidates that it
 * is asked for follow each other soon. Where the device's own addresses are enough, they all come at once, and it takes
 * Chromium another 0.1 s to say that they have.
 */
const GATHER_AFTER_LAST_MS = 100;
const GATHER_AFTER_HOST_MS = 20;
/** The time from the answer to the open channel: ICE and DTLS, with losses. */
const OPEN_TIMEOUT_MS = 15_000;
const CLOSE_TIMEOUT_MS = 500;
const POLL_MS = 50;
const FLUSH_POLL_MS = 10;

/**
 * Opens a channel over WebRTC.
 *
 * @param exchange takes the complete offer to the client and brings its answer
 * @throws {ConnectError} no connection came about; the peer connection is closed then
 */
export async function openDataChannel(
  make: PeerMaker,
  iceServers: RTCIceServer[],
  exchange: (sdp: string) => Promise<string>,
  signal: AbortSignal,
): Promise<Channel> {
  const peer = make(iceServers);
  const givenUp = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new ConnectError("given up")), { once: true });
  });
  givenUp.catch(() => undefined);
  try {
    const wire = peer.createDataChannel("pando", { negotiated: true, id: 0, ordered: true });
    wire.binaryType = "arraybuffer";
    const inbox = new Inbox();
    wire.onmessage = ({ data }) => inbox.frame(data);
    const errors = new IceErrors();
    peer.onicecandidateerror = (error) => errors.failed(error);
    const sdp = await completeOffer(peer, iceServers.length > 0, errors);
    const answer = await Promise.race([exchange(fitSdp(sdp)), givenUp]);
    await peer.setRemoteDescription({ type: "answer", sdp: answer });
    await Promise.race([opened(peer, wire, errors), givenUp]);
    return new DataChannel(peer, wire, inbox, webrtcBinding(sdp, answer));
  } catch (error) {
    peer.close();
    if (error instanceof ConnectError) throw error;
    throw new ConnectError(`no connection came about: ${(error as Error).message}`);
  }
}

/** Returns an offer with its candidates. Candidates of servers are waited for only where there are servers. */
async function completeOffer(
  peer: RTCPeerConnection,
  servers: boolean,
  errors: IceErrors,
): Promise<string> {
  const gathered = new Promise<void>((resolve) => {
    let quiet: ReturnType<typeof setTimeout> | undefined;
    peer.onicegatheringstatechange = () => {
      if (peer.iceGatheringState === "complete") resolve();
    };
    peer.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return;
      errors.found(candidate.candidate);
      const enough = servers ? / typ (srflx|relay)/.test(candidate.candidate) : true;
      if (!enough) return;
      clearTimeout(quiet);
      quiet = setTimeout(resolve, servers ? GATHER_AFTER_LAST_MS : GATHER_AFTER_HOST_MS);
    };
    setTimeout(resolve, GATHER_MS);
  });
  await peer.setLocalDescription(await peer.createOffer());
  if (peer.iceGatheringState !== "complete") await gathered;
  return peer.localDescription!.sdp;
}

function opened(peer: RTCPeerConnection, wire: RTCDataChannel, errors: IceErrors): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => {
      clearTimeout(timer);
      reject(
        new ConnectError("no direct connection to the client came about", {
          part: "path",
          detail: errors.text,
        }),
      );
    };
    const succeed = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(fail, OPEN_TIMEOUT_MS);
    const look = () => {
      if (wire.readyState === "open") succeed();
      if (peer.connectionState === "failed" || peer.connectionState === "closed") fail();
    };
    peer.onconnectionstatechange = look;
    wire.onopen = look;
    look();
  });
}

class DataChannel implements Channel {
  readonly kind = "webrtc";
  readonly binding: string | null;
  #peer: RTCPeerConnection;
  #wire: RTCDataChannel;
  #inbox: Inbox;
  #closing: Promise<void> | null = null;
  /** The event that there is room can be missed: it comes only when the amount crosses the threshold. */
  #poll: RoomPoll;

  constructor(peer: RTCPeerConnection, wire: RTCDataChannel, inbox: Inbox, binding: string | null) {
    this.binding = binding;
    this.#peer = peer;
    this.#wire = wire;
    this.#inbox = inbox;
    this.#poll = new RoomPoll(() => wire.bufferedAmount, () => inbox.room(), POLL_MS);
    wire.bufferedAmountLowThreshold = MAX_BUFFERED_BYTES / 2;
    wire.onbufferedamountlow = () => inbox.room();
    wire.onclose = () => this.#broke("the client closed the connection");
    peer.onconnectionstatechange = () => {
      const state = peer.connectionState;
      if (state === "failed" || state === "closed") this.#broke("the connection broke");
    };
  }

  get buffered(): number {
    return this.#wire.bufferedAmount;
  }

  listen(events: ChannelEvents): void {
    this.#inbox.listen(events);
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#wire.readyState !== "open") return;
    try {
      this.#wire.send(frame);
    } catch (error) {
      this.#broke(`the connection broke: ${(error as Error).message}`);
    }
    this.#poll.sent();
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#inbox.stop();
    this.#poll.stop();
    if (this.#wire.readyState === "open") {
      // werift, which Deno has instead of a browser, closes a channel before it has sent what waits.
      for (let waited = 0; this.#wire.bufferedAmount > 0 && waited < CLOSE_TIMEOUT_MS; waited += FLUSH_POLL_MS) {
        await new Promise((resolve) => setTimeout(resolve, FLUSH_POLL_MS));
      }
      // Closing the peer connection drops what waits; closing the channel first sends it.
      await new Promise<void>((resolve) => {
        this.#wire.onclose = () => resolve();
        setTimeout(resolve, CLOSE_TIMEOUT_MS);
        this.#wire.close();
      });
    }
    this.#peer.close();
  }

  #broke(text: string): void {
    this.#inbox.closed(text);
    this.close();
  }
}
