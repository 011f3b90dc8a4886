"""Signaling with a server: logs in, answers the offers of volunteers, logs in again when the connection was lost.

The job does not depend on it: channels that are open stay open also when the server is lost.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import socketio
import socketio.exceptions
from pydantic import ValidationError

from pando_client import console
from pando_client.rendezvous.nonces import fetch_nonce
from pando_client.rendezvous.outbound import Way, way_to
from pando_client.rendezvous.server_failures import of_websocket, websocket_blocked
from pando_client.rendezvous.server_url import ServerUrl
from pando_shared.errors import LoginRefused, ServerError, ServerUnreachable, WrongProtocol
from pando_shared.rate_limit import TokenBucket
from pando_shared.signaling import (
    Card,
    ClientAnswer,
    ClientLogin,
    Closing,
    Code,
    ForwardedOffer,
    IceServer,
    Login,
    Notice,
    Outcome,
    Refusal,
    Signal,
    VolunteerCount,
    refusal,
)
from pando_shared.text import printable

NAMESPACE = "/client"
LOOK_EVERY_SECONDS = 1.0
"""Time between two looks at the number of volunteers."""
REPORT_AFTER_LOOKS = 10
"""Looks after which the number of volunteers is reported although it has not changed."""
LOGIN_TIMEOUT_SECONDS = 5.0
"""Time for the server's response to a login; a login during which the server goes down fails after as long."""
ALL_OF_LOGIN_SECONDS = 15.0
"""Time for all of a login."""
HANG_UP_SECONDS = 2.0
"""Time for a connection to close in good order."""
BUSY_SECONDS = 10.0
"""Time after which a server that had no room is asked again."""
FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 30.0
"""Time between attempts to log in again: doubled from the first to the last, less a random part."""

AnswerOffer = Callable[[ForwardedOffer], Awaitable[str]]
"""Answers an offer with a session description; raises ValueError when it cannot, ConnectionRefusedError when busy."""


class Signaling:
    """A client's place on a server.

    Args:
        server: where it is.
        secret: proves that we may use it; it is never sent.
        job: the name of this run.
        ice_servers: given to volunteers for their connection to us.
        answer: what to do with an offer.
        volunteers: how many volunteers the job has, for the server's choice.
        card: what those who may compute are told of the job.
        client: the public half of the user's key.
    """

    def __init__(
        self,
        server: ServerUrl,
        secret: str,
        job: str,
        ice_servers: Sequence[IceServer],
        answer: AnswerOffer,
        volunteers: Callable[[], int],
        card: Card | None = None,
        client: str | None = None,
    ) -> None:
        self._server = server
        self._secret = secret
        self._job = job
        self._key = secrets.token_hex(16)
        self._ice_servers = tuple(ice_servers)
        self._answer = answer
        self._volunteers = volunteers
        self._card = card or Card()
        self._client = client
        self._reported = 0
        self._unreported_looks = 0
        self._outdated_said = 0
        self._closing: Closing | None = None
        self._outcomes = TokenBucket(10, 1.0, 0.0)
        # asyncio itself keeps only weak references to tasks.
        self._tasks: set[asyncio.Future[None]] = set()
        # Its own lines about lost connections are ours to say, once and in words.
        quiet = logging.getLogger("pando.socketio")
        quiet.setLevel(logging.CRITICAL)
        self._lost = asyncio.Event()
        self._refused: Any = None
        # Left to itself it handles Ctrl-C by stopping the event loop.
        self._socket = socketio.AsyncClient(
            reconnection=False, handle_sigint=False, logger=quiet, engineio_logger=quiet
        )
        self._socket.on("offer", self.on_offer, namespace=NAMESPACE)
        self._socket.on("notice", self._on_notice, namespace=NAMESPACE)
        self._socket.on("closing", self._on_closing, namespace=NAMESPACE)
        self._socket.on("disconnect", self._on_disconnect, namespace=NAMESPACE)
        self._socket.on("connect_error", self._on_connect_error, namespace=NAMESPACE)

    async def login(self) -> None:
        """Logs in, once.

        Raises:
            ServerError: the server cannot be used; the class says why.
        """
        try:
            # One limit over all layers: Engine.IO has none for the upgrade, nor for its first packet.
            async with asyncio.timeout(ALL_OF_LOGIN_SECONDS):
                await self._connect(await fetch_nonce(self._server.url))
        except TimeoutError:
            await self._hang_up()
            raise websocket_blocked(self._server.url) from None

    async def _connect(self, nonce: str) -> None:
        says = Login(
            nonce=nonce,
            host=self._server.host,
            job=self._job,
            key=self._key,
            card=self._card,
            client=self._client,
            relay=False,
            ice_servers=self._ice_servers,
        )
        login = ClientLogin.signed(says, self._secret)
        self._lost.clear()
        self._refused = None
        self._reported = 0
        way = await asyncio.to_thread(way_to, self._server.url)
        self._socket.eio.websocket_extra_options.update(proxy=way.proxy, ssl=way.tls or True)
        try:
            await self._socket.connect(
                self._server.url,
                auth=login.model_dump(mode="json", exclude_none=True),
                transports=["websocket"],
                namespaces=[NAMESPACE],
                socketio_path=self._server.socket_io_path,
                wait_timeout=LOGIN_TIMEOUT_SECONDS,
            )
        except Exception as error:  # noqa: BLE001 - engineio takes a WebSocket's close for a packet: a TypeError
            await self._hang_up()
            raise self._refusal() or self._failure(error, way) from None

    async def keep(self) -> None:
        """Stays logged in, until cancelled; says once when the server is lost, and once when it is back."""
        while True:
            while not self._lost.is_set():
                await self._report_volunteers()
                try:
                    async with asyncio.timeout(LOOK_EVERY_SECONDS):
                        await self._lost.wait()
                except TimeoutError:
                    continue
            await self._hang_up()
            why = f" ({printable(self._closing.text, 200)})" if self._closing is not None else ""
            console.say(
                f"pando: lost the server at {self._server.url}{why}; the run goes on, new volunteers have to wait"
            )
            if self._closing is not None:
                # A random part, so that all clients of a server that restarts do not come at once.
                await asyncio.sleep(self._closing.retry_ms / 1000 * random.uniform(1.0, 1.5))
                self._closing = None
            await self.login_again()
            console.say(f"pando: the server at {self._server.url} is back")

    async def close(self) -> None:
        """Leaves the server; the server tells the volunteers that still wait."""
        await self._hang_up()

    async def login_again(self) -> None:
        """Tries to log in, at growing intervals, until it works; says what is wrong but for silence."""
        wait = FIRST_RETRY_SECONDS
        said = ""
        while True:
            # A random part, so that all clients of a server that restarts do not come at once.
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(LAST_RETRY_SECONDS, wait * 2)
            try:
                await self.login()
            except ServerUnreachable:
                continue
            except ServerError as error:
                if str(error) != said:
                    said = str(error)
                    console.say(f"pando: {printable(said, 400)}{' T' if said.endswith('?') else '; t'}rying again")
                if isinstance(error, LoginRefused) and error.wait_seconds is not None:
                    wait = max(wait, 2 * error.wait_seconds)
            else:
                return

    def ended(self, outcome: Outcome) -> None:
        """Tells the server how an offer ended; not of each, if there are many: it takes two events a second."""
        if not self._outcomes.take(asyncio.get_running_loop().time()) or self._lost.is_set():
            return
        task = asyncio.ensure_future(self._send("outcome", outcome))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, event: str, message: Signal) -> None:
        try:
            await self._socket.emit(event, message.model_dump(mode="json", exclude_none=True), namespace=NAMESPACE)
        except socketio.exceptions.SocketIOError:
            return  # it is about to be noticed that the server is lost

    async def _report_volunteers(self) -> None:
        # Also unchanged now and then: the server counts those that are on their way until the next report.
        count = self._volunteers()
        self._unreported_looks += 1
        if count == self._reported and self._unreported_looks < REPORT_AFTER_LOOKS:
            return
        self._reported = count
        self._unreported_looks = 0
        try:
            await self._socket.emit(
                "volunteers", VolunteerCount(count=count).model_dump(exclude_none=True), namespace=NAMESPACE
            )
        except socketio.exceptions.SocketIOError:
            return  # it is about to be noticed that the server is lost

    def _failure(self, error: Exception, way: Way) -> ServerError:
        """Why there is no connection, when the server did not say it."""
        url = self._server.url
        if isinstance(error, TypeError):
            return ServerUnreachable(f"the server at {url} does not take connections: it hung up")
        if isinstance(error, socketio.exceptions.SocketIOError) and error.__cause__ is None:
            # The WebSocket is open, and the login is refused without a reason, or not answered.
            return ServerUnreachable(f"the server at {url} does not answer the login: it may be starting or ending")
        return of_websocket(error, url, way)

    def _refusal(self) -> ServerError | None:
        """The server's reason for refusing the connection, if it gave one."""
        data = self._refused
        if isinstance(data, dict):
            data = data.get("data", data)
        try:
            error = Refusal.model_validate(data).error
        except ValidationError:
            return None
        url = self._server.url
        if error.code is Code.SECRET:
            return LoginRefused(f"the server at {url} has another secret")
        if error.code is Code.PROTOCOL:
            return WrongProtocol(f"the server at {url} speaks another version of the protocol: {printable(error.text)}")
        wait = BUSY_SECONDS if error.code in (Code.FULL, Code.THROTTLED) else None
        return LoginRefused(f"the server at {url} refuses: {printable(error.text)}", wait)

    async def _hang_up(self) -> None:
        try:
            async with asyncio.timeout(HANG_UP_SECONDS):
                await self._socket.disconnect()
                # After a connection that failed it is left open, to be complained about when it is collected.
                if self._socket.eio.http is not None:
                    await self._socket.eio.http.close()
        except (socketio.exceptions.SocketIOError, OSError, TimeoutError):
            return  # it is gone anyway

    async def on_offer(self, data: Any) -> dict[str, Any]:
        """Returns the response to the event `offer` of the server: an answer, or why there is none."""
        try:
            offer = ForwardedOffer.model_validate(data)
        except ValidationError:
            return refusal(Code.INVALID, "this is not an offer")
        try:
            sdp = await self._answer(offer)
            return ClientAnswer(sdp=sdp).model_dump(mode="json")
        except ConnectionRefusedError as error:
            return refusal(Code.BUSY, str(error))
        except (ValueError, OSError) as error:
            return refusal(Code.FAILED, printable(error))

    def _on_notice(self, data: Any = None) -> None:
        try:
            outdated = Notice.model_validate(data).outdated or 0
        except ValidationError:
            return
        # Once, and again when there are twice as many: not for each of a hundred.
        if outdated >= max(1, 2 * self._outdated_said):
            self._outdated_said = outdated
            console.say(f"pando: {_too_old(outdated)}")

    def _on_closing(self, data: Any = None) -> None:
        try:
            self._closing = Closing.model_validate(data)
        except ValidationError:
            return

    def _on_disconnect(self, *_: Any) -> None:
        self._lost.set()

    def _on_connect_error(self, data: Any = None) -> None:
        self._refused = data


def _too_old(volunteers: int) -> str:
    """Says that volunteers speak another version, and what to do."""
    who = "a volunteer speaks" if volunteers == 1 else f"{volunteers} volunteers speak"
    return f"{who} another version of Pando: reload their pages, and update pando-volunteer where it runs"
