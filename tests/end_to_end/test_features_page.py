"""The pages as the original's users know them, in a real browser: see `programs/test_features`."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import FrameLocator, expect

from tests.support.browsers import Chromium, Tab
from tests.support.functions import module, squared, squares
from tests.support.machine import eventually, free_port
from tests.support.programs import pando
from tests.support.promises import PROMISES, write_promises

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ENDLESS = range(1, 100_001)
"""More items than any of these tests waits for."""


def stage(tab: Tab) -> FrameLocator:
    """The frame in which the function shows something."""
    return tab.page.frame_locator("#stage iframe")


# The volunteer page


async def test_the_page_asks_for_a_name_and_shows_what_it_does(browser: Chromium, tmp_path: Path) -> None:
    """A list of models and free text; the name is kept in the address, with underscores for spaces.

    Then there are the throughput with its average, what was done, a status line, and what the function logs.
    """
    function = module(tmp_path, "console.log('item', x); setTimeout(() => cb(null, x), 20)")
    async with pando(function, ENDLESS) as client:
        tab = await browser.open(client.url, device=None)
        await expect(tab.page.locator("#device-name")).to_be_visible()
        assert await tab.page.locator("#device-name").get_attribute("list") == "device-models"
        assert await tab.page.locator("#device-models option").count() > 10
        await tab.page.fill("#device-name", "My old phone")
        await tab.page.click("#start")
        await client.says(r"My old phone joined")
        await tab.has_done(10)
        assert "#device=My_old_phone;" in tab.page.url
        await expect(tab.page.locator("#device")).to_have_text("My old phone")
        await expect(tab.page.locator("#throughput")).not_to_have_text("0.00")
        await expect(tab.page.locator("#average")).to_have_text(re.compile(r"^[1-9][\d.]* items/s$"))
        await expect(tab.page.locator("#worked")).to_have_text(re.compile(r"^\d+ s$"))
        assert re.match(r"Working for job \w+ \(function\.js\) with \d+ of \d+ cores?\.", await tab.text("#status"))
        await expect(tab.page.locator("#log")).to_contain_text("item 1")


async def test_the_address_chooses_name_and_connection(browser: Chromium, tmp_path: Path) -> None:
    """`#device=NAME;protocol=websocket;`, and `/#protocol=webrtc;` as in the readme, which asks for the name."""
    async with pando(squares(tmp_path), ENDLESS) as client:
        chosen = await browser.open(client.url, device="My_old_phone", protocol="websocket")
        asking = await browser.open(f"{client.url}/#protocol=webrtc;", device=None)
        await asking.page.fill("#device-name", "Another")
        await asking.page.click("#start")
        await client.says(r"My old phone joined with .* \(websocket\)")
        await client.says(r"Another joined with .* \(webrtc\)")
        await chosen.has_done(1)
        await asking.has_done(1)
        assert asking.problems == chosen.problems == []


async def test_the_page_connects_again_by_itself(browser: Chromium, tmp_path: Path) -> None:
    port, items = free_port(), range(1, 51)
    async with pando(squares(tmp_path), ENDLESS, port=port) as client:
        tab = await browser.open(client.url)
        await tab.has_done(5)
        client.signal(signal.SIGKILL)
        await tab.state("lost")
    async with pando(squares(tmp_path), items, port=port) as client:
        assert await client.ends() == 0, client
        assert client.lines == squared(items)


# The function in a browser


async def test_a_function_finds_in_a_browser_what_it_finds_elsewhere(browser: Chromium, tmp_path: Path) -> None:
    async with pando(write_promises(tmp_path), PROMISES) as client:
        tab = await browser.open(client.url, cores=1)
        assert await client.ends() == 0, client
        assert tab.problems == []
    assert dict(zip(PROMISES, client.lines, strict=True)) == {name: kept.prints for name, kept in PROMISES.items()}


PERSON = """
if (x === 'draw') {
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d')
  context.fillStyle = 'rgb(10, 200, 30)'
  context.fillRect(0, 0, 50, 50)
  document.getElementById('visualization').appendChild(canvas)
  const image = new Image()
  image.onload = () => cb(null, [window === globalThis, image.width, typeof XMLHttpRequest,
    document.querySelectorAll('div#visualization > canvas').length, context.getImageData(5, 5, 1, 1).data].join(' '))
  image.src = canvas.toDataURL()
} else {
  const button = document.createElement('button')
  button.textContent = 'It is ' + x
  button.onclick = () => { button.remove(); cb(null, x + ' it is') }
  document.getElementById('visualization').appendChild(button)
}
"""


async def test_a_function_draws_in_the_page_and_waits_for_a_person(browser: Chromium, tmp_path: Path) -> None:
    """There are `document`, `window`, `Image`, `canvas`, and a `<div id="visualization">` that the person sees.

    No option is needed for that.
    """
    async with pando(module(tmp_path, PERSON), ["draw", "a cat"]) as client:
        tab = await browser.open(client.url)
        await client.prints(1)
        assert client.lines == ["true 300 function 1 10,200,30,255"]
        await expect(stage(tab).locator("#visualization canvas")).to_be_visible()
        # The frame goes with the last answer, and the driver may wait in vain to hear from there of its click.
        clicking = asyncio.create_task(stage(tab).get_by_text("It is a cat").click())
        assert await client.ends() == 0, client
        clicking.cancel()
        await asyncio.gather(clicking, return_exceptions=True)
    assert client.lines[1:] == ["a cat it is"]


@asynccontextmanager
async def photos() -> AsyncIterator[str]:
    """A web server with an image; yields its host and port."""
    image = b'<svg xmlns="http://www.w3.org/2000/svg" width="7" height="5"/>'

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = "HTTP/1.1 200 OK\r\ncontent-type: image/svg+xml\r\naccess-control-allow-origin: *\r\n"
        writer.write(f"{head}content-length: {len(image)}\r\nconnection: close\r\n\r\n".encode() + image)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


FETCHING = """
const image = new Image()
image.onerror = () => cb(new Error('no image'))
image.onload = () => {
  const request = new XMLHttpRequest()
  request.onerror = () => cb(new Error('no answer'))
  request.onload = () => cb(null, [image.width, image.height, request.status, request.responseText.length].join(' '))
  request.open('GET', image.src)
  request.send()
}
image.src = 'http://' + x + '/photo.svg'
"""


async def test_a_function_fetches_images_over_http_once_its_volunteer_agrees(browser: Chromium, tmp_path: Path) -> None:
    """With `Image` and `XMLHttpRequest`, as in the original's photo processing; here `--allow-net` names the host."""
    async with (
        photos() as host,
        pando(module(tmp_path, FETCHING), [host], f"--allow-net={host}") as client,
    ):
        tab = await browser.open(client.url)
        await tab.state("consent")
        await tab.page.click("#agree")
        assert await client.ends() == 0, client
    assert client.lines == ["7 5 200 62"]


# The monitoring page


async def test_the_monitoring_page_shows_each_device_live(browser: Chromium, tmp_path: Path) -> None:
    """With what its functions report, at every reporting interval, without loading the page again."""
    function = tmp_path / "reports.js"
    function.write_text(
        "const pando = require('pando-computing')\n"
        "module.exports['/pando/1.0.0'] = function (x, cb) {\n"
        "  pando.report({ cpuTime: 20, dataTransferTime: 5, nbItems: 1, units: 'Gizmos' })\n"
        "  setTimeout(cb, 20, null, x)\n"
        "}\n"
    )
    async with pando(function, ENDLESS, "--reporting-interval=0.3") as client:
        monitor = await browser.open(client.monitor, device=None)
        await expect(monitor.page.locator("#state")).to_contain_text("as of")
        assert await monitor.page.locator("#rows tr").count() == 0
        await browser.open(client.url, device="Ada's_phone")
        row = monitor.page.locator("#rows tr")
        await expect(row).to_contain_text("Ada's phone")
        await expect(row).to_contain_text("Gizmos")
        titles = await monitor.page.locator("#head th").all_inner_texts()

        async def cell(title: str) -> float:
            shown = await row.locator("td").nth(titles.index(title)).inner_text()
            return float(re.sub(r"[^\d.]", "", shown) or 0)

        before = await cell("Items")

        async def grows() -> bool:
            return await cell("Items") > before + 10 and await cell("Items/s") > 0 and await cell("Load") > 0

        await eventually(grows, "that the figures grow")
        assert await cell("CPU time") > 0
        assert await cell("Data transfer") > 0
        assert monitor.problems == []
