"""How long it takes from opening the page to the first result, in Chromium, on this machine.

    python -m benchmarks.first_result [--runs=10] [--hide-addresses]

Each run has a client of its own with one item and a function that answers at once, and a browser context of its own,
with nothing cached. The clock starts before the browser is told to open the page, and stops when the first line of the
client's standard output is read. Browser, server and client run already, as they do when somebody opens the page.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.support import browsers
from tests.support.functions import module
from tests.support.programs import Server, pando, pando_server

AIMS = {"webrtc": 0.5, "websocket": 0.3}
"""Seconds, of the median."""
SETTLE = 1.5
"""Seconds between a client's start and the opening of the page: nobody opens it faster."""

STEPS = {
    "script": "the page is there and its script runs",
    "server": "it asked the server what it offers",
    "assigned": "it has a job and makes a peer connection",
    "offer": "its offer is complete",
    "answer": "the client's answer is there",
    "open": "the channel is open",
    "hello": "the function is there",
    "ready": "the function is loaded into a worker",
    "results": "the first result is sent",
}
"""What a volunteer does until it has its first result, in this order; over WebSocket some of it does not happen."""

PROBE = """
(() => {
  if (self !== top) return;
  const marks = globalThis.firstResult = {};
  const mark = (name) => marks[name] ??= performance.timeOrigin + performance.now();
  // The script of the page is deferred: this is when it is about to run.
  addEventListener("readystatechange", () => mark("script"), { capture: true, once: true });
  const { fetch } = globalThis;
  globalThis.fetch = async (...given) => { const answer = await fetch(...given); mark("server"); return answer; };
  const watch = (channel) => {
    let sent = 0;
    const { send } = channel;
    channel.addEventListener("open", () => mark("open"));
    channel.addEventListener("message", () => mark("hello"));
    channel.send = (frame) => { mark(++sent === 1 ? "ready" : "results"); return send.call(channel, frame); };
  };
  const { WebSocket, RTCPeerConnection } = globalThis;
  globalThis.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      if (String(url).endsWith("/channel")) watch(this);
    }
  };
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) { super(...given); mark("assigned"); }
    createDataChannel(...given) { const channel = super.createDataChannel(...given); watch(channel); return channel; }
    get localDescription() { mark("offer"); return super.localDescription; }
    setRemoteDescription(...given) { mark("answer"); return super.setRemoteDescription(...given); }
  };
})();
"""


async def first_result(
    browser: browsers.Chromium, function: Path, server: Server | None
) -> tuple[float, dict[str, float]]:
    """Returns the seconds to the first result, and those to each step."""
    async with pando(function, ["1"], debug=False, server=server) as client:
        await asyncio.sleep(SETTLE)
        context = await browser.browser.new_context()
        await context.add_init_script(PROBE)
        page = await context.new_page()
        start, began = time.time(), time.perf_counter()
        opening = asyncio.create_task(page.goto(f"{client.url}#device=Benchmark;"))
        await client.prints(1)
        seconds = time.perf_counter() - began
        await opening
        marks = await page.evaluate("firstResult")
        await context.close()
        assert await client.ends() == 0, client
    return seconds, {step: marks[step] / 1000 - start for step in STEPS if step in marks}


async def measure(kind: str, runs: int, flags: list[str]) -> tuple[list[float], list[dict[str, float]]]:
    """Returns the seconds of each run, and of its steps."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = await stack.enter_async_context(browsers.chromium(folder / "profile", *flags))
        server = await stack.enter_async_context(pando_server()) if kind == "webrtc" else None
        function = module(folder, "cb(null, x)")
        await first_result(browser, function, server)  # what the browser does once in its life does not count
        measured = [await first_result(browser, function, server) for _ in range(runs)]
    return [seconds for seconds, _ in measured], [steps for _, steps in measured]


def report(kind: str, seconds: list[float], steps: list[dict[str, float]]) -> None:
    """Prints the table of one kind of channel."""
    median = statistics.median(seconds)
    verdict = "met" if median <= AIMS[kind] else "missed"
    where = "through a server" if kind == "webrtc" else "to the client itself"
    print(f"\n{kind}, {where}: {len(seconds)} runs")
    print(f"  min {min(seconds):.3f} s   median {median:.3f} s   max {max(seconds):.3f} s")
    print(f"  aim for the median: {AIMS[kind]} s, {verdict}")
    last = 0.0
    for step, meaning in STEPS.items():
        if all(step in run for run in steps):
            at = statistics.median(run[step] for run in steps)
            print(f"  {at:7.3f} s  (+{at - last:.3f})  {meaning}")
            last = at
    print(f"  {median:7.3f} s  (+{median - last:.3f})  the result is on standard output")


async def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Time from opening the page to the first result.")
    parser.add_argument("--runs", type=int, default=10, help="for each kind of channel (10)")
    parser.add_argument(
        "--hide-addresses",
        action="store_true",
        help="as browsers do by default; Chromium then announces names for its addresses on the local network",
    )
    given = parser.parse_args()
    flags = [] if given.hide_addresses else [browsers.OPEN_ADDRESSES]
    for kind in AIMS:
        report(kind, *await measure(kind, given.runs, flags))


if __name__ == "__main__":
    asyncio.run(main())
