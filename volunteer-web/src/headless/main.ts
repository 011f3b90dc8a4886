/**
 * A volunteer without a page, in Deno: lends the cores of a server, or of a machine on which nobody opens a browser.
 *
 * `headless.js URL [--cores=N] [--device=NAME] [--protocol=webrtc|websocket] [--allow-net[=HOSTS]] [--loopback]`
 */

import { RTCPeerConnection as WeriftPeer } from "werift";
import { Buffer } from "node:buffer";
import { connect } from "../connect/connect.ts";
import { placeOf } from "../connect/place.ts";
import type { ChannelKind } from "../connect/meeting.ts";
import { DenoHost } from "../pool/deno_host.ts";
import type { Failure, Tries } from "../volunteer/attempts.ts";
import { ConsoleReader } from "../volunteer/console_reader.ts";
import { describe } from "../volunteer/description.ts";
import { holds } from "../crypto/signature.ts";
import { JobOwner } from "../volunteer/job_owner.ts";
import { SessionRunner } from "../volunteer/session_runner.ts";
import {
  command,
  considerWithoutPage,
  coresOf,
  deviceOf,
  grantsOf,
  onSignals,
  type Options,
  parseOptions,
  UsageError,
  writeStatus,
  writeStatusToStdout,
} from "./command_line.ts";
import { Volunteer } from "../volunteer/volunteer.ts";

const USAGE =
  "headless.js URL [--cores=N] [--device=NAME] [--protocol=webrtc|websocket] [--allow-net[=HOSTS]] [--loopback]";

/** How the text of such a status begins. */
const RECEIVING = "Receiving ";
/** Lines of functions' consoles that the owner of this machine is shown in each window of time. */
const CONSOLE_LINES = 10;
const CONSOLE_WINDOW_MS = 60_000;

await command(async () => {
  // First of all, so that also what is wrong with the options is said there.
  if (Deno.args.includes("--status=stdout")) writeStatusToStdout();
  const options = parseOptions(
    Deno.args,
    ["cores", "device", "protocol", "allow-net", "loopback"],
    ["status", "ignore"],
  );
  const address = baseOf(options);
  const place = placeOf(address);
  const wish = wishOf(options);
  const granted = grantsOf(options);
  const peers = peerMaker(options.named.has("loopback") || isLoopback(place.base.hostname));
  const cores = coresOf(options);

  let said = "";
  let reason: Tries["last"] | null = null;
  const sayStatus = () => {
    const { status, lastEnding, tries, search } = volunteer;
    // Why it is tried again is said once, and again with each pause before the next time.
    const isNews = status.phase !== "connecting" || tries === null || !isSameFailure(tries.last, reason);
    reason = tries?.last ?? null;
    if (!isNews) return;
    const { text } = describe({
      status,
      lastEnding,
      tries,
      isQuiet: false,
      search,
      reader: "process",
      paused: false,
      slots: cores,
      // All slots count as busy while there is a job: between two leases the text would only flicker.
      busy: status.phase === "working" ? cores : 0,
      unansweredMs: [],
      cores,
      now: performance.now(),
    });
    // How much has arrived changes many times a second; that it arrives is said once.
    const isMore = status.phase === "loading" && status.transfer !== undefined && said.startsWith(RECEIVING);
    if (text !== said && !isMore) writeStatus(text);
    said = text;
  };
  // The function is somebody else's, and this may be a service whose output is kept.
  const reader = new ConsoleReader(
    CONSOLE_LINES,
    CONSOLE_WINDOW_MS,
    (_, line) => writeStatus(`console: ${line}`),
  );
  setInterval(() => reader.tick(), CONSOLE_WINDOW_MS);
  const runner = new SessionRunner(new DenoHost(), cores, {
    greeted: ({ job, title }) => volunteer.greeted(job, title),
    consider: (info) => considerWithoutPage(info, granted),
    receiving: (have, total) => volunteer.receiving(have, total),
    loaded: () => volunteer.loaded(),
    broken: (message) => volunteer.broken(message),
    answered: () => undefined,
    wrote: (lines) => reader.take(lines),
    log: (_, text) => writeStatus(text),
  }, new JobOwner(keyIn(address), () => Promise.resolve({ holds })));
  const presentation = { device: deviceOf(options), agent: `Deno ${Deno.version.deno}` };
  const meeting = { ...place, wish, peers };
  const volunteer: Volunteer = new Volunteer(
    runner,
    (on, signal) => connect({ ...meeting, ...on }, signal),
    presentation,
    sayStatus,
  );
  const left = new Promise<void>((resolve) => {
    onSignals(() => volunteer.leave("left").then(resolve), options.named.get("ignore"));
  });
  volunteer.join();
  await left;
  return 0;
});

function isSameFailure(one: Failure, other: Failure | null): boolean {
  return one.why === other?.why && one.detail === other.detail;
}

function baseOf({ words }: Options): URL {
  if (words.length !== 1) throw new UsageError(`usage: ${USAGE}`);
  const url = URL.parse(words[0].includes("://") ? words[0] : `http://${words[0]}`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${words[0]} is not an address of a server`);
  }
  return url;
}

/** Returns the key of the job's owner that an address has, whole or broken; null if it has none. */
function keyIn({ hash }: URL): string | null {
  return hash.match(/[#;]client=([^;]*)/)?.[1] ?? null;
}

function wishOf({ named }: Options): ChannelKind | null {
  const wish = named.get("protocol") ?? null;
  if (wish === null || wish === "webrtc" || wish === "websocket") return wish;
  throw new UsageError("--protocol takes webrtc or websocket");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\./.test(host);
}

/**
 * Returns how peer connections are made.
 *
 * @param loopback whether only this machine's own address is used: a client on this machine needs no other
 */
function peerMaker(loopback: boolean) {
  const here = { iceInterfaceAddresses: { udp4: "127.0.0.1" }, iceAdditionalHostAddresses: ["127.0.0.1"] };
  return (iceServers: RTCIceServer[]): RTCPeerConnection => {
    const peer = new WeriftPeer({
      iceServers: iceServers.map(({ urls, ...rest }) => ({ ...rest, urls: String(urls) })),
      ...(loopback ? { ...here, iceUseIpv6: false } : {}),
    }) as unknown as RTCPeerConnection;
    const create = peer.createDataChannel;
    peer.createDataChannel = (label, init) => {
      const channel = create.call(peer, label, init);
      const send = channel.send as (data: unknown) => void;
      // werift takes nothing but text and Node's buffers.
      channel.send = (frame: unknown) =>
        send.call(channel, Buffer.from((frame as Uint8Array<ArrayBuffer>).buffer));
      return channel;
    };
    return peer;
  };
}
