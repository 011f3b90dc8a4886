import assert from "node:assert/strict";
import { openWebSocket } from "../../src/connect/websocket.ts";
import { until } from "../support/helpers.ts";

/** Runs `body` with the address of a server, which does with each socket what `serve` does. */
async function withServer(
  serve: (socket: WebSocket) => void,
  body: (url: URL) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, (request) => {
    if (request.url.endsWith("/no")) return new Response(null, { status: 404 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    serve(socket);
    return response;
  });
  try {
    await body(new URL(`ws://127.0.0.1:${server.addr.port}/channel`));
  } finally {
    await server.shutdown();
  }
}

const never = new AbortController().signal;

Deno.test("frames go both ways, and those that come before anybody listens are kept", () =>
  withServer((socket) => {
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(Uint8Array.of(1));
    socket.onmessage = ({ data }) => socket.send(data);
  }, async (url) => {
    const channel = await openWebSocket(url, never);
    const frames: number[][] = [];
    channel.listen({ frame: (bytes) => frames.push([...bytes]), room: () => {}, closed: () => {} });
    channel.send(Uint8Array.of(2, 3));
    await until(() => frames.length === 2);
    assert.deepEqual([frames, channel.kind, channel.buffered], [[[1], [2, 3]], "websocket", 0]);
    await channel.close();
    await channel.close();
    channel.send(Uint8Array.of(4));
  }));

Deno.test("the end of the connection is told with the reason that the other end gave", () =>
  withServer((socket) => {
    socket.onmessage = () => socket.close(1000, "enough");
  }, async (url) => {
    const channel = await openWebSocket(url, never);
    const closed: string[] = [];
    channel.listen({ frame: () => {}, room: () => {}, closed: (text) => closed.push(text) });
    channel.send(Uint8Array.of(1));
    await until(() => closed.length === 1);
    assert.deepEqual(closed, ["enough"]);
  }));

Deno.test("a connection that is refused or given up is an error", () =>
  withServer(() => undefined, async (url) => {
    const refused = await openWebSocket(new URL("/no", url), never).catch((error) => error);
    assert.equal(refused.message, "the connection was refused");
    const controller = new AbortController();
    const attempt = openWebSocket(url, controller.signal).catch((error) => error);
    controller.abort();
    assert.equal((await attempt).message, "given up");
  }));
