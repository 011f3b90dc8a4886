import assert from "node:assert/strict";
import { MAX_BUFFERED_BYTES } from "../../src/connect/channel.ts";
import type { ConnectError } from "../../src/connect/error.ts";
import { openDataChannel } from "../../src/connect/webrtc.ts";
import { sleep, until } from "../support/helpers.ts";

/** As much of a data channel as is used. */
class FakeWire {
  readyState = "connecting";
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  binaryType = "blob";
  readonly sent: Uint8Array[] = [];
  onopen = () => {};
  onclose = () => {};
  onmessage = (_: { data: unknown }) => {};
  onbufferedamountlow = () => {};

  send(frame: Uint8Array): void {
    this.sent.push(frame);
  }
  close(): void {
    this.readyState = "closed";
    setTimeout(() => this.onclose());
  }
}

/** As much of a peer connection as is used, with the test as the network. */
class FakePeer {
  readonly wire = new FakeWire();
  iceGatheringState = "new";
  connectionState = "new";
  localDescription: { sdp: string } | null = null;
  closed = false;
  answer = "";
  onicegatheringstatechange = () => {};
  onicecandidate = (_: { candidate: { candidate: string } }) => {};
  onconnectionstatechange = () => {};
  onicecandidateerror = (_: { errorCode: number; url: string }) => {};

  createDataChannel(label: string, options: RTCDataChannelInit): FakeWire {
    assert.deepEqual([label, options], ["pando", { negotiated: true, id: 0, ordered: true }]);
    return this.wire;
  }
  createOffer() {
    return Promise.resolve({ type: "offer", sdp: "v=0" });
  }
  setLocalDescription({ sdp }: { sdp: string }): Promise<void> {
    this.localDescription = { sdp };
    return Promise.resolve();
  }
  setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.answer = sdp;
    return Promise.resolve();
  }
  close(): void {
    this.closed = true;
  }

  gather(candidate: string): void {
    this.localDescription!.sdp += `\r\na=${candidate}`;
    this.onicecandidate({ candidate: { candidate } });
  }
  finishGathering(): void {
    this.iceGatheringState = "complete";
    this.onicegatheringstatechange();
  }
  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange();
  }
  open(): void {
    this.wire.readyState = "open";
    this.wire.onopen();
  }
}

function opening(servers: RTCIceServer[] = [], answer: Promise<string> = Promise.resolve("answer")) {
  const peer = new FakePeer();
  const offers: string[] = [];
  const giveUp = new AbortController();
  const exchange = (sdp: string) => {
    offers.push(sdp);
    return answer;
  };
  const make = () => peer as unknown as RTCPeerConnection;
  const channel = openDataChannel(make, servers, exchange, giveUp.signal);
  const error = channel.then(() => "opened", (error) => error.message as string);
  return { peer, offers, giveUp, channel, error };
}

/** Lets everything happen that needs no more than a turn of the event loop. */
const turn = () => sleep(0);

Deno.test("the offer waits for the candidates, and the channel is open when both ends are", async () => {
  const { peer, offers, channel } = opening();
  await turn();
  assert.deepEqual(offers, []);
  peer.gather("candidate:1 typ host");
  await until(() => offers.length === 1);
  assert.deepEqual(offers, ["v=0\r\na=candidate:1 typ host"]);
  await until(() => peer.answer === "answer");
  peer.open();
  const { kind } = await channel;
  assert.deepEqual([kind, peer.wire.binaryType], ["webrtc", "arraybuffer"]);
  await (await channel).close();
  assert.ok(peer.closed);
});

Deno.test("where there are servers to ask, a host's own candidates are not enough", async () => {
  const { peer, offers, error } = opening([{ urls: "stun:a.example" }]);
  await turn();
  peer.gather("candidate:1 typ host");
  await sleep(60);
  assert.deepEqual(offers, []);
  peer.gather("candidate:2 typ srflx");
  await until(() => offers.length === 1);
  peer.become("failed");
  assert.equal(await error, "no direct connection to the client came about");
  assert.ok(peer.closed);
});

Deno.test("what is wrong with a server for ICE is part of why there is no connection", async () => {
  const { peer, channel } = opening([{ urls: "turn:a.example" }]);
  await turn();
  peer.onicecandidateerror({ errorCode: 401, url: "turn:a.example:3478?transport=udp" });
  peer.finishGathering();
  await until(() => peer.answer === "answer");
  peer.become("failed");
  const { part, detail } = await channel.then(() => assert.fail("opened"), (error: ConnectError) => error);
  assert.equal(part, "path");
  assert.equal(detail, "the TURN server a.example:3478 refuses the user name or password that the job gives");
});

Deno.test("an attempt that is given up closes what was begun", async () => {
  const { peer, giveUp, error } = opening([], new Promise(() => undefined));
  await turn();
  peer.finishGathering();
  await turn();
  giveUp.abort();
  assert.deepEqual([await error, peer.closed], ["given up", true]);
});

Deno.test("an open channel delivers what comes, tells when there is room, and that it has broken, once", async () => {
  const { peer, channel } = opening();
  await turn();
  peer.finishGathering();
  await until(() => peer.answer === "answer");
  peer.wire.onmessage({ data: new Uint8Array([1]).buffer });
  peer.open();
  const [got, closed]: [number[][], string[]] = [[], []];
  let rooms = 0;
  (await channel).listen({
    frame: (bytes) => got.push([...bytes]),
    room: () => rooms++,
    closed: (text) => closed.push(text),
  });
  assert.deepEqual(got, [[1]]);
  // The event that there is room may be missed.
  peer.wire.bufferedAmount = MAX_BUFFERED_BYTES;
  (await channel).send(Uint8Array.of(2));
  assert.deepEqual(peer.wire.sent, [Uint8Array.of(2)]);
  peer.wire.bufferedAmount = 0;
  await until(() => rooms === 1);
  peer.become("failed");
  peer.wire.onclose();
  await (await channel).close();
  assert.deepEqual([closed, peer.closed], [["the connection broke"], true]);
});

Deno.test("a server that the browser refuses is left out, and a browser that makes no connection says so", async () => {
  const asked: string[][] = [];
  const picky = (servers: RTCIceServer[]): RTCPeerConnection => {
    if (servers.some(({ urls }) => urls === "turn:bad")) throw new SyntaxError("bad");
    asked.push(servers.map(({ urls }) => String(urls)));
    throw Object.assign(new Error("off"), { servers });
  };
  const never = () => Promise.reject(new Error("not asked"));
  const failed = openDataChannel(picky, [{ urls: "turn:bad" }], never, new AbortController().signal);
  await assert.rejects(failed, /off/);
  assert.deepEqual(asked, [[]]);
});
