"""The same frames and the same function without an engine: the limit that the channel and the browser set.

A bare peer of aiortc in this process, and in the page nothing but workers that each take a `lend` frame, call the
function on each of its items, and give back a `results` frame. The frames are encoded beforehand; of the answers only
the counts are read. Nothing is lent again, ordered, joined, checked or written.
"""

from __future__ import annotations

import asyncio
import struct
import time

import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from playwright.async_api import Page

from pando_shared.framing import MAX_FRAME
from pando_shared.messages import Lend, encode

IN_FLIGHT = 8
"""Frames that the page has at a time: enough that no worker waits for one."""
ITEM = b"1234567"
RESULTS_HEAD = 20

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
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const workers = Array.from({ length: navigator.hardwareConcurrency }, () => new Worker(url));
  for (const worker of workers) worker.onmessage = ({ data }) => channel.send(data);
  let turn = 0;
  channel.onmessage = ({ data }) => workers[turn++ % workers.length].postMessage(data, [data]);
  await peer.setLocalDescription(await peer.createOffer());
  while (peer.iceGatheringState !== "complete") await new Promise((resolve) => setTimeout(resolve, 20));
  return peer.localDescription.sdp;
}
"""


def loopback_only() -> None:
    """Makes peers of this process use no address but 127.0.0.1, which aioice leaves out otherwise."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


async def bare_rate(page: Page, seconds: float) -> float:
    """Returns items a second, in a page with nothing else in it."""
    loopback_only()
    count = (MAX_FRAME - RESULTS_HEAD) // (4 + len(ITEM))
    frame = encode(Lend(1, [ITEM] * count))
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    channel = peer.createDataChannel("bare", negotiated=True, id=0)
    opened, done = asyncio.Event(), asyncio.Event()
    answered, deadline = 0, float("inf")

    def take(results: bytes) -> None:
        nonlocal answered
        answered += struct.unpack_from("<I", results, 12)[0]
        if time.perf_counter() < deadline:
            channel.send(frame)
        else:
            done.set()

    channel.on("open", opened.set)
    channel.on("message", take)
    try:
        offer = await page.evaluate(OFFER, WORKER)
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        await page.evaluate("(sdp) => peer.setRemoteDescription({ type: 'answer', sdp })", peer.localDescription.sdp)
        async with asyncio.timeout(30):
            if channel.readyState != "open":
                await opened.wait()
        for _ in range(IN_FLIGHT):
            channel.send(frame)
        await asyncio.sleep(1)  # compilers and congestion windows
        before, since = answered, time.perf_counter()
        deadline = since + seconds
        async with asyncio.timeout(seconds + 30):
            await done.wait()
        return (answered - before) / (time.perf_counter() - since)
    finally:
        await peer.close()
