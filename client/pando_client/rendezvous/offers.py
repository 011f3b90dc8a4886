"""Answers the offers of volunteers, a bounded number at once; each channel that opens is attended by the job."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from pando_client import console
from pando_client.coordination.unreached import Unreached, who_offers
from pando_client.job.job import Job
from pando_client.tasks import cancel
from pando_shared.limits import MAX_CONNECT_MS
from pando_shared.signaling import ForwardedOffer, IceServer, Outcome

if TYPE_CHECKING:
    from pando_client.channels.webrtc import WebRtcChannel

MAX_PLACES = 16
"""Offers answered at once: each takes CPU that running volunteers need."""
WAIT_FOR_PLACE_SECONDS = 8.0
"""Time that an offer waits for a place: less than what the server takes for a client that does not answer."""
HOLD_PLACE_SECONDS = 2.0
"""Time for which a connection that opens holds its place at most; one that takes longer does not keep others out."""
MAX_CONNECTING = 256
"""Peer connections that are not open yet."""


class OfferAnswerer:
    """See the module's docstring.

    Args:
        job: attends the channels.
        ice_servers: for our side of each connection.
        within: seconds that a connection has to open.
        loopback_possible: whether a volunteer can be on this machine.
    """

    def __init__(self, job: Job, ice_servers: Sequence[IceServer], within: float, *, loopback_possible: bool) -> None:
        self.connecting = 0
        """Volunteers whose offer is being answered, or whose connection is not open yet."""
        self.on_outcome: Callable[[Outcome], None] = lambda outcome: None
        """Hears how each offer ended that was answered."""
        self._job = job
        self._ice_servers = ice_servers
        self._within = within
        self._loopback_possible = loopback_possible
        self._webrtc: ModuleType | None = None
        self._places = asyncio.Semaphore(MAX_PLACES)
        self._unreached = Unreached()
        self._saying: asyncio.TimerHandle | None = None
        # asyncio itself keeps only weak references to tasks.
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<OfferAnswerer {self.connecting} connecting>"

    async def answer(self, offer: ForwardedOffer) -> str:
        """Returns the answer to an offer.

        Raises:
            ValueError: the offer cannot be understood.
            ConnectionRefusedError: too many volunteers are connecting.
        """
        if self.connecting >= MAX_CONNECTING:
            raise ConnectionRefusedError("too many volunteers are connecting; try again")
        self.connecting += 1
        try:
            async with asyncio.timeout(WAIT_FOR_PLACE_SECONDS):
                await self._places.acquire()
        except BaseException as error:
            self.connecting -= 1
            if isinstance(error, TimeoutError):
                raise ConnectionRefusedError("too many volunteers are connecting; try again") from None
            raise
        try:
            webrtc = await self.load()
            sdp, channel = await webrtc.answer(
                offer.sdp, (*self._ice_servers, *offer.ice_servers), loopback=offer.loopback and self._loopback_possible
            )
        except BaseException:
            self._places.release()
            self.connecting -= 1
            raise
        task = asyncio.create_task(self._attend(channel, offer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return str(sdp)

    async def load(self) -> ModuleType:
        """Returns the module `webrtc`, imported beside the event loop: the first time that takes aiortc a while."""
        if self._webrtc is None:
            # The import system has a lock for each module: a second caller waits until the first has loaded all of it.
            self._webrtc = await asyncio.to_thread(importlib.import_module, "pando_client.channels.webrtc")
        return self._webrtc

    async def close(self) -> None:
        """Gives up the connections that are not open yet, and the channels that are still attended."""
        if self._saying is not None:
            self._saying.cancel()
        await cancel(*self._tasks)

    def _say_unreached(self) -> None:
        """Says how many could not be reached, now or when it is time."""
        loop = asyncio.get_running_loop()
        if self._saying is not None:
            self._saying.cancel()
            self._saying = None
        if (text := self._unreached.due(loop.time())) is not None:
            console.say(f"pando: {text}")
        elif (deadline := self._unreached.deadline) is not None:
            self._saying = loop.call_at(deadline, self._say_unreached)

    async def _attend(self, channel: WebRtcChannel, offer: ForwardedOffer) -> None:
        who = who_offers(offer.sdp, offer.volunteer)
        began = asyncio.get_running_loop().time()

        def ended(*, opened: bool) -> None:
            ms = min(int((asyncio.get_running_loop().time() - began) * 1000), MAX_CONNECT_MS)
            self.on_outcome(Outcome(volunteer=offer.volunteer, attempt=offer.attempt, opened=opened, ms=ms))

        opening = asyncio.create_task(channel.opened(self._within))
        try:
            try:
                await asyncio.wait({opening}, timeout=HOLD_PLACE_SECONDS)
            finally:
                self._places.release()
            await opening
        except ConnectionError as error:
            ended(opened=False)
            console.debug(f"a volunteer could not connect: {error}")
            self._unreached.failed(who)
            self._say_unreached()
            return
        finally:
            opening.cancel()
            self.connecting -= 1
        self._unreached.reached(who)
        ended(opened=True)
        await self._job.attend(channel)
