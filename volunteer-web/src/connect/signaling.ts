/** Finds a client through the server, over Socket.IO (PROTOCOL.md, 1.2), and opens a data channel to it. */

import { io, type Socket } from "socket.io-client";
import type { Channel } from "./channel.ts";
import type { Meeting, PeerMaker } from "./meeting.ts";
import { openDataChannel } from "./webrtc.ts";
import { ConnectError } from "./error.ts";
import { WEBSOCKET_BLOCKED } from "./server_problem.ts";
import { MAX_ICE_SERVERS, MAX_OFFERS, OFFER_TIMEOUT_MS, PROTOCOL, VERSION } from "../wire/constants.ts";

type Refusal = { readonly code: string; readonly text: string };
type Assignment = { readonly job: string; readonly ice_servers: RTCIceServer[] };
/** What the server says, or that the connection to it has ended. */
type Signal =
  | { readonly is: "waiting" }
  | { readonly is: "assigned"; readonly assignment: Assignment }
  | { readonly is: "ended"; readonly error: ConnectError };

const CONNECT_TIMEOUT_MS = 10_000;
const BETWEEN_OFFERS_MS = 500;
/** The longest time for which a server that ends may keep a volunteer away. */
const MAX_CLOSING_MS = 600_000;
/** The time to wait after a refusal because the server or the client has too much to do. */
const BUSY_MS = 10_000;
const MAX_REFUSAL_CHARACTERS = 200;

/**
 * Waits for a job and opens a channel to its client. The server is left when this settles.
 *
 * @throws {ConnectError} the server refuses or cannot be reached, or no offer led to a channel
 */
export async function meet(meeting: Meeting, peers: PeerMaker, signal: AbortSignal): Promise<Channel> {
  const server = new ServerConnection(meeting);
  const giveUp = () => server.end("given up");
  signal.addEventListener("abort", giveUp);
  try {
    return await openChannel(server, meeting, peers, signal);
  } finally {
    signal.removeEventListener("abort", giveUp);
    server.close();
  }
}

/** Makes up to `MAX_OFFERS` offers, each to the client of the newest assignment. */
async function openChannel(
  server: ServerConnection,
  meeting: Meeting,
  peers: PeerMaker,
  signal: AbortSignal,
): Promise<Channel> {
  let assignment: Assignment | null = null;
  for (let attempt = 1;; attempt++) {
    assignment = await server.nextAssignment(assignment, () => meeting.waiting());
    meeting.assigned(assignment.job);
    try {
      const exchange = (sdp: string) => server.offer(attempt, sdp);
      return await openDataChannel(peers, iceServers(assignment), exchange, signal);
    } catch (error) {
      if (signal.aborted || attempt === MAX_OFFERS) throw error;
      if (error instanceof ConnectError) meeting.failed(error);
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_OFFERS_MS));
    }
  }
}

/** The connection to the server, and the newest thing that the server has said on it. */
class ServerConnection {
  #socket: Socket;
  /** What is not read yet. Only the newest matters, but that the connection has ended outlives everything. */
  #latest: Signal | null = null;
  #wake: () => void = () => undefined;

  constructor({ base, job }: Meeting) {
    this.#socket = io(new URL("/volunteer", base).href, {
      path: new URL("socket.io/", base).pathname,
      transports: ["websocket"],
      // Trying again, and when, is decided in one place for all kinds of channel.
      reconnection: false,
      forceNew: true,
      timeout: CONNECT_TIMEOUT_MS,
      auth: { protocol: PROTOCOL, version: VERSION, job },
    });
    this.#socket.on("waiting", () => this.#put({ is: "waiting" }));
    this.#socket.on("assigned", (assignment) => this.#put({ is: "assigned", assignment }));
    this.#socket.on("closing", (said) => {
      const waitMs = Math.min(Math.max(Number(said?.retry_ms) || 0, 0), MAX_CLOSING_MS) *
        (1 + Math.random() / 2);
      this.#put({ is: "ended", error: new ConnectError("the server is being restarted", { waitMs }) });
    });
    this.#socket.on("connect_error", (error) => this.#put({ is: "ended", error: refused(error) }));
    this.#socket.on("disconnect", () => this.end("the connection to the server broke"));
  }

  /**
   * Returns the newest assignment.
   *
   * @param last the one that was made before, which holds unless the server has said something since
   * @param waiting called when the server says that there is no job yet
   * @throws {ConnectError} the connection has ended
   */
  async nextAssignment(last: Assignment | null, waiting: () => void): Promise<Assignment> {
    for (;;) {
      if (this.#latest === null && last !== null) return last;
      const signal = await this.#take();
      switch (signal.is) {
        case "ended":
          throw signal.error;
        case "assigned":
          return signal.assignment;
        case "waiting":
          last = null;
          waiting();
      }
    }
  }

  /**
   * Makes an offer to the client of the assignment and returns its answer.
   *
   * @param attempt counts up from 1
   * @throws {ConnectError} the client or the server refuses it, or the client does not answer in time
   */
  async offer(attempt: number, sdp: string): Promise<string> {
    const answer = await this.#socket.timeout(OFFER_TIMEOUT_MS).emitWithAck("offer", { attempt, sdp })
      .catch(() => {
        throw new ConnectError("the client does not answer");
      });
    if (answer?.error !== undefined) throw asConnectError(answer.error);
    if (typeof answer?.sdp !== "string") throw new ConnectError("the client's answer is broken");
    return answer.sdp;
  }

  /** Ends it for a reason, which `nextAssignment` throws. */
  end(why: string): void {
    this.#put({ is: "ended", error: new ConnectError(why, { part: "server" }) });
  }

  close(): void {
    this.#socket.disconnect();
  }

  #put(signal: Signal): void {
    if (this.#latest?.is === "ended") return;
    this.#latest = signal;
    this.#wake();
  }

  async #take(): Promise<Signal> {
    while (this.#latest === null) await new Promise<void>((resolve) => this.#wake = resolve);
    const signal = this.#latest;
    if (signal.is !== "ended") this.#latest = null;
    return signal;
  }
}

/** Returns the servers that are well-formed: with a broken one a browser refuses to make a connection at all. */
function iceServers({ ice_servers }: Assignment): RTCIceServer[] {
  if (!Array.isArray(ice_servers)) return [];
  return ice_servers.slice(0, MAX_ICE_SERVERS).filter((server) =>
    /^(stun|turn)s?:\S+$/.test(String(server?.urls))
  );
}

function refused(error: Error & { data?: { error?: Refusal } }): ConnectError {
  const refusal = error.data?.error;
  if (refusal !== undefined) return asConnectError(refusal);
  return new ConnectError(WEBSOCKET_BLOCKED, { part: "server" });
}

function asConnectError({ code, text }: Refusal): ConnectError {
  const said = String(text).slice(0, MAX_REFUSAL_CHARACTERS);
  if (code === "protocol") return new ConnectError(said, { passing: false, outdated: true });
  const isBusy = ["full", "throttled", "busy"].includes(code);
  return new ConnectError(said, { waitMs: isBusy ? BUSY_MS : 0 });
}
