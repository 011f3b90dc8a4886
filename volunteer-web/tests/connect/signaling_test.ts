import assert from "node:assert/strict";
import { ConnectError } from "../../src/connect/error.ts";
import type { Meeting } from "../../src/connect/meeting.ts";
import { meet } from "../../src/connect/signaling.ts";
import { PROTOCOL, VERSION } from "../../src/wire/constants.ts";
import { sleep, until } from "../support/helpers.ts";

/** A server's end of one connection of Socket.IO, as far as volunteers use it. */
class FakeServer {
  /** What the volunteer said when it connected. */
  auth: unknown;
  readonly offers: { attempt: number; sdp: string }[] = [];
  /** Acknowledgements of the next offers. */
  readonly answers: unknown[] = [];
  /** With this object it refuses to let the volunteer in. */
  refusal: unknown = null;
  /** What it says to a volunteer that has come in. */
  greeting: [event: string, payload: unknown][] = [];
  left = false;
  #socket: WebSocket | null = null;

  serve(socket: WebSocket): void {
    this.#socket = socket;
    const opening = { sid: "a", upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 65_536 };
    socket.onopen = () => socket.send(`0${JSON.stringify(opening)}`);
    socket.onclose = () => this.left = true;
    socket.onmessage = ({ data }) => this.#receive(data);
  }

  say(event: string, payload: unknown): void {
    this.#socket!.send(`42/volunteer,${JSON.stringify([event, payload])}`);
  }

  break(): void {
    this.#socket!.close();
  }

  #receive(packet: string): void {
    const [, type, id, json] = packet.match(/^(4\d|\d)(?:\/volunteer,)?(\d*)(.*)$/s)!;
    if (type === "40" && this.refusal !== null) {
      this.#socket!.send(`44/volunteer,${JSON.stringify(this.refusal)}`);
    } else if (type === "40") {
      this.auth = JSON.parse(json);
      this.#socket!.send('40/volunteer,{"sid":"b"}');
      for (const [event, payload] of this.greeting) this.say(event, payload);
    } else if (type === "42") {
      this.offers.push(JSON.parse(json)[1]);
      if (this.answers.length > 0) {
        this.#socket!.send(`43/volunteer,${id}${JSON.stringify([this.answers.shift()])}`);
      }
    }
  }
}

/** A peer connection that fails as soon as it has an answer. */
function failingPeer(): RTCPeerConnection {
  return {
    iceGatheringState: "complete",
    connectionState: "failed",
    localDescription: { sdp: "v=0" },
    createDataChannel: () => ({ readyState: "connecting" }),
    createOffer: () => Promise.resolve({ type: "offer", sdp: "v=0" }),
    setLocalDescription: () => Promise.resolve(),
    setRemoteDescription: () => Promise.resolve(),
    close: () => undefined,
  } as unknown as RTCPeerConnection;
}

/** What a volunteer met: the error in the end, and what it told on the way. */
type Met = {
  error: ConnectError;
  told: string[];
  failures: string[];
  made: RTCIceServer[][];
  server: FakeServer;
};

/** Lets a volunteer meet a server, until it fails. */
async function meeting(
  prepare: (server: FakeServer, giveUp: AbortController) => void,
  during: (server: FakeServer, told: readonly string[]) => Promise<void> = () => Promise.resolve(),
): Promise<Met> {
  const [server, giveUp, told] = [new FakeServer(), new AbortController(), [] as string[]];
  const made: RTCIceServer[][] = [];
  const failures: string[] = [];
  prepare(server, giveUp);
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    server.serve(socket);
    return response;
  });
  const peers = (iceServers: RTCIceServer[]) => {
    made.push(iceServers);
    return failingPeer();
  };
  const meeting: Meeting = {
    base: new URL(`http://127.0.0.1:${http.addr.port}/`),
    job: "brave-otter",
    wish: null,
    peers,
    waiting: () => told.push("waiting"),
    assigned: (job) => told.push(job),
    failed: ({ message }) => failures.push(message),
  };
  try {
    const failed = meet(meeting, peers, giveUp.signal).then(() => null, (error) => error);
    await during(server, told);
    const error = await failed;
    assert.ok(error instanceof ConnectError, `${error}`);
    await until(() => server.left || server.auth === undefined);
    return { error, told, failures, made, server };
  } finally {
    await http.shutdown();
  }
}

const ASSIGNED: [string, unknown] = ["assigned", { job: "one", ice_servers: [] }];

Deno.test("a volunteer says which job it wants, waits, and offers three times", async () => {
  const { error, told, failures, server } = await meeting((server) => {
    server.greeting = [["waiting", {}]];
    server.answers.push({ attempt: 1, sdp: "a" }, { error: { code: "failed", text: "no" } }, { nothing: 1 });
  }, async (server, told) => {
    await until(() => told.length === 1);
    server.say(...ASSIGNED);
  });
  assert.deepEqual(server.auth, { protocol: PROTOCOL, version: VERSION, job: "brave-otter" });
  assert.deepEqual(server.offers.map(({ attempt }) => attempt), [1, 2, 3]);
  assert.deepEqual(told, ["waiting", "one", "one", "one"]);
  // Each is told as it happens; the last one ends it.
  assert.deepEqual([failures.length, failures[1], error.message], [2, "no", "the client's answer is broken"]);
});

Deno.test("a newer assignment counts for the next offer, and waiting again withdraws the old one", async () => {
  const answer = { attempt: 1, sdp: "a" };
  const { told } = await meeting((server) => {
    server.greeting = [ASSIGNED];
    server.answers.push(answer, answer, answer);
  }, async (server, told) => {
    await until(() => server.offers.length === 1);
    server.say("assigned", { job: "two", ice_servers: [] });
    await until(() => server.offers.length === 2);
    server.say("waiting", {});
    await until(() => told.length === 3);
    await sleep(20);
    assert.equal(server.offers.length, 2);
    server.say("assigned", { job: "three", ice_servers: [] });
  });
  assert.deepEqual(told, ["one", "two", "waiting", "three"]);
});

Deno.test("servers for ICE that are not well-formed are left out, and there are at most eight", async () => {
  const servers = [{ urls: "http://a" }, null, ...Array(10).fill({ urls: "stun:a.example:1" })];
  const { made } = await meeting((server) => {
    server.greeting = [["assigned", { job: "one", ice_servers: servers }]];
    server.answers.push({}, {}, {});
  });
  assert.deepEqual(made[0], Array(6).fill({ urls: "stun:a.example:1" }));
});

const refusals: [code: string, passing: boolean, waitMs: number][] = [
  ["protocol", false, 0],
  ["full", true, 10_000],
  ["throttled", true, 10_000],
  ["gone", true, 0],
];
for (const [code, passing, waitMs] of refusals) {
  Deno.test(`a server that refuses with "${code}" is believed`, async () => {
    const { error } = await meeting((server) => {
      server.refusal = { message: "sorry", data: { error: { code, text: "sorry".repeat(100) } } };
    });
    assert.deepEqual([error.message, error.passing, error.waitMs], ["sorry".repeat(40), passing, waitMs]);
  });
}

Deno.test("a connection that breaks, and an attempt that is given up, end in words", async () => {
  const waitingThen = (act: (server: FakeServer) => void) =>
    meeting(
      (server) => void (server.greeting = [["waiting", {}]]),
      async (server, told) => {
        await until(() => told.length === 1);
        act(server);
      },
    );
  assert.equal(
    (await waitingThen((server) => server.break())).error.message,
    "the connection to the server broke",
  );
  let giveUp: AbortController | undefined;
  const { error } = await meeting((server, controller) => {
    server.greeting = [["waiting", {}]];
    giveUp = controller;
  }, async (_, told) => {
    await until(() => told.length === 1);
    giveUp!.abort();
  });
  assert.equal(error.message, "given up");
});
