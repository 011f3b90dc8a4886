"""The page as the function's context, and the hosts that it may reach, in real browsers and without one."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, expect

from tests.support.browsers import Chromium, Tab, firefox
from tests.support.functions import module
from tests.support.machine import free_port, kill
from tests.support.programs import pando, pando_volunteer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGE = "--context=page"


def stage(tab: Tab) -> FrameLocator:
    """The frame in which the function shows something."""
    return tab.page.frame_locator("#stage iframe")


class Web:
    """A small web server, with the paths that it was asked for."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request."""
        line = await reader.readline()
        self.asked.append(line.decode().split(" ")[1] if line else "(a connection without a word)")
        with contextlib.suppress(OSError):
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\naccess-control-allow-origin: *\r\n"
                b"content-length: 5\r\nconnection: close\r\n\r\nhello"
            )
            await writer.drain()
        writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def web() -> AsyncIterator[Web]:
    """A web server on this machine."""
    port = free_port()
    served = Web(port)
    server = await asyncio.start_server(served.serve, "127.0.0.1", port)
    async with server:
        yield served


async def test_a_page_has_what_pages_have_and_shows_it(browser: Chromium, tmp_path: Path) -> None:
    function = module(
        tmp_path,
        """
        const canvas = document.createElement('canvas')
        canvas.id = 'drawing'
        const context = canvas.getContext('2d')
        context.fillStyle = 'rgb(10, 200, 30)'
        context.fillRect(0, 0, 50, 50)
        document.getElementById('visualization').append(canvas)
        const image = new Image()
        image.onload = () => cb(null, JSON.stringify({
          pixel: Array.from(context.getImageData(5, 5, 1, 1).data),
          image: image.width,
          request: typeof XMLHttpRequest,
          window: window === globalThis && self.origin,
          peers: typeof RTCPeerConnection,
        }))
        image.onerror = () => cb(new Error('no image'))
        image.src = canvas.toDataURL()
        """,
    )
    async with pando(function, ["1", "2"], PAGE, "--on-error=skip", debug=False) as client:
        # A narrow phone, and a device name: it starts at once, because it reaches nothing.
        tab = await browser.open(client.url, viewport={"width": 360, "height": 740})
        assert await client.ends() == 0, client
        assert [json.loads(line) for line in client.lines] == 2 * [
            {"pixel": [10, 200, 30, 255], "image": 300, "request": "function", "window": "null", "peers": "undefined"}
        ]
        await tab.state("done")
        await expect(tab.page.locator("#stage")).to_be_hidden()


async def test_a_person_answers_by_a_click(browser: Chromium, tmp_path: Path) -> None:
    function = module(
        tmp_path,
        """
        const button = document.createElement('button')
        button.textContent = 'Answer ' + x
        button.onclick = () => { button.remove(); cb(null, 'clicked ' + x) }
        document.getElementById('visualization').append(button)
        """,
    )
    async with pando(function, ["a", "b"], PAGE) as client:
        tab = await browser.open(client.url, viewport={"width": 360, "height": 740}, cores=4)
        for count, item in enumerate(("a", "b"), 1):
            button = stage(tab).get_by_text(f"Answer {item}")
            await expect(button).to_be_visible()
            if item == "a":
                box = await tab.page.locator("#stage iframe").bounding_box()
                assert box is not None
                assert box["width"] > 300
                assert box["height"] > 250
                assert await tab.page.evaluate("document.documentElement.scrollWidth") <= 360
                await expect(tab.page.locator("#terms")).to_contain_text("a place on this page")
                [row] = (await client.status())["volunteers"]
                assert row["slots"] == 1  # a page is one, whatever the cores
            # The frame goes with the last answer, and the driver may wait in vain to hear from there of its click.
            clicking = asyncio.create_task(button.click())
            await client.prints(count)
            clicking.cancel()
            await asyncio.gather(clicking, return_exceptions=True)
        assert await client.ends() == 0, client
        assert client.lines == ["clicked a", "clicked b"]
        assert tab.problems == []


async def test_a_page_that_hangs_is_replaced_and_its_item_fails(browser: Chromium, tmp_path: Path) -> None:
    function = module(tmp_path, "document.body.append(x); while (x === '3'); cb(null, x)")
    options = (PAGE, "--timeout=1", "--on-error=skip", "--retries=1", "--heartbeat=500", "--no-speculate")
    async with pando(function, range(1, 7), *options) as client:
        tab = await browser.open(client.url)
        assert await client.ends() == 1, client
        assert client.lines == ["1", "2", "4", "5", "6"]
        assert client.said("nothing is heard from") == 0  # the page itself was never held up
        assert client.said("joined") == 1
        await tab.state("done")


async def test_a_page_that_dies_is_replaced(browser: Chromium, tmp_path: Path) -> None:
    function = module(tmp_path, "document.title = x; setTimeout(() => cb(null, x), 50)")
    async with pando(function, None, PAGE, "--heartbeat=60000") as client:
        before = await browser.worker_processes()
        await browser.open(client.url)
        await client.says("joined")
        await client.feed(range(1, 21))
        await client.prints(3)
        # The one that answers for the frame is a worker too.
        [process] = await browser.worker_processes() - before
        kill(process)
        assert await client.ends() == 0, client
        assert client.lines == [str(item) for item in range(1, 21)]
        assert client.said("joined") == 1


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("location = '/page_frame.html?net=*'", "the function left its page"),
        ("for (let i = 0; i < 2000; i++) top.postMessage({ pando: 'nothing' }, '*')", "floods the page"),
    ],
    ids=["leaves", "floods"],
)
async def test_a_page_that_does_what_it_must_not_is_replaced(
    browser: Chromium, tmp_path: Path, deed: str, said: str
) -> None:
    function = module(tmp_path, f"if (x === '2') {{ {deed} }} else cb(null, x)")
    async with pando(function, ["1", "2", "3"], PAGE, "--on-error=skip", "--retries=1", debug=False) as client:
        tab = await browser.open(client.url)
        assert await client.ends() == 1, client
        assert client.lines == ["1", "3"]
        await tab.state("done")
        assert said in await tab.text("#log")


async def test_a_module_asks_for_a_page_by_itself(browser: Chromium, tmp_path: Path) -> None:
    function = tmp_path / "asks.js"
    function.write_text(
        "module.exports.pando = { context: 'page' }\n"
        "const root = document.getElementById('visualization')\n"
        "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, root.id + x) }\n"
    )
    async with pando(function, ["1"]) as client:
        await browser.open(client.url)
        assert await client.ends() == 0, client
        assert client.lines == ["visualization1"]


async def test_what_uses_a_document_gets_a_page_unless_told_otherwise(browser: Chromium, tmp_path: Path) -> None:
    declines = module(tmp_path, "typeof document === 'undefined' ? cb(true) : cb(null, document.body.tagName + x)")
    async with pando(declines, ["1", "2"], debug=False) as client:
        await browser.open(client.url)
        assert await client.ends() == 0, client
        assert client.lines == ["BODY1", "BODY2"]
        [line] = [line for line in client.err_lines if "document" in line]
        assert line.startswith(f"pando: {declines}:1:")
        assert line.endswith(" uses document: the function runs in a page; --context=worker runs it in a worker")
    async with pando(declines, ["1"], "--context=worker", debug=False) as client:
        await browser.open(client.url)
        await client.says("every volunteer here has declined item 1; .*--context=page gives it one")
        assert client.lines == []


async def test_who_wants_a_document_in_a_worker_is_told_of_the_option(browser: Chromium, tmp_path: Path) -> None:
    function = module(tmp_path, "cb(null, document.title)")
    async with pando(function, ["1"], "--context=worker", debug=False) as client:
        await browser.open(client.url)
        assert await client.ends() == 1, client
        assert "document is not defined" in client.err_lines[-1]
        assert "--context=page" in client.err_lines[-1]


UNREACHABLE = """
const got = {}
const attempt = (name, run) => Promise.resolve().then(run).then(String, () => 'refused').then((v) => {
  got[name] = v
})
const settled = (thing) => new Promise((resolve, reject) => {
  thing.onload = thing.onopen = () => resolve('loaded')
  thing.onerror = () => reject(new Error('error'))
  setTimeout(() => reject(new Error('nothing')), 700)
})
const child = (attributes) => new Promise((resolve) => {
  addEventListener('message', (event) => { if (event.source !== parent) resolve(event.data) })
  document.body.append(Object.assign(document.createElement('iframe'), attributes))
  setTimeout(() => resolve('refused'), 700)
})
const put = (name, attributes) => document.head.appendChild(Object.assign(document.createElement(name), attributes))
module.exports['/pando/1.0.0'] = function (server, cb) {
  Promise.all([
    attempt('fetch', () => fetch(server + '/fetch').then((r) => r.text())),
    attempt('blind', () => fetch(server + '/blind', { mode: 'no-cors' }).then(() => 'sent')),
    attempt('beacon', () => navigator.sendBeacon(server + '/beacon')),
    attempt('image', () => settled(Object.assign(new Image(), { src: server + '/image' }))),
    attempt('style', () => settled(put('link', { rel: 'stylesheet', href: server + '/style' }))),
    attempt('script', () => settled(put('script', { src: server + '/script' }))),
    attempt('socket', () => settled(new WebSocket(server.replace('http', 'ws') + '/socket'))),
    attempt('frame', () => child({ src: server + '/frame' })),
    attempt('srcdoc', () => child({ srcdoc: "<script>parent.postMessage(typeof RTCPeerConnection, '*')</script>" })),
    attempt('blank', () => document.body.appendChild(document.createElement('iframe')).contentWindow.eval),
    attempt('popup', () => String(open(server + '/popup')).replace('null', 'refused')),
    attempt('top', () => { top.location = server + '/top' }),
    attempt('page', () => parent.document.title),
    attempt('store', () => localStorage.length),
    attempt('peers', () => new RTCPeerConnection()),
  ]).then(() => cb(null, JSON.stringify(got)))
}
"""


async def test_a_page_reaches_nothing_in_chromium(browser: Chromium, tmp_path: Path, web: Web) -> None:
    function = tmp_path / "reach.js"
    function.write_text(UNREACHABLE)
    async with pando(function, [f"http://{web.host}"], PAGE) as client:
        await browser.open(client.url)
        assert await client.ends() == 0, client
    got = json.loads(client.lines[0])
    # A beacon that is refused says `true` all the same; what counts is that nothing came.
    assert got.pop("beacon") in ("refused", "true", "false")
    assert set(got.values()) == {"refused"}, got
    assert web.asked == []


async def test_a_page_reaches_nothing_in_firefox(tmp_path: Path, web: Web) -> None:
    function = tmp_path / "reach.js"
    function.write_text(UNREACHABLE)
    async with pando(function, [f"http://{web.host}"], PAGE) as client, firefox(client.url, tmp_path / "profile"):
        assert await client.ends() == 0, client
    got = json.loads(client.lines[0])
    assert got.pop("beacon") in ("refused", "true", "false")
    assert set(got.values()) == {"refused"}, got
    assert web.asked == []


@pytest.mark.parametrize("context", ["worker", "page"])
async def test_allowed_hosts_are_reached_once_the_volunteer_agrees(
    browser: Chromium, tmp_path: Path, web: Web, context: str
) -> None:
    body = (
        "fetch(x + '/yes').then((r) => r.text()).then((text) => "
        "fetch(x.replace('127.0.0.1', 'localhost')).then(() => cb(null, 'too much'), () => cb(null, text)), cb)"
    )
    options = (f"--context={context}", f"--allow-net={web.host},example.org", "--bootstrap-timeout=3")
    async with pando(module(tmp_path, body), [f"http://{web.host}"], *options) as client:
        tab = await browser.open(client.url)
        await tab.state("consent")
        await expect(tab.page.locator("#reach")).to_have_text(
            f"This job's function may reach: {web.host}, example.org."
        )
        await client.says("joined and is paused")
        assert web.asked == []
        await tab.page.click("#agree")
        assert await client.ends() == 0, client
    assert (client.lines, web.asked) == (["hello"], ["/yes"])


async def test_what_the_address_allows_is_confirmed_once_in_a_browser(
    browser: Chromium, tmp_path: Path, web: Web
) -> None:
    function = module(tmp_path, "fetch(x).then((r) => r.text()).then((text) => cb(null, text), cb)")
    item = f"http://{web.host}/"
    async with pando(function, None, f"--allow-net={web.host}", "--bootstrap-timeout=3") as client:
        tab = await browser.open(client.url, device="Mine;allow-net")
        await client.give([item])
        await tab.state("consent")
        assert "The address of this page asks it for all jobs" in await tab.text("#reach")
        assert web.asked == []
        await tab.page.click("#agree")
        await client.prints(1)
        await tab.page.reload()
        await client.feed([item])
        assert await client.ends() == 0, client
    assert client.lines == ["hello", "hello"]


async def test_without_a_browser_there_is_no_page(tmp_path: Path) -> None:
    function = module(tmp_path, "cb(null, document.title)")
    async with pando(function, ["1"], PAGE) as client, pando_volunteer(client.url, "--device=Rack") as volunteer:
        await client.says(r"Rack does not take this job: .*needs a page")
        await volunteer.says(r"needs a page \(--context=page\), which only a browser has")
        await client.says("waiting for a volunteer: .*without a browser has no page", within=10)
        assert client.said("set aside") == 0


async def test_without_a_browser_hosts_are_granted_beforehand(tmp_path: Path, web: Web) -> None:
    function = module(tmp_path, "fetch(x).then((r) => r.text()).then((text) => cb(null, text), cb)")
    async with pando(function, [f"http://{web.host}/"], f"--allow-net={web.host}") as client:
        async with pando_volunteer(client.url, "--device=Shy") as shy:
            await client.says(r"Shy does not take this job: .*may reach 127\.0\.0\.1")
            await shy.says("--allow-net does not grant it")
        async with pando_volunteer(client.url, f"--allow-net={web.host}"):
            assert await client.ends() == 0, client
    assert client.lines == ["hello"]
