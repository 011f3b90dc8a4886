/**
 * A volunteer without a page, in Deno: lends the cores of a server, or of a machine on which nobody opens a browser.
 *
 * `headless.js URL [--cores=N] [--device=NAME] [--protocol=webrtc|websocket] [--allow-net[=HOSTS]] [--loopback]`
 */

import { RTCPeerConnection as WeriftPeer } from "werift";
import { Buffer } from "node:buffer";
import { ConnectError } from "../connect/error.ts";
import { connect, jobOf } from "../connect/connect.ts";
import type { ChannelKind } from "../connect/meeting.ts";
import { DenoHost } from "../pool/deno_host.ts";
import { ConsoleReader } from "../volunteer/console_reader.ts";
import { describe } from "../volunteer/description.ts";
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
  const base = baseOf(options);
  const wish = wishOf(options);
  const granted = grantsOf(options);
  const peers = peerMaker(options.named.has("loopback") || isLoopback(base.hostname));
  const cores = coresOf(options);

  let said = "";
  const sayStatus = () => {
    const { status, lastEnding } = volunteer;
    const { text } = describe({
      status,
      lastEnding,
      paused: false,
      slots: cores,
      // All slots count as busy while there is a job: between two leases the text would only flicker.
      busy: status.phase === "working" ? cores : 0,
      unansweredMs: [],
      cores,
      now: performance.now(),
    });
    if (text !== said) writeStatus(text);
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
    loaded: () => volunteer.loaded(),
    broken: (message) => volunteer.broken(message),
    answered: () => undefined,
    wrote: (lines) => reader.take(lines),
    log: (_, text) => writeStatus(text),
  });
  const presentation = { device: deviceOf(options), agent: `Deno ${Deno.version.deno}` };
  const meeting = { base, wish, peers, job: jobOf(base) };
  const volunteer: Volunteer = new Volunteer(
    runner,
    (on, signal) =>
      connect({ ...meeting, ...on }, signal).catch((error) => {
        if (!(error instanceof ConnectError && error.outdated)) throw error;
        writeStatus(
          "the server speaks another version: update this program with pip install --upgrade pando-computing, " +
            "or have the server updated",
        );
        Deno.exit(1);
      }),
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

function baseOf({ words }: Options): URL {
  if (words.length !== 1) throw new UsageError(`usage: ${USAGE}`);
  const url = URL.parse(words[0].includes("://") ? words[0] : `http://${words[0]}`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${words[0]} is not an address of a server`);
  }
  return url;
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
