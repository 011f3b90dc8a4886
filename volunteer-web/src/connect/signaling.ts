/** Finds a client through the server, over Socket.IO (PROTOCOL.md, 1.2), and opens a data channel to it. */

import { io } from "socket.io-client";
import type { Channel } from "./channel.ts";
import type { Meeting, PeerMaker } from "./meeting.ts";
import { openDataChannel } from "./webrtc.ts";
import { ConnectError } from "./error.ts";
import { VERSION } from "../wire/version.ts";
import { PROTOCOL } from "../wire/constants.ts";

type Refusal = { readonly code: string; readonly text: string };
type Assignment = { readonly job: string; readonly ice_servers: RTCIceServer[] };
type Signal =
  | { readonly is: "waiting" }
  | { readonly is: "assigned"; readonly assignment: Assignment }
  | { readonly is: "ended"; readonly error: ConnectError };

const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 20_000;
/** The server allows so many offers on one socket. */
const MAX_ATTEMPTS = 3;
const BETWEEN_ATTEMPTS_MS = 500;
/** After a refusal that asks for patience. */
const PATIENCE_MS = 10_000;

/**
 * Waits for a job and opens a channel to its client. The server is left when this settles.
 *
 * @throws {ConnectError} the server refuses or cannot be reached, or no offer led to a channel
 */
export async function meet(meeting: Meeting, peers: PeerMaker, signal: AbortSignal): Promise<Channel> {
  const socket = io(new URL("/volunteer", meeting.base).href, {
    transports: ["websocket"],
    // Trying again, and when, is decided in one place for all kinds of channel.
    reconnection: false,
    forceNew: true,
    timeout: CONNECT_TIMEOUT_MS,
    auth: { protocol: PROTOCOL, version: VERSION, job: meeting.job },
  });
  const signals = new Latest();
  socket.on("waiting", () => signals.put({ is: "waiting" }));
  socket.on("assigned", (assignment) => signals.put({ is: "assigned", assignment }));
  socket.on("connect_error", (error) => signals.put({ is: "ended", error: refused(error) }));
  socket.on("disconnect", () => {
    signals.put({ is: "ended", error: new ConnectError("the connection to the server broke") });
  });
  const giveUp = () => signals.put({ is: "ended", error: new ConnectError("given up") });
  signal.addEventListener("abort", giveUp);

  const offer = async (attempt: number, sdp: string): Promise<string> => {
    const answer = await socket.timeout(ANSWER_TIMEOUT_MS).emitWithAck("offer", { attempt, sdp }).catch(
      () => {
        throw new ConnectError("the client does not answer");
      },
    );
    if (answer?.error !== undefined) throw asConnectError(answer.error);
    if (typeof answer?.sdp !== "string") throw new ConnectError("the client's answer is broken");
    return answer.sdp;
  };

  try {
    for (let attempt = 1;;) {
      const next = await signals.take();
      if (next.is === "ended") throw next.error;
      if (next.is === "waiting") {
        meeting.waiting();
        continue;
      }
      meeting.assigned(next.assignment.job);
      try {
        const exchange = (sdp: string) => offer(attempt, sdp);
        return await openDataChannel(peers, iceServers(next.assignment), exchange, signal);
      } catch (error) {
        if (signal.aborted || ++attempt > MAX_ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS_MS));
        // Unless the server has said something newer, the assignment still holds.
        signals.putBack(next);
      }
    }
  } finally {
    signal.removeEventListener("abort", giveUp);
    socket.disconnect();
  }
}

/** Only the newest thing that the server said matters; that it is over outlives everything. */
class Latest {
  #signal: Signal | null = null;
  #wake: () => void = () => undefined;

  put(signal: Signal): void {
    if (this.#signal?.is === "ended") return;
    this.#signal = signal;
    this.#wake();
  }

  putBack(signal: Signal): void {
    this.#signal ??= signal;
  }

  async take(): Promise<Signal> {
    while (this.#signal === null) await new Promise<void>((resolve) => this.#wake = resolve);
    const signal = this.#signal;
    if (signal.is !== "ended") this.#signal = null;
    return signal;
  }
}

/** Only well-formed servers: a browser refuses to make a connection at all with a broken one. */
function iceServers({ ice_servers }: Assignment): RTCIceServer[] {
  if (!Array.isArray(ice_servers)) return [];
  return ice_servers.slice(0, 8).filter((server) => /^(stun|turn)s?:\S+$/.test(String(server?.urls)));
}

function refused(error: Error & { data?: { error?: Refusal } }): ConnectError {
  const refusal = error.data?.error;
  return refusal === undefined ? new ConnectError("the server cannot be reached") : asConnectError(refusal);
}

function asConnectError({ code, text }: Refusal): ConnectError {
  const said = String(text).slice(0, 200);
  if (code === "protocol") return new ConnectError(said, { passing: false });
  const patience = ["full", "throttled", "busy"].includes(code);
  return new ConnectError(said, { waitMs: patience ? PATIENCE_MS : 0 });
}
