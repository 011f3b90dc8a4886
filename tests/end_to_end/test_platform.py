"""What functions find where they run: every kind of volunteer is asked, and compared with `docs/functions.md`."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.browsers import PLAIN_HOST, Chromium, firefox
from tests.support.programs import Client, pando, pando_server, pando_volunteer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DOCUMENT = Path(__file__).parents[2] / "docs" / "functions.md"

KINDS = {
    "Deno": ("Deno", "worker"),
    "Chromium": ("Chrome", "worker"),
    "Firefox": ("Firefox", "worker"),
    "Chromium, page": ("Chrome", "page"),
    "Firefox, page": ("Firefox", "page"),
}
"""Columns of the table, with a word of the agent and the context."""

ALL = "[{}].every((name) => typeof globalThis[name] !== 'undefined')"
ANY = "[{}].some((name) => {{ try {{ return typeof globalThis[name] !== 'undefined' }} catch {{ return true }} }})"
BLOB = "URL.createObjectURL(new Blob([{}], {{ type: 'text/javascript' }}))"
DEEP = "((f) => {{ f = (n) => n === 0 ? 0 : 1 + f(n - 1); try {{ return f({}) > 0 }} catch {{ return false }} }})()"
STEP = (
    "(() => {{ let least = 9; for (let i = 0; i < 20; i++) {{ const a = performance.now(); let b = a; "
    "while (b === a) b = performance.now(); least = Math.min(least, b - a) }} return least < {} }})()"
)
REQUEST = (
    "new Promise((done) => {{ const r = new XMLHttpRequest(); r.onload = () => done(r.responseText === 'hi'); "
    "r.onerror = () => done(false); r.open('GET', {}); r.send() }})"
)


def _all(*names: str) -> str:
    return ALL.format(", ".join(f"'{name}'" for name in names))


def _any(*names: str) -> str:
    return ANY.format(", ".join(f"'{name}'" for name in names))


PROBES = {
    "`eval`, `new Function`, `setTimeout` of a text": (
        "eval('1') + new Function('return 2')() === 3 && "
        "await new Promise((done) => { globalThis.done = done; setTimeout('done(true)', 1) })"
    ),
    "`WebAssembly`, with SIMD": (
        "WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, "
        "1, 8, 0, 65, 0, 253, 15, 253, 98, 11]))"
    ),
    "`structuredClone`, `queueMicrotask`, `reportError`, `WeakRef`": _all(
        "structuredClone", "queueMicrotask", "reportError", "WeakRef"
    ),
    "`MessageChannel`, `BroadcastChannel`, `AbortController`": _all(
        "MessageChannel", "BroadcastChannel", "AbortController"
    ),
    "`Blob`, `File`, `FormData`, `FileReader`, `URL`, `TextDecoder`": _all(
        "Blob", "File", "FormData", "FileReader", "URL", "TextDecoder"
    ),
    "`ReadableStream`, `CompressionStream`": _all("ReadableStream", "CompressionStream"),
    "`Intl`, of all languages": (
        "new Intl.NumberFormat('de').format(1234.5) === '1.234,5' && new Intl.PluralRules('ar').select(3) === 'few'"
    ),
    "`crypto.getRandomValues`, `crypto.randomUUID`": (
        "crypto.getRandomValues(new Uint8Array(1)).length === 1 && "
        "/^[\\da-f]{8}-[\\da-f]{4}-4[\\da-f]{3}-[89ab][\\da-f]{3}-[\\da-f]{12}$/.test(crypto.randomUUID())"
    ),
    "`crypto.subtle`": (
        "crypto.subtle !== undefined && (await crypto.subtle.digest('SHA-256', new Uint8Array(1))).byteLength === 32"
    ),
    "`fetch`, `WebSocket`, `EventSource`": _all("fetch", "WebSocket", "EventSource"),
    "`fetch` of `data:` and `blob:`": (
        "await fetch('data:,hi').then((r) => r.text()) + "
        f"await fetch({BLOB.format(repr('hi'))}).then((r) => r.text()) === 'hihi'"
    ),
    "`XMLHttpRequest`, also of `data:` and `blob:`": (
        "typeof XMLHttpRequest === 'function' && "
        f"await {REQUEST.format(repr('data:,hi'))} && await {REQUEST.format(BLOB.format(repr('hi')))}"
    ),
    "`import()` of `data:` and `blob:`": (
        "(await import('data:text/javascript,export default 40')).default + "
        f"(await import({BLOB.format(repr('export default 2'))})).default === 42"
    ),
    "`importScripts` of `data:`": "(importScripts('data:text/javascript,var imported = 7'), imported === 7)",
    "`importScripts` of `blob:`": f"(importScripts({BLOB.format(repr('var made = 8'))}), made === 8)",
    "`self instanceof WorkerGlobalScope`": "self instanceof WorkerGlobalScope",
    "`Worker`": (
        f"await new Promise((done) => {{ const w = new Worker({BLOB.format(repr('postMessage(1)'))}); "
        "w.onmessage = () => done(true); w.onerror = () => done(false) })"
    ),
    "`document`, `window`, `Image`, `DOMParser`": _all("document", "window", "Image", "DOMParser"),
    "`AudioContext`, `OfflineAudioContext`": _all("AudioContext", "OfflineAudioContext"),
    "`requestAnimationFrame`": _all("requestAnimationFrame"),
    "`requestIdleCallback`": _all("requestIdleCallback"),
    "`FileReaderSync`": _all("FileReaderSync"),
    "`ImageData`, `DOMMatrix`": _all("ImageData", "DOMMatrix"),
    "`OffscreenCanvas` with the context `2d`, `Path2D`, `FontFace`": (
        f"new OffscreenCanvas(2, 2).getContext('2d') !== null && {_all('Path2D', 'FontFace')}"
    ),
    "`OffscreenCanvas` with the context `webgl`": "new OffscreenCanvas(2, 2).getContext('webgl') !== null",
    "`navigator.gpu`": "navigator.gpu !== undefined",
    "`VideoDecoder`, `ImageDecoder`": _all("VideoDecoder", "ImageDecoder"),
    "`navigator.userAgent`, `.language`, `.hardwareConcurrency`": (
        "navigator.userAgent.length > 0 && navigator.language.length > 0 && navigator.hardwareConcurrency > 0"
    ),
    "`navigator.onLine`": "typeof navigator.onLine === 'boolean'",
    "`performance.now()` in steps of less than 1 ms": STEP.format("0.9"),
    "`performance.now()` in steps of less than 0.1 ms": STEP.format("0.09"),
    "a recursion 3,000 calls deep": DEEP.format(3000),
    "a recursion 8,000 calls deep": DEEP.format(8000),
    "`SharedArrayBuffer`": _any("SharedArrayBuffer"),
    "`localStorage`, `sessionStorage`, `indexedDB`, `caches`": _any(
        "localStorage", "sessionStorage", "indexedDB", "caches"
    ),
    "`RTCPeerConnection`": _any("RTCPeerConnection", "webkitRTCPeerConnection"),
    "`Deno`, and `process`, `Buffer`, `global` as properties of `globalThis`": _any(
        "Deno", "process", "Buffer", "global", "gc"
    ),
}
"""Rows of the table, with an expression that is `true` where it is there; what throws is not."""

ASKING = """
const probes = PROBES
const answers = {}
let asked = false
module.exports['/pando/1.0.0'] = function (x, cb) {
  // Each volunteer answers once, and leaves the rest to the others.
  if (asked) return setTimeout(cb, 20, true)
  asked = true
  const ask = async ([name, code]) => {
    try {
      answers[name] = await (0, eval)('(async () => (' + code + '))()') === true
    } catch (error) {
      answers[name] = false
    }
  }
  // One after the other: some of them keep the thread busy.
  Object.entries(probes).reduce((before, probe) => before.then(() => ask(probe)), Promise.resolve()).then(() => {
    cb(null, JSON.stringify({ agent: navigator.userAgent, secure: globalThis.isSecureContext === true, answers }))
  })
}
"""


def table() -> dict[str, dict[str, str]]:
    """The table of the document: by name and kind."""
    text = DOCUMENT.read_text()
    lines = text[text.index("### What is where") :].split("\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    head = rows[0]
    # The first table ends where the next line does not belong to it.
    size = next(i for i, row in enumerate([*rows, []]) if len(row) != len(head))
    return {name: dict(zip(head[1:], cells, strict=True)) for name, *cells in rows[2:size]}


def cell(found: list[dict[str, Any]], name: str) -> str:
    """What the table must say of a kind of volunteer, if it does not say that it depends."""
    there = {(answer["secure"], answer["answers"][name]) for answer in found}
    if len({yes for _, yes in there}) == 1:
        return "yes" if found[0]["answers"][name] else "no"
    return "https" if there == {(True, True), (False, False)} else f"something else: {there}"


async def answers_of(client: Client, volunteers: int) -> list[dict[str, Any]]:
    """Waits for so many volunteers, and lets each of them answer."""
    await client.until(lambda: client.said(" joined") >= volunteers, f"{volunteers} volunteers", 40)
    await client.feed(range(volunteers))
    assert await client.ends() == 0, client
    return [json.loads(line) for line in client.lines]


def contradictions(rows: dict[str, dict[str, str]], found: list[dict[str, Any]], context: str) -> list[str]:
    """What the table says and a volunteer in this context does not."""
    wrong = []
    for kind, (agent, where) in KINDS.items():
        if where != context:
            continue
        answers = [answer for answer in found if agent in answer["agent"]]
        assert len(answers) == (1 if kind == "Deno" else 2), (kind, [answer["agent"] for answer in found])
        for name in PROBES:
            says, right = rows[name][kind], cell(answers, name)
            if says not in ("depends", right):
                wrong.append(f"{name} in {kind}: the table says {says}, and it is {right}")
    return wrong


async def test_every_kind_of_volunteer_has_what_the_table_says(browser: Chromium, tmp_path: Path) -> None:
    rows = table()
    assert list(rows) == list(PROBES)
    assert {kind for row in rows.values() for kind in row} == set(KINDS)
    assert {says for row in rows.values() for says in row.values()} == {"yes", "no", "https", "depends"}
    function = tmp_path / "asking.js"
    function.write_text(ASKING.replace("PROBES", json.dumps(PROBES)))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(pando_server())
        found = {}
        clients = {}
        for context in ("worker", "page"):
            options = (f"--context={context}", "--batch-size=1", "--no-speculate", "--retries=1")
            clients[context] = await stack.enter_async_context(pando(function, None, *options, server=server))
        pages = []
        for client in clients.values():
            job = (await client.says(r"Serving this job alone at http://127\.0\.0\.1(:[^#\s]+)"))[1]
            # As a page that came by HTTPS, and as one of a local network.
            pages += [f"http://127.0.0.1{job}", f"http://{PLAIN_HOST}{job}"]
        await stack.enter_async_context(pando_volunteer(pages[0], "--cores=1"))
        for url in pages:
            await browser.open(url, device="Test;cores=1")
        await stack.enter_async_context(firefox(pages[0], tmp_path / "profile", "Test;cores=1", also=pages[1:]))
        for context, client in clients.items():
            found[context] = await answers_of(client, 5 if context == "worker" else 4)
    assert [line for context, answers in found.items() for line in contradictions(rows, answers, context)] == []


STRAYS = """
const cases = {
  kept: (cb) => { Promise.reject(new Error('lost')); setTimeout(cb, 100, null, 'came') },
  thrown: (cb) => { setTimeout(() => { throw new Error('lost') }); setTimeout(cb, 100, null, 'came') },
  timer: (cb) => { setTimeout(() => { throw new Error('no timer'); cb() }) },
  chain: (cb) => { Promise.resolve().then(() => { throw new Error('no chain'); cb() }) },
}
module.exports['/pando/1.0.0'] = function (x, cb) { cases[x](cb) }
"""


async def ends_as_it_should(client: Client, came: int, failed: str) -> None:
    """Looks at a run in which some items get their results, and others fail for errors that nobody caught."""
    assert await client.ends() == 1, client
    assert client.lines == ["came"] * came
    assert client.err_lines[-1].endswith(f"no result: {failed}")


ITEMS = ("kept", "thrown", "timer", "chain")
STRAY_OPTIONS = ("--retries=1", "--on-error=skip", "--no-speculate", "--batch-size=1")


def strays(folder: Path) -> Path:
    """Writes the function in which errors get lost."""
    function = folder / "strays.js"
    function.write_text(STRAYS)
    return function


async def test_an_error_that_nobody_caught_fails_only_what_it_broke_in_chromium(
    browser: Chromium, tmp_path: Path
) -> None:
    function = strays(tmp_path)
    async with (
        pando(function, ITEMS, *STRAY_OPTIONS) as worker,
        pando(function, ITEMS, "--context=page", *STRAY_OPTIONS) as page,
    ):
        tabs = [await browser.open(client.url, device="Test;cores=1") for client in (worker, page)]
        await ends_as_it_should(worker, 2, "3, 4")
        await ends_as_it_should(page, 2, "3, 4")
        logs = [await tab.text("#log") for tab in tabs]
    assert all("an error that nobody caught: " in log for log in logs), logs


async def test_an_error_that_nobody_caught_fails_only_what_it_broke_in_firefox(tmp_path: Path) -> None:
    function = strays(tmp_path)
    # Of the two tabs, one is in the background, where timers are slow.
    few = ("thrown", "timer")
    async with (
        pando(function, few, *STRAY_OPTIONS) as worker,
        pando(function, few, "--context=page", *STRAY_OPTIONS) as page,
        firefox(worker.url, tmp_path / "profile", "Test;cores=1", also=[page.url]),
    ):
        await ends_as_it_should(worker, 1, "2")
        await ends_as_it_should(page, 1, "2")
        assert [client.lines for client in (worker, page)] == [["came"], ["came"]]
