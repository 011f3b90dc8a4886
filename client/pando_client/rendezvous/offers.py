"""Handshakes: the offers of volunteers are answered, a bounded number at once; each channel that opens is attended."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from pando_client import console
from pando_client.job.job import Job
from pando_shared.signaling import ForwardedOffer, IceServer

if TYPE_CHECKING:
    from pando_client.channels.webrtc import WebRtcChannel

AT_ONCE = 16
"""Handshakes at once: each costs CPU that running volunteers need."""
PLACE_WITHIN = 8.0
"""Seconds that an offer waits for a place: less than what the server takes for a client that does not answer."""
PLACE_SECONDS = 2.0
"""For which a handshake holds its place at most; one that takes longer does not keep others out."""
MAX_CONNECTING = 256
"""Peer connections that are not open yet."""


class Handshakes:
    """See the module's docstring.

    Args:
        job: attends the channels.
        ice_servers: for our side of each connection.
        within: seconds that a connection has to open.
        loopback_possible: whether a volunteer can be on this machine.
    """

    def __init__(self, job: Job, ice_servers: Sequence[IceServer], within: float, *, loopback_possible: bool) -> None:
        self._job = job
        self._ice_servers = ice_servers
        self._within = within
        self._loopback_possible = loopback_possible
        self._places = asyncio.Semaphore(AT_ONCE)
        # asyncio itself keeps only weak references to tasks.
        self._tasks: set[asyncio.Task[None]] = set()
        self._connecting = 0

    def __repr__(self) -> str:
        return f"<Handshakes {self._connecting} connecting>"

    async def answer(self, offer: ForwardedOffer) -> str:
        """Returns the answer to an offer.

        Raises:
            ValueError: the offer cannot be understood.
            ConnectionRefusedError: too many handshakes are under way.
        """
        if self._connecting >= MAX_CONNECTING:
            raise ConnectionRefusedError("too many volunteers are connecting; try again")
        self._connecting += 1
        try:
            async with asyncio.timeout(PLACE_WITHIN):
                await self._places.acquire()
        except BaseException as error:
            self._connecting -= 1
            if isinstance(error, TimeoutError):
                raise ConnectionRefusedError("too many volunteers are connecting; try again") from None
            raise
        try:
            webrtc = await load_webrtc()
            sdp, channel = await webrtc.answer(
                offer.sdp, self._ice_servers, loopback=offer.loopback and self._loopback_possible
            )
        except BaseException:
            self._places.release()
            self._connecting -= 1
            raise
        task = asyncio.create_task(self._attend(channel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return str(sdp)

    async def close(self) -> None:
        """Ends the handshakes that are under way, and the channels that are still attended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _attend(self, channel: WebRtcChannel) -> None:
        try:
            opening = asyncio.create_task(channel.opened(self._within))
            try:
                await asyncio.wait({opening}, timeout=PLACE_SECONDS)
            finally:
                self._places.release()
            await opening
        except ConnectionError as error:
            console.debug(f"a volunteer could not connect: {error}")
            return
        finally:
            self._connecting -= 1
        await self._job.attend(channel)


_loaded: list[ModuleType] = []


async def load_webrtc() -> ModuleType:
    """Returns the module `webrtc`, and imports it beside the event loop the first time: aiortc takes a while."""
    if not _loaded:
        # Not found in sys.modules: there it is also while another thread is still importing it.
        _loaded.append(await asyncio.to_thread(importlib.import_module, "pando_client.channels.webrtc"))
    return _loaded[0]
