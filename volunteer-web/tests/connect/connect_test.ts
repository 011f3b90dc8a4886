import assert from "node:assert/strict";
import { connect } from "../../src/connect/connect.ts";
import { ConnectError } from "../../src/connect/error.ts";
import { PROTOCOL } from "../../src/wire/constants.ts";
import type { Meeting } from "../../src/connect/meeting.ts";

/** Runs `body` with the address of a server that answers `config`, and opens channels over WebSocket. */
async function withServer(config: unknown, body: (base: URL) => Promise<void>): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, (request) => {
    if (request.url.endsWith("/channel")) return Deno.upgradeWebSocket(request).response;
    return typeof config === "string"
      ? new Response(config, { status: config === "" ? 500 : 200 })
      : Response.json(config);
  });
  try {
    await body(new URL(`http://127.0.0.1:${server.addr.port}/`));
  } finally {
    await server.shutdown();
  }
}

function meeting(base: URL, more: Partial<Meeting> = {}): Meeting {
  const nothing = () => undefined;
  return {
    base,
    job: null,
    wish: null,
    peers: "it is off",
    waiting: nothing,
    assigned: nothing,
    failed: nothing,
    ...more,
  };
}

async function failure(meeting: Meeting, signal = new AbortController().signal): Promise<ConnectError> {
  const error = await connect(meeting, signal).then(() => null, (error) => error);
  assert.ok(error instanceof ConnectError, `${error}`);
  return error;
}

Deno.test("the channel is of the kind that is wished for, or of the server's default", async () => {
  await withServer({ protocol: PROTOCOL, channels: ["webrtc", "websocket"] }, async (base) => {
    // WebRTC is the default here, and cannot be had.
    for (const wish of ["websocket", null] as const) {
      const channel = await connect(meeting(base, { wish }), new AbortController().signal);
      assert.equal(channel.kind, "websocket");
      await channel.close();
    }
    const { message, passing } = await failure(meeting(base, { wish: "webrtc" }));
    assert.deepEqual([message, passing], ["this browser cannot do WebRTC: it is off", false]);
  });
});

const servers: [what: string, config: unknown, message: string, passing: boolean][] = [
  ["no JSON", "<html>", "the server does not answer as a Pando server does", true],
  ["an error", "", "the server does not answer as a Pando server does (status 500)", true],
  [
    "another version",
    { protocol: 99, channels: ["webrtc"] },
    "the server speaks another version: reload this page",
    false,
  ],
  [
    "unknown kinds",
    { protocol: PROTOCOL, channels: ["pigeon", 1] },
    "the server offers no kind of channel that is known here",
    false,
  ],
];
for (const [what, config, message, passing] of servers) {
  Deno.test(`a server that answers with ${what} is refused in words`, () =>
    withServer(config, async (base) => {
      const error = await failure(meeting(base));
      assert.deepEqual([error.message, error.passing], [message, passing]);
    }));
}

Deno.test("a server that cannot be reached is tried again later; an attempt that is given up is none", async () => {
  let gone: URL | undefined;
  await withServer({}, (base) => Promise.resolve(void (gone = base)));
  const { message, passing } = await failure(meeting(gone!));
  assert.deepEqual([message, passing], ["the server cannot be reached", true]);
  const explained = await failure(meeting(gone!, { explain: (_, base) => `no ${base.host}` }));
  assert.equal(explained.message, `no ${gone!.host}`);
  assert.equal((await failure(meeting(gone!), AbortSignal.abort())).message, "given up");
});

Deno.test("a refusal of the server is read, and it is left alone as long as it says", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, (request) => {
    assert.equal(new URL(request.url).searchParams.get("protocol"), String(PROTOCOL));
    return Response.json({ error: { code: "full", text: "no room" } }, {
      status: 503,
      headers: { "retry-after": "7" },
    });
  });
  try {
    const { message, passing, waitMs } = await failure(
      meeting(new URL(`http://127.0.0.1:${server.addr.port}/`)),
    );
    assert.deepEqual([message, passing, waitMs], ["no room", true, 7_000]);
  } finally {
    await server.shutdown();
  }
});
