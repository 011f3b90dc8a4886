"""Socket.IO on one side, the relay on the other: what peers say becomes a stimulus, what it orders goes to the post.

Every incoming message passes size → parse → schema → state → act: the first two in `guard`, the schema here, the rest
in `relay`. Nothing that a peer sends can raise past its own connection.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

import socketio
from pydantic import ValidationError

from pando_server.logs import Sparing, library_logger, log
from pando_server.peers import Scope, TrustedProxies, is_foreign
from pando_server.relay.instructions import Drop, Forward, Instruction, Refuse, Reject
from pando_server.relay.relay import Relay
from pando_server.signaling.dispatcher import Link, Post
from pando_server.signaling.packet_filter import Guard, Receive, Send
from pando_server.signaling.packets import CLIENT, VOLUNTEER
from pando_server.signaling.websocket_handshake import asks_for_socket_io, deny
from pando_shared import PROTOCOL
from pando_shared.limits import MAX_SIGNAL_BYTES
from pando_shared.signaling import (
    ClientAnswer,
    ClientLogin,
    Code,
    ErrorBody,
    Offer,
    Refusal,
    Signal,
    VolunteerCount,
    VolunteerLogin,
    refusal,
)
from pando_shared.text import printable

SCOPE_KEY = "pando.socket"
PASSED_ON = frozenset({Code.BUSY, Code.FAILED, Code.FULL, Code.GONE, Code.INVALID})
"""The codes with which a client may refuse an offer."""

Handler: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]
S = TypeVar("S", bound=Signal)


class Sockets:
    """The Socket.IO end of one server, an ASGI application for its WebSockets."""

    def __init__(self, relay: Relay, proxies: TrustedProxies, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._relay = relay
        self._proxies = proxies
        self._clock = clock
        self._sparing = Sparing(clock)
        self._socket_of: dict[str, str] = {}
        # A level of its own: with less, the libraries build a line for each packet before it is dropped.
        library = library_logger("pando_server.socketio")
        library.setLevel(logging.ERROR)
        self._sio = sio = socketio.AsyncServer(
            async_mode="asgi",
            transports=["websocket"],
            namespaces=[CLIENT, VOLUNTEER],
            max_http_buffer_size=MAX_SIGNAL_BYTES,
            # The origin is checked here, by the Host header.
            cors_allowed_origins=[],
            # Its rounds are for long polling: over a WebSocket, the reading end notices by itself that nothing comes.
            monitor_clients=False,
            logger=library,
            engineio_logger=library,
        )
        self._post = Post(sio.emit, self._sparing, relay.limits.answer_seconds, self._answered, self._unanswered)
        # So that its background tasks (one sleeps for up to 25 s after each connection) end with the server.
        sio.eio.start_background_task = self._post.spawn
        for namespace, connects in ((CLIENT, self._client_connects), (VOLUNTEER, self._volunteer_connects)):
            sio.on("connect", connects, namespace=namespace)
            sio.on("disconnect", self._disconnects, namespace=namespace)
        sio.on("volunteers", self._bounded(self._volunteers), namespace=CLIENT)
        sio.on("offer", self._bounded(self._offer), namespace=VOLUNTEER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one WebSocket, from handshake to end."""
        peer = self._proxies.peer(scope)
        if is_foreign(scope):
            self._warn("foreign", peer.address, "a page of another site tried to connect")
            return await deny(scope, send, 403, "another site's page may not connect")
        if not asks_for_socket_io(scope):
            return await deny(scope, send, 400, "Socket.IO 5 over WebSocket is all that is spoken here")
        socket = secrets.token_hex(8)
        for instruction in self._relay.opened(socket, peer.address, self._clock(), loopback=peer.loopback):
            assert isinstance(instruction, Refuse)
            self._warn("full", peer.address, instruction.text)
            return await deny(scope, send, 503, instruction.text)
        guard = Guard(socket, receive, send, self, self._relay.limits.join_seconds)
        self._post.links[socket] = link = Link(guard, peer)
        try:
            await self._sio.handle_request({**scope, SCOPE_KEY: socket}, guard.receive, guard.send)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is about this one connection
            self._warn("error", peer.address, f"its connection failed ({type(error).__name__})")
        finally:
            guard.release()
            self._post.perform(self._relay.closed(socket))
            del self._post.links[socket]
            self._socket_of.pop(link.sid, None)
            link.resolve(refusal(Code.GONE, "the connection is closed"))
        return None

    async def shutdown(self) -> None:
        """Closes every connection and ends every task. The server is not used afterwards."""
        await self._post.shutdown()

    # What the guards report.

    def heard(self, socket: str) -> bool:
        """Returns whether an event of `socket` may be acted upon."""
        instructions = self._relay.heard(socket, self._clock())
        self._post.perform(instructions)
        return not instructions

    def broke(self, socket: str, why: str) -> None:
        """`socket` sent `why`, which the protocol forbids."""
        self._post.note("broken", socket, f"it sent {why}")
        self._post.perform(self._relay.broke(socket))

    def joined(self, socket: str, namespace: str) -> None:
        """`socket` has been told that it is in `namespace`."""
        here = self._relay.client_joined if namespace == CLIENT else self._relay.volunteer_joined
        self._post.perform(here(socket))

    # What the library reports.

    async def _client_connects(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        socket = self._enter(sid, environ)
        login = self._login(ClientLogin, socket, auth)
        self._let_in(socket, self._relay.login_client(socket, login, self._clock()))
        log.info("%s: the client of job %s is here", self._post.links[socket].peer.address, login.job)

    async def _volunteer_connects(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        socket = self._enter(sid, environ)
        login = self._login(VolunteerLogin, socket, auth)
        self._let_in(socket, self._relay.login_volunteer(socket, login))

    async def _disconnects(self, sid: str, reason: Any = None) -> None:
        socket = self._socket_of.get(sid)
        if socket is not None:
            self._post.perform(self._relay.closed(socket))

    def _bounded(self, handler: Handler) -> Handler:
        """Wraps the handler of an event: what goes wrong in it costs one connection, never more."""

        async def handle(sid: str, data: Any = None) -> Any:
            socket = self._socket_of.get(sid)
            if socket is None:
                return None
            try:
                return await handler(socket, data)
            except Exception as error:  # noqa: BLE001 - the boundary of this peer
                drop = Drop(socket, f"an error of ours ({type(error).__name__})")
                self._post.perform([*self._relay.closed(socket), drop])
                return None

        return handle

    async def _volunteers(self, socket: str, data: Any) -> None:
        report = self._parse(VolunteerCount, socket, data)
        if report is not None:
            self._post.perform(self._relay.counted(socket, report.count))

    async def _offer(self, socket: str, data: Any) -> dict[str, Any]:
        offer = self._parse(Offer, socket, data)
        link = self._post.links.get(socket)
        if offer is None or link is None:
            return refusal(Code.INVALID, "the offer is not as described in the protocol")
        instructions = self._relay.offered(socket, offer, self._clock())
        match instructions:
            case [Reject(code=code, text=text)]:
                return refusal(code, text)
            case [Forward()]:
                reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
                link.reply = reply
                self._post.perform(instructions)
                return await reply
        self._post.perform(instructions)
        return refusal(Code.INVALID, "this connection makes no offers")

    def _answered(self, forward: Forward, data: Any) -> None:
        """The client acknowledged an offer, with anything."""
        answer: ClientAnswer | ErrorBody | None
        if isinstance(data, dict) and "error" in data:
            refused = self._parse(Refusal, forward.client, data)
            answer = refused.error if refused and refused.error.code in PASSED_ON else None
        else:
            answer = self._parse(ClientAnswer, forward.client, data)
        if answer is None:
            answer = ErrorBody(code=Code.FAILED, text="the client could not answer the offer")
        asked = forward.message
        self._post.perform(self._relay.answered(forward.client, asked.volunteer, asked.attempt, answer))

    def _unanswered(self, forward: Forward) -> None:
        asked = forward.message
        self._post.perform(self._relay.unanswered(forward.client, asked.volunteer, asked.attempt))

    # Parsing: to a type or to nothing.

    def _parse(self, model: type[S], socket: str, data: Any) -> S | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            self.broke(socket, f"something that is no {model.__name__}: {_where(error)}")
            return None

    def _login(self, model: type[S], socket: str, auth: Any) -> S:
        version = auth.get("protocol") if isinstance(auth, dict) else None
        if type(version) is int and version != PROTOCOL:
            # Before the schema: another version's login may look otherwise.
            raise self._refusal(socket, Code.PROTOCOL, f"this server speaks version {PROTOCOL} of the protocol")
        try:
            return model.model_validate(auth)
        except ValidationError as error:
            raise self._refusal(socket, Code.INVALID, f"the login is not valid: {_where(error)}") from None

    def _enter(self, sid: str, environ: dict[str, Any]) -> str:
        socket: str = environ["asgi.scope"][SCOPE_KEY]
        self._post.links[socket].sid = sid
        self._socket_of[sid] = socket
        return socket

    def _let_in(self, socket: str, instructions: list[Instruction]) -> None:
        match instructions:
            case [Refuse(code=code, text=text)]:
                raise self._refusal(socket, code, text)
        self._post.perform(instructions)

    def _refusal(self, socket: str, code: Code, text: str) -> Exception:
        self._post.note(f"refused {code}", socket, f"refused ({code}): {text}")
        error: Exception = socketio.exceptions.ConnectionRefusedError(text, refusal(code, text))
        return error

    def _warn(self, kind: str, address: str, text: str) -> None:
        if self._sparing.due(kind, address):
            log.warning("%s: %s", address, printable(text))


def _where(error: ValidationError) -> str:
    """Returns which fields are wrong, and nothing of what they hold."""
    fields = sorted({".".join(str(part) for part in one["loc"][:2]) or "the whole" for one in error.errors()})
    return printable(", ".join(fields), 100)
