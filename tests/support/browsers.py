"""Chromium and Firefox as processes, with volunteer pages in them. See `processes`."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, async_playwright
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tests.support.machine import LIMIT, eventually, make_folder, memory, threads
from tests.support.processes import Program, start

PLAIN_HOST = "plain.test"
"""A name of this machine in both browsers. Unlike 127.0.0.1 it gets no trust for free: a page from there is like one of
the local network, in no secure context (https://www.w3.org/TR/secure-contexts/)."""

CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-background-networking",
    "--disable-component-update",
    "--password-store=basic",
    # Nothing leaves this machine, whatever the browser would like to look up.
    f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    # Volunteer and client are on one machine.
    "--allow-loopback-in-peer-connection",
    "--remote-debugging-port=0",
)
OPEN_ADDRESSES = "--disable-features=WebRtcHideLocalIpsWithMdns"
"""Chromium offers its addresses as they are, instead of names that it announces on the network."""

BALLAST = 256 * 1024 * 1024
"""Bytes: more than a renderer takes by itself."""

FIREFOX_PREFS: dict[str, bool | int | str] = {
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": True,
    # A fresh profile asks nobody anything and tells nobody anything.
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "captivedetect.canonicalURL": "",
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disabled": True,
    "network.dns.localDomains": PLAIN_HOST,
    "network.trr.mode": 5,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    "toolkit.telemetry.unified": False,
}


class Tab:
    """A volunteer page in a tab of its own browser context, which has renderer processes of its own.

    Attributes:
        problems: errors and warnings on its console, and errors that nothing caught. That no server answers any more
            is none: when a job is over a page asks for the next one, and the client with its server has ended.
    """

    def __init__(self, page: Page, browser: Chromium) -> None:
        self.page = page
        self.problems: list[str] = []
        self._browser = browser
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "ERR_CONNECTION_REFUSED" not in message.text:
            self.problems.append(f"{message.type}: {message.text}")

    async def state(self, word: str, within: float = LIMIT) -> None:
        """Waits until the page's state is `word`."""
        try:
            await self.page.locator(f"body[data-state={word}]").wait_for(state="attached", timeout=within * 1000)
        except Exception as error:
            raise AssertionError(f"the page is not {word!r}: {await self.describe()}") from error

    async def describe(self) -> str:
        """What the page shows, for the text of a failed test."""
        state = await self.page.evaluate("document.body.dataset.state")
        return f"{state}: {await self.page.inner_text('body')}\n{self.problems}"

    async def text(self, selector: str) -> str:
        """The text of an element, also of one that is not visible."""
        return (await self.page.text_content(selector)) or ""

    async def items(self) -> int:
        """How many items it says it has done."""
        return int(await self.text("#items-done") or "0")

    async def has_done(self, count: int, within: float = LIMIT) -> None:
        """Waits until it has done at least `count` items."""

        async def enough() -> bool:
            return await self.items() >= count

        await eventually(enough, f"{count} items done in the tab", within)

    async def page_process(self) -> int:
        """The pid of the renderer in which the page itself runs: the one that grows when the page takes memory."""
        before = {pid: memory(pid) for pid in await self._browser.renderers()}
        await self.page.evaluate(f"globalThis.ballast = new Uint8Array({BALLAST}).fill(1); 0")
        [process] = [pid for pid, had in before.items() if memory(pid) - had > BALLAST * 0.8]
        await self.page.evaluate("delete globalThis.ballast")
        return process

    async def close(self) -> None:
        """Closes the tab, as a person does."""
        await self.page.close()


class Chromium:
    """A running Chromium.

    Attributes:
        pid: of the browser process; 0 where only its driver knows it.
    """

    def __init__(self, browser: Browser, pid: int = 0) -> None:
        self.pid = pid
        self.browser = browser
        self._contexts: list[BrowserContext] = []

    async def open(
        self,
        url: str,
        device: str | None = "Test",
        protocol: str | None = None,
        cores: int | None = None,
        **context: Any,
    ) -> Tab:
        """Opens the volunteer page in a new tab. Without `device` it asks for a name; `cores` it seems to have."""
        self._contexts.append(await self.browser.new_context(**context))
        if cores is not None:
            script = f"Object.defineProperty(navigator, 'hardwareConcurrency', {{ value: {cores} }})"
            await self._contexts[-1].add_init_script(script)
        tab = Tab(await self._contexts[-1].new_page(), self)
        parts = [f"device={device};"] if device is not None else []
        parts += [f"protocol={protocol};"] if protocol is not None else []
        await tab.page.goto(_with_choices(url, "".join(parts)))
        return tab

    async def close_tabs(self) -> None:
        """Closes all tabs, and forgets what they have stored."""
        while self._contexts:
            context = self._contexts.pop()
            with contextlib.suppress(Exception):  # it may be that the tab's process is no more
                async with asyncio.timeout(10):
                    await context.close()

    async def renderers(self) -> list[int]:
        """The pids of all renderer processes."""
        session = await self.browser.new_browser_cdp_session()
        try:
            processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        finally:
            await session.detach()
        return [process["id"] for process in processes if process["type"] == "renderer"]

    async def worker_processes(self) -> set[int]:
        """The pids of the renderers in which slots run: with site isolation, those of the sandboxed frames."""
        return {pid for pid in await self.renderers() if "DedicatedWorker" in threads(pid)}


@asynccontextmanager
async def launched_chromium(profile: Path, *flags: str) -> AsyncIterator[tuple[Program, int]]:
    """Runs Chromium with a fresh profile; returns it and its debugging port on loopback."""
    program = await start(Program, installed("chromium"), *CHROMIUM_FLAGS, f"--user-data-dir={profile}", *flags)
    try:
        yield program, int((await program.says(r"DevTools listening on ws://127\.0\.0\.1:(\d+)/"))[1])
    finally:
        await program.close()


@asynccontextmanager
async def chromium(profile: Path, *flags: str) -> AsyncIterator[Chromium]:
    """Runs Chromium, driven over its debugging port: with the switches above and none of the driver's own."""
    async with AsyncExitStack() as stack:
        program, port = await stack.enter_async_context(launched_chromium(profile, *flags))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await _connect(playwright, f"http://127.0.0.1:{port}")
        stack.push_async_callback(_hang_up, browser)
        yield Chromium(browser, program.pid)


async def _connect(playwright: Playwright, url: str) -> Browser:
    # On a machine with far too much to do, the first words between driver and browser can get lost.
    for _ in range(2):
        with contextlib.suppress(PlaywrightTimeout):
            return await playwright.chromium.connect_over_cdp(url, timeout=15_000)
    return await playwright.chromium.connect_over_cdp(url)


async def _hang_up(browser: Browser) -> None:
    with contextlib.suppress(Exception):  # a test may have killed it
        await browser.close()


@asynccontextmanager
async def firefox(
    url: str,
    profile: Path,
    device: str = "Firefox",
    protocol: str | None = None,
    also: Sequence[str] = (),
    flags: Sequence[str] = (),
    on: Sequence[str] = (),
) -> AsyncIterator[Program]:
    """Runs Firefox with a volunteer page and a fresh profile.

    Args:
        also: URLs of more such pages.
        flags: more of its switches.
        on: the beginning of a command that runs what follows it elsewhere.
    """
    lines = [f"user_pref({_js(name)}, {_js(value)});\n" for name, value in FIREFOX_PREFS.items()]
    make_folder(profile, {"user.js": "".join(lines)})
    choices = f"device={device};" + (f"protocol={protocol};" if protocol else "")
    program = await start(
        Program,
        *on,
        installed("firefox-esr", "firefox"),
        "--headless",
        "--no-remote",
        "--profile",
        profile,
        *flags,
        *(_with_choices(one, choices) for one in (url, *also)),
    )
    try:
        yield program
    finally:
        await program.close()


def _with_choices(url: str, choices: str) -> str:
    """Adds choices to an address, which may have some already."""
    return url + (choices if "#" in url else f"#{choices}" if choices else "")


def _js(value: bool | int | str) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def installed(*names: str) -> str:
    """Returns the path of the first of these programs that is installed."""
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return path
    raise AssertionError(f"these tests need {names[0]}: install it with the system's package manager")
