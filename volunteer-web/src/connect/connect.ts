/**
 * Opens a channel to a client: learns what the server offers, chooses the kind, and does what that kind needs.
 *
 * Only the modules of this folder know WebRTC, WebSocket and Socket.IO.
 */

import type { Channel } from "./channel.ts";
import type { ChannelKind, Meeting, PeerMaker } from "./meeting.ts";
import { meet } from "./signaling.ts";
import { openWebSocket } from "./websocket.ts";
import { ConnectError } from "./error.ts";
import { statusInWords } from "./server_problem.ts";
import { PROTOCOL } from "../wire/constants.ts";

const CONFIG_TIMEOUT_MS = 10_000;
/** The longest time for which a server may send a volunteer away. */
const MAX_WAIT_MS = 600_000;
const MAX_REFUSAL_CHARACTERS = 200;

/**
 * Opens a channel; waits for a job as long as there is none.
 *
 * @param signal gives the attempt up
 * @throws {ConnectError} it cannot be opened
 */
export async function connect(meeting: Meeting, signal: AbortSignal): Promise<Channel> {
  if (signal.aborted) throw new ConnectError("given up");
  const kind = choose(await offered(meeting, signal), meeting);
  if (kind === "webrtc") return await meet(meeting, meeting.peers as PeerMaker, signal);
  const url = new URL("channel", meeting.base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return await openWebSocket(url, signal);
}

function choose(kinds: readonly ChannelKind[], { wish, peers }: Meeting): ChannelKind {
  const wished = wish !== null && kinds.includes(wish) ? wish : kinds[0];
  if (wished === "webrtc" && typeof peers === "string") {
    if (kinds.includes("websocket") && wish === null) return "websocket";
    throw new ConnectError(`this browser cannot do WebRTC: ${peers}`, { passing: false });
  }
  return wished;
}

/** Asks the server which kinds of channel it offers, its default first (PROTOCOL.md, 1.1). */
async function offered({ base, explain }: Meeting, signal: AbortSignal): Promise<readonly ChannelKind[]> {
  let config: { protocol?: unknown; channels?: unknown };
  const timeout = new AbortController();
  const giveUp = () => timeout.abort();
  const timer = setTimeout(giveUp, CONFIG_TIMEOUT_MS);
  signal.addEventListener("abort", giveUp);
  try {
    const answer = await fetch(configUrl(base), { cache: "no-store", signal: timeout.signal });
    if (!answer.ok) throw await refusalOf(answer);
    const { origin } = new URL(answer.url || base);
    if (answer.redirected && origin !== base.origin) {
      throw new ConnectError(`the server has moved: use ${origin}`, { part: "server" });
    }
    config = await answer.json();
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    const why = error instanceof SyntaxError
      ? "the server does not answer as a Pando server does"
      : explain?.(error, base) ?? "the server cannot be reached";
    throw new ConnectError(why, { part: "server" });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
  if (config?.protocol !== PROTOCOL) {
    // Only a volunteer without a page has words of its own.
    const advice = explain === undefined ? "reload this page" : "install the same version of Pando here";
    throw new ConnectError(`the server speaks another version: ${advice}`, {
      passing: false,
      outdated: true,
    });
  }
  const kinds = Array.isArray(config.channels) ? config.channels : [];
  const known = kinds.filter((kind): kind is ChannelKind => kind === "webrtc" || kind === "websocket");
  if (known.length === 0) {
    throw new ConnectError("the server offers no kind of channel that is known here", { passing: false });
  }
  return known;
}

/** The question says which version asks and where its page is: the server sees neither in a browser's request. */
function configUrl(base: URL): URL {
  const url = new URL("api/config", base);
  url.searchParams.set("protocol", String(PROTOCOL));
  if (typeof document !== "undefined") url.searchParams.set("host", base.host);
  return url;
}

/** Returns what the server says instead of its offer (PROTOCOL.md, 1.1), with the time that it wants to be left alone. */
async function refusalOf(answer: Response): Promise<ConnectError> {
  const said = await answer.json().then((body) => body?.error, () => undefined);
  if (typeof said?.text !== "string") {
    return new ConnectError(statusInWords(answer.status), { part: "server" });
  }
  const seconds = Number(answer.headers.get("retry-after"));
  const waitMs = seconds > 0 ? Math.min(seconds * 1000, MAX_WAIT_MS) : 0;
  return new ConnectError(said.text.slice(0, MAX_REFUSAL_CHARACTERS), { waitMs, part: "server" });
}
