"""The function in real browsers: what it cannot reach, and what happens when it fails."""

import base64
import hashlib
import json
import time
from pathlib import Path

import pytest

from tests.support.browsers import Chromium, firefox
from tests.support.functions import module
from tests.support.machine import free_port
from tests.support.programs import Client, pando

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ESCAPES = """
module.exports['/pando/1.0.0'] = function (server, cb) {
  const tries = {
    origin: () => self.origin,
    localStorage: () => { localStorage.setItem('a', 'b') },
    cookie: () => document.cookie,
    page: () => self.parent.document,
    indexedDB: () => new Promise((resolve, reject) => {
      const open = indexedDB.open('a')
      open.onsuccess = () => resolve('opened')
      open.onerror = reject
    }),
    caches: () => caches.open('a').then(() => 'opened'),
    fetch: () => fetch(server + '/healthz').then((answer) => answer.text()),
    fetchBlind: () => fetch(server + '/healthz', { mode: 'no-cors' }).then(() => 'sent'),
    request: () => new Promise((resolve, reject) => {
      const request = new XMLHttpRequest()
      request.onload = () => resolve(request.status)
      request.onerror = () => reject(new Error('error'))
      request.open('GET', server + '/healthz')
      request.send()
    }),
    socket: () => new Promise((resolve, reject) => {
      const socket = new WebSocket(server.replace('http', 'ws') + '/channel')
      socket.onopen = () => resolve('open')
      socket.onerror = () => reject(new Error('error'))
    }),
    events: () => new Promise((resolve, reject) => {
      const events = new EventSource(server + '/healthz')
      events.onopen = () => resolve('open')
      events.onerror = () => { events.close(); reject(new Error('error')) }
    }),
    scripts: () => { importScripts(server + '/page.js') },
    module: () => import(server + '/page.js').then(() => 'imported'),
    worker: () => new Promise((resolve, reject) => {
      const worker = new Worker(server + '/page.js')
      worker.onmessage = () => resolve('spoke')
      worker.onerror = () => reject(new Error('error'))
      setTimeout(() => resolve('started'), 1000)
    }),
    peers: () => typeof RTCPeerConnection,
    broadcast: () => { new BroadcastChannel('a').postMessage('b'); return self.origin },
  }
  const outcomes = {}
  const attempt = async (name) => {
    try {
      outcomes[name] = String(await tries[name]())
    } catch (error) {
      outcomes[name] = 'refused'
    }
  }
  Promise.all(Object.keys(tries).map(attempt)).then(() => cb(null, JSON.stringify(outcomes)))
}
"""
REFUSED = dict.fromkeys(
    (
        "localStorage",
        "cookie",
        "page",
        "indexedDB",
        "caches",
        "fetch",
        "fetchBlind",
        "request",
        "socket",
        "events",
        "scripts",
        "module",
        "worker",
    ),
    "refused",
)
OPAQUE = {"origin": "null", "broadcast": "null", "peers": "undefined"}


async def test_it_runs_in_no_origin_and_reaches_nothing_in_chromium(browser: Chromium, tmp_path: Path) -> None:
    function = tmp_path / "escapes.js"
    function.write_text(ESCAPES)
    port = free_port()
    async with pando(function, [f"http://127.0.0.1:{port}"], port=port) as client:
        await browser.open(client.url)
        assert await client.ends() == 0, client
    assert json.loads(client.lines[0]) == REFUSED | OPAQUE


async def test_it_runs_in_no_origin_and_reaches_nothing_in_firefox(tmp_path: Path) -> None:
    function = tmp_path / "escapes.js"
    function.write_text(ESCAPES)
    port = free_port()
    async with (
        pando(function, [f"http://127.0.0.1:{port}"], port=port) as client,
        firefox(client.url, tmp_path / "profile"),
    ):
        assert await client.ends() == 0, client
    assert json.loads(client.lines[0]) == REFUSED | OPAQUE


async def test_an_item_on_which_it_throws_ends_the_run_with_one_clear_line(browser: Chromium, tmp_path: Path) -> None:
    function = module(tmp_path, "if (x === 'cherry') throw new Error('no stones, please'); cb(null, x.toUpperCase())")
    fruit = ["apple", "banana", "cherry", "date", "elderberry"]
    async with pando(function, fruit, debug=False) as client:
        tab = await browser.open(client.url)
        assert await client.ends() == 1, client
        assert client.lines == ["APPLE", "BANANA"]
        [line] = [line for line in client.err_lines if not line.startswith("Serving")]
        assert line.startswith("pando: the function failed on item 3 (cherry)")
        assert "no stones, please" in line
        await tab.state("done")


async def test_an_item_that_fails_can_be_skipped(browser: Chromium, tmp_path: Path) -> None:
    function = module(tmp_path, "if (x === 'cherry') cb(new Error('no stones')); else cb(null, x.toUpperCase())")
    async with pando(function, ["apple", "cherry", "date"], "--on-error=skip", debug=False) as client:
        await browser.open(client.url)
        assert await client.ends() == 1, client
        assert client.lines == ["APPLE", "DATE"]
        failed, counted = [line for line in client.err_lines if not line.startswith("Serving")]
        assert failed.startswith("pando: the function failed on item 2 (cherry), 3 times: no stones, at ")
        assert counted == "pando: 1 item has no result: 2"


async def test_an_item_that_never_ends_costs_its_worker_and_not_the_page(browser: Chromium, tmp_path: Path) -> None:
    function = module(tmp_path, "while (x === '7') {} cb(null, x)")
    items = [str(n) for n in range(1, 41)]
    limits = ("--timeout=0.5", "--retries=2", "--on-error=skip")
    async with pando(function, None, *limits) as client:
        tab = await browser.open(client.url, "Patient")
        await client.says("Patient joined")
        workers = await browser.worker_processes()
        await client.feed(items)
        assert await client.ends() == 1, client
        assert client.lines == [item for item in items if item != "7"]
        assert client.said("pando: 1 item has no result: 7") == 1
        # It is still the same page with the same frame, and it has never been away.
        assert await browser.worker_processes() <= workers
        assert (client.said("Patient joined"), client.said("Patient left")) == (1, 0)
        await tab.state("done")


# Three items of 5 ms, and one that blocks its worker for far longer than the others may wait.
BLOCKS = "const end = performance.now() + Number(x); while (performance.now() < end); cb(null, x)"
SHORT, LONG = ["5", "5", "5"], "3000"


async def short_and_long(client: Client) -> tuple[float, float]:
    """Feeds the items; returns the seconds to the short ones' results, and from there to the end."""
    await client.says("joined")
    since = time.monotonic()
    await client.feed([*SHORT, LONG])
    await client.until(lambda: client.lines == SHORT, "the short items' results")
    first = time.monotonic()
    assert await client.ends() == 0, client
    return first - since, time.monotonic() - first


async def test_results_do_not_wait_for_an_item_that_blocks_its_worker_in_chromium(
    browser: Chromium, tmp_path: Path
) -> None:
    async with pando(module(tmp_path, BLOCKS), None, "--batch-size=4") as client:
        await browser.open(client.url)
        early, late = await short_and_long(client)
    # What came early, and that the item behind it was running meanwhile.
    assert early < 3
    assert late > 1
    assert client.lines == [*SHORT, LONG]


async def test_results_do_not_wait_for_an_item_that_blocks_its_worker_in_firefox(tmp_path: Path) -> None:
    async with (
        pando(module(tmp_path, BLOCKS), None, "--batch-size=4") as client,
        firefox(client.url, tmp_path / "profile"),
    ):
        early, late = await short_and_long(client)
    assert early < 3
    assert late > 1
    assert client.lines == [*SHORT, LONG]


async def test_a_function_that_cannot_be_loaded_is_told_to_both_sides(browser: Chromium, tmp_path: Path) -> None:
    function = tmp_path / "broken.js"
    function.write_text(
        "if (navigator.userAgent.includes('Chrome')) throw new Error('not in this browser')\n"
        "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x) }\n"
    )
    async with pando(function, ["1"], debug=False) as client:
        tab = await browser.open(client.url)
        await tab.state("unable", within=10)
        assert "not in this browser" in await tab.text("#status")
        await client.says("cannot load the function: .*not in this browser")


async def test_what_it_writes_stays_on_the_page_and_what_is_odd_about_it_is_said_to_its_author(
    browser: Chromium, tmp_path: Path
) -> None:
    body = "console.log('%s is', x, { a: [1] }); console.error(new TypeError('odd')); cb(null, { x })"
    async with pando(module(tmp_path, body), ["apple"], debug=False) as client:
        tab = await browser.open(client.url)
        assert await client.ends() == 0, client
        assert client.lines == ["[object Object]"]
        [line] = [line for line in client.err_lines if not line.startswith("Serving")]
        assert line.startswith("pando: a result is an object, which is printed as [object Object]: ")
        log = await tab.text("#log")
        assert 'apple is {"a":[1]}' in log
        assert "TypeError: odd" in log


# Node.js's modules and globals, WebAssembly, a promise, a report and bytes, in one.
EVERYTHING = """
import zlib from 'node:zlib'
import { createHash } from 'node:crypto'
import { report, version } from 'pando-computing'
import { add } from './add.wasm'
import compiled from './add.wasm'

export default async (x) => {
  report({ cpuTime: 1, nbItems: 1, units: 'Gizmos' })
  const ticked = await new Promise((done) => process.nextTick(() => setImmediate(done, 'ticked')))
  const proto = {}
  proto.__proto__ = Array.prototype
  return Buffer.from([
    zlib.gunzipSync(zlib.gzipSync(Buffer.from(x))), createHash('sha256').update(x).digest('hex').slice(0, 8), ticked,
    add(40, 2), new WebAssembly.Instance(compiled).exports.add(1, 1), proto instanceof Array, typeof version,
  ].join())
}
"""
ADD = "0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b"


def everything(folder: Path) -> Path:
    (folder / "add.wasm").write_bytes(bytes.fromhex(ADD))
    function = folder / "everything.mjs"
    function.write_text(EVERYTHING)
    return function


def made_of(item: str) -> str:
    digest = hashlib.sha256(item.encode()).hexdigest()[:8]
    return base64.b64encode(f"{item},{digest},ticked,42,2,true,string".encode()).decode()


async def test_everything_that_a_function_may_use_is_there_in_chromium(browser: Chromium, tmp_path: Path) -> None:
    async with pando(everything(tmp_path), ["one", "zwei"]) as client:
        await browser.open(client.url)
        assert await client.ends() == 0, client
    assert client.lines == [made_of("one"), made_of("zwei")]


async def test_everything_that_a_function_may_use_is_there_in_firefox(tmp_path: Path) -> None:
    async with pando(everything(tmp_path), ["one", "zwei"]) as client, firefox(client.url, tmp_path / "profile"):
        assert await client.ends() == 0, client
    assert client.lines == [made_of("one"), made_of("zwei")]
