"""The same frames and the same function without an engine: the limit that the channel and the browser set.

In this process a bare peer of aiortc, or a bare WebSocket; in the page nothing but a channel, and for `bare_rate`
workers that each take a `lend` frame, call the function on each of its items, and give back a `results` frame. The
frames are encoded beforehand; of the answers only the counts are read. Nothing is lent again, ordered, joined, checked
or written.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchmarks.support.tabs import UnwatchedTab
from pando_shared.limits import MAX_FRAME_BYTES
from pando_shared.wire.codec import encode
from pando_shared.wire.messages import Lend
from tests.support.volunteers import loopback_only

IN_FLIGHT = 8
"""Frames that are under way at a time: enough that nobody waits for one."""
WARMING = 1.0
"""Seconds that do not count: of compilers and congestion windows."""
ITEM = b"1234567"
RESULTS_HEAD = 20
COUNT = struct.Struct("<12xI")
"""Of the items that a `results` message answers."""

WORKER = """
const run = (x, cb) => { cb(null, x); };
const decoder = new TextDecoder(), encoder = new TextEncoder();
onmessage = ({ data }) => {
  const lend = new DataView(data), count = lend.getUint32(8, true);
  const text = decoder.decode(new Uint8Array(data, 12 + 4 * count));
  const values = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    run(text.substring(at, at += lend.getUint32(12 + 4 * i, true)), (_, result) => values.push(String(result)));
  }
  const joined = values.join(""), start = 20 + 4 * count;
  const bytes = new Uint8Array(start + joined.length), results = new DataView(bytes.buffer);
  encoder.encodeInto(joined, bytes.subarray(start));
  results.setUint8(0, 0x21);
  results.setUint32(4, lend.getUint32(4, true), true);
  results.setUint32(12, count, true);
  for (let i = 0; i < count; i++) results.setUint32(20 + 4 * i, values[i].length, true);
  postMessage(bytes.buffer, [bytes.buffer]);
};
"""

OFFER = """
async (program) => {
  const peer = globalThis.peer = new RTCPeerConnection();
  const channel = peer.createDataChannel("bare", { negotiated: true, id: 0 });
  channel.binaryType = "arraybuffer";
  if (program === null) {
    channel.onmessage = ({ data }) => channel.send(data);
  } else {
    const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
    const workers = Array.from({ length: navigator.hardwareConcurrency }, () => new Worker(url));
    for (const worker of workers) worker.onmessage = ({ data }) => channel.send(data);
    let turn = 0;
    channel.onmessage = ({ data }) => workers[turn++ % workers.length].postMessage(data, [data]);
  }
  await peer.setLocalDescription(await peer.createOffer());
  while (peer.iceGatheringState !== "complete") await new Promise((resolve) => setTimeout(resolve, 20));
  return peer.localDescription.sdp;
}
"""
ACCEPT = "(sdp) => peer.setRemoteDescription({ type: 'answer', sdp })"

WEBSOCKET = """
(url) => {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(data);
}
"""

WORKERS = """
async ({ body, count, seconds }) => {
  const program = `
    const run = (x, cb) => { ${body} };
    onmessage = ({ data: seconds }) => {
      const since = performance.now();
      let done = 0;
      while (performance.now() - since < 1000 * seconds) run(String(done), () => done++);
      postMessage(1000 * done / (performance.now() - since));
    };`;
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const rates = await Promise.all(Array.from({ length: count }, () => new Promise((resolve) => {
    const worker = new Worker(url);
    worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
    worker.postMessage(seconds);
  })));
  return rates.reduce((sum, rate) => sum + rate);
}
"""


class Page(Protocol):
    """A page in which JavaScript can be run: an `UnwatchedTab`, or one of Playwright."""

    async def evaluate(self, function: str, argument: Any = ..., /) -> Any:
        """Calls a function in the page."""


class _Turns:
    """Sends a frame for each that comes back, and counts what the answers hold."""

    def __init__(self, send: Callable[[bytes], object], frame: bytes, worth: Callable[[bytes], int]) -> None:
        self._send = send
        self._frame = frame
        self._worth = worth
        self._sum = 0

    def begin(self) -> None:
        for _ in range(IN_FLIGHT):
            self._send(self._frame)

    def take(self, answer: bytes) -> None:
        self._sum += self._worth(answer)
        self._send(self._frame)

    async def rate(self, seconds: float) -> float:
        """Waits, and returns how much came back a second."""
        await asyncio.sleep(WARMING)
        before, since = self._sum, time.perf_counter()
        await asyncio.sleep(seconds)
        return (self._sum - before) / (time.perf_counter() - since)


async def bare_rate(page: UnwatchedTab, seconds: float) -> float:
    """Returns the items a second that workers do over WebRTC, in a page with nothing else in it."""
    count = (MAX_FRAME_BYTES - RESULTS_HEAD) // (4 + len(ITEM))
    frame = encode(Lend(1, [ITEM] * count))
    async with _over_webrtc(page, WORKER, frame, lambda results: int(COUNT.unpack_from(results)[0])) as turns:
        return await turns.rate(seconds)


async def bare_bytes(page: UnwatchedTab, protocol: str, seconds: float) -> float:
    """Returns the bytes a second, each way, of full frames that a page with nothing else in it gives back."""
    frame = bytes(MAX_FRAME_BYTES)
    over = _over_webrtc(page, None, frame, len) if protocol == "webrtc" else _over_websocket(page, frame, len)
    async with over as turns:
        return await turns.rate(seconds)


async def bare_work(page: Page, body: str, workers: int, seconds: float) -> float:
    """Returns the items a second that so many workers do which nobody lends anything.

    Args:
        body: of the function, with the parameters `x` and `cb`; it calls back at once.
    """
    return float(await page.evaluate(WORKERS, {"body": body, "count": workers, "seconds": seconds}))


@asynccontextmanager
async def _over_webrtc(
    page: UnwatchedTab, program: str | None, frame: bytes, worth: Callable[[bytes], int]
) -> AsyncIterator[_Turns]:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    channel = peer.createDataChannel("bare", negotiated=True, id=0)
    turns = _Turns(channel.send, frame, worth)
    opened = asyncio.Event()
    channel.on("open", opened.set)
    channel.on("message", turns.take)
    try:
        await peer.setRemoteDescription(RTCSessionDescription(await page.evaluate(OFFER, program), "offer"))
        with loopback_only():
            await peer.setLocalDescription(await peer.createAnswer())
        await page.evaluate(ACCEPT, peer.localDescription.sdp)
        async with asyncio.timeout(30):
            if channel.readyState != "open":
                await opened.wait()
        turns.begin()
        yield turns
    finally:
        channel.remove_all_listeners("message")
        await peer.close()


@asynccontextmanager
async def _over_websocket(page: UnwatchedTab, frame: bytes, worth: Callable[[bytes], int]) -> AsyncIterator[_Turns]:
    begun: asyncio.Future[_Turns] = asyncio.get_running_loop().create_future()

    async def turn(socket: ServerConnection) -> None:
        # Sent by a task of its own: a page that does not read must not keep us from reading.
        waiting: asyncio.Queue[bytes] = asyncio.Queue()
        turns = _Turns(waiting.put_nowait, frame, worth)
        turns.begin()
        begun.set_result(turns)
        sending = asyncio.create_task(_send_all(socket, waiting))
        with contextlib.suppress(ConnectionClosed):
            async for answer in socket:
                assert isinstance(answer, bytes)
                turns.take(answer)
        sending.cancel()

    async with serve(turn, "127.0.0.1", 0, compression=None, max_size=None, close_timeout=1) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        await page.evaluate(WEBSOCKET, f"ws://127.0.0.1:{port}/")
        async with asyncio.timeout(30):
            turns = await begun
        yield turns


async def _send_all(socket: ServerConnection, waiting: asyncio.Queue[bytes]) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.send(await waiting.get())
