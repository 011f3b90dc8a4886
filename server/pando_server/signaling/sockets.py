"""Joins Socket.IO and the relay: a message of a peer becomes a stimulus; instructions go to the dispatcher.

Every incoming message passes size → parse → schema → state → act: the first two in `packet_filter`, the schema here,
the rest in `relay`. Nothing that a peer sends can raise past its own connection.
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

from pando_server.logs import LogLimiter, library_logger, log
from pando_server.peers import Scope, TrustedProxies, foreign_origin
from pando_server.relay.instructions import Decision, Drop, Forward
from pando_server.relay.relay import Relay
from pando_server.signaling.dispatcher import Connection, Dispatcher
from pando_server.signaling.packet_filter import PacketFilter, Receive, Send
from pando_server.signaling.packets import CLIENT, VOLUNTEER
from pando_server.signaling.websocket_handshake import asks_for_socket_io, deny
from pando_shared import PROTOCOL, __version__
from pando_shared.limits import MAX_SIGNAL_BYTES
from pando_shared.signaling import (
    ClientAnswer,
    ClientLogin,
    Closing,
    Code,
    ErrorBody,
    IceServers,
    Offer,
    Outcome,
    Refusal,
    Signal,
    VolunteerCount,
    VolunteerLogin,
    refusal,
)
from pando_shared.text import printable

SPEAKS = f"this server runs Pando {__version__} (version {PROTOCOL} of the protocol)"
UPDATE = ("install the same Pando on both", "reload the page, or update pando-volunteer")
"""What a client, and what a volunteer, does about another version."""
CLOSING_SECONDS = 0.5
"""Time in which everybody is told that the server ends."""
FLUSH_SECONDS = 0.05
"""Time in which the library's own tasks put it on the wire."""
RETRY_MS = 2_000
"""How long others stay away from a server that is being restarted."""
SCOPE_KEY = "pando.socket"
PASSED_ON = frozenset({Code.BUSY, Code.FAILED, Code.FULL, Code.GONE, Code.INVALID})
"""The codes with which a client may refuse an offer."""

Handler: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]
S = TypeVar("S", bound=Signal)


class Sockets:
    """The Socket.IO end of one server, an ASGI application for its WebSockets."""

    def __init__(
        self,
        relay: Relay,
        proxies: TrustedProxies,
        *,
        clock: Callable[[], float] = time.monotonic,
        turn_servers: Callable[[str], IceServers] = lambda user: (),
    ) -> None:
        self._relay = relay
        self._proxies = proxies
        self._clock = clock
        self._log_limiter = LogLimiter(clock)
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
            # The library's monitor is for long polling: over a WebSocket, the reading end notices that nothing comes.
            monitor_clients=False,
            logger=library,
            engineio_logger=library,
        )
        self._dispatcher = Dispatcher(
            sio.emit, self._log_limiter, relay.limits.answer_seconds, self._answered, self._unanswered, turn_servers
        )
        # So that the library's background tasks (one sleeps for up to 25 s after each connection) end with the server.
        sio.eio.start_background_task = self._dispatcher.spawn
        for namespace, connects in ((CLIENT, self._client_connects), (VOLUNTEER, self._volunteer_connects)):
            sio.on("connect", connects, namespace=namespace)
            sio.on("disconnect", self._disconnects, namespace=namespace)
        sio.on("volunteers", self._bounded(self._volunteers), namespace=CLIENT)
        sio.on("outcome", self._bounded(self._outcome), namespace=CLIENT)
        sio.on("offer", self._bounded(self._offer), namespace=VOLUNTEER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one WebSocket, from handshake to end."""
        peer = self._proxies.peer(scope)
        if (foreign := foreign_origin(scope, self._proxies)) is not None:
            self._warn("foreign", peer.address, foreign)
            return await deny(scope, send, 403, "another site's page may not connect")
        if not asks_for_socket_io(scope):
            return await deny(scope, send, 400, "Socket.IO 5 over WebSocket is all that is spoken here")
        socket = secrets.token_hex(8)
        refused = self._relay.opened(socket, peer.address, self._clock(), loopback=peer.loopback).refused
        if refused is not None:
            self._warn("full", peer.address, refused.text)
            return await deny(scope, send, 503, refused.text)
        packet_filter = PacketFilter(socket, receive, send, self, self._relay.limits.join_seconds)
        self._dispatcher.connections[socket] = connection = Connection(packet_filter, peer)
        try:
            await self._sio.handle_request({**scope, SCOPE_KEY: socket}, packet_filter.receive, packet_filter.send)
        except Exception as error:  # noqa: BLE001 - it must not end other connections
            self._warn("error", peer.address, f"its connection failed ({type(error).__name__})")
        finally:
            packet_filter.release()
            self._dispatcher.perform(self._relay.closed(socket))
            del self._dispatcher.connections[socket]
            self._socket_of.pop(connection.sid, None)
            connection.resolve(refusal(Code.GONE, "the connection is closed"))
        return None

    async def say_closing(self) -> None:
        """Tells everybody that the server ends, while they still hear it."""
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._dispatcher.say_closing(Closing(text="the server is being restarted", retry_ms=RETRY_MS))
                if self._dispatcher.connections:
                    await asyncio.sleep(FLUSH_SECONDS)
        except Exception as error:  # noqa: BLE001 - it ends anyhow
            log.error("not everybody was told that the server ends (%s)", type(error).__name__)

    def outdated(self, address: str, job: object) -> None:
        """A volunteer of another version came from `address`, and named `job`, if anything."""
        name = job if isinstance(job, str) else None
        self._dispatcher.perform(self._relay.outdated(address, name))

    async def shutdown(self) -> None:
        """Closes every connection and ends every task. Nothing is served afterwards."""
        await self._dispatcher.shutdown()

    # `PacketSink`: called by the packet filters.

    def heard(self, socket: str) -> bool:
        """`socket` sent an event. Returns whether the server may act on it."""
        decision = self._relay.heard(socket, self._clock())
        if decision.refused is not None:
            self._dispatcher.note("ignored", socket, f"ignored: {decision.refused.text}")
        self._dispatcher.perform(decision.instructions)
        return decision.refused is None

    def broke(self, socket: str, why: str) -> None:
        """`socket` sent what the protocol forbids: `why` says what."""
        self._dispatcher.note("broken", socket, f"it sent {why}")
        self._dispatcher.perform(self._relay.broke(socket))

    def joined(self, socket: str, namespace: str) -> None:
        """`socket` has been told that it is in `namespace`."""
        joined = self._relay.client_joined if namespace == CLIENT else self._relay.volunteer_joined
        self._dispatcher.perform(joined(socket))

    # Handlers: called by the library.

    async def _client_connects(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        socket = self._enter(sid, environ)
        login = self._login(ClientLogin, socket, auth)
        host = self._proxies.host_like(environ["asgi.scope"], login.says.host)
        self._carry_out_login(socket, self._relay.login_client(socket, login, self._clock(), host or None))
        log.info("%s: the client of job %s is here", self._dispatcher.connections[socket].peer.address, login.says.job)

    async def _volunteer_connects(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        socket = self._enter(sid, environ)
        login = self._login(VolunteerLogin, socket, auth)
        self._carry_out_login(socket, self._relay.login_volunteer(socket, login))

    async def _disconnects(self, sid: str, reason: Any = None) -> None:
        socket = self._socket_of.get(sid)
        if socket is not None:
            self._dispatcher.perform(self._relay.closed(socket))

    def _bounded(self, handler: Handler) -> Handler:
        """Wraps the handler of an event: an error in it ends one connection, never more."""

        async def handle(sid: str, data: Any = None) -> Any:
            socket = self._socket_of.get(sid)
            if socket is None:
                return None
            try:
                return await handler(socket, data)
            except Exception as error:  # noqa: BLE001 - it must not end other connections
                drop = Drop(socket, f"an error of ours ({type(error).__name__})")
                self._dispatcher.perform([*self._relay.closed(socket), drop])
                return None

        return handle

    async def _volunteers(self, socket: str, data: Any) -> None:
        report = self._parse(VolunteerCount, socket, data)
        if report is not None:
            self._dispatcher.perform(self._relay.counted(socket, report))

    async def _outcome(self, socket: str, data: Any) -> None:
        outcome = self._parse(Outcome, socket, data)
        if outcome is not None:
            self._dispatcher.perform(self._relay.ended(socket, outcome))

    async def _offer(self, socket: str, data: Any) -> dict[str, Any]:
        offer = self._parse(Offer, socket, data)
        connection = self._dispatcher.connections.get(socket)
        if offer is None or connection is None:
            return refusal(Code.INVALID, "the offer is not as described in the protocol")
        decision = self._relay.offered(socket, offer, self._clock())
        if decision.refused is not None:
            self._dispatcher.perform(decision.instructions)
            return refusal(decision.refused.code, decision.refused.text)
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        connection.reply = reply
        self._dispatcher.perform(decision.instructions)
        return await reply

    def _answered(self, forward: Forward, data: Any) -> None:
        """The client acknowledged an offer; `data` is anything that JSON can hold."""
        answer: ClientAnswer | ErrorBody | None
        if isinstance(data, dict) and "error" in data:
            refused = self._parse(Refusal, forward.client, data)
            answer = refused.error if refused and refused.error.code in PASSED_ON else None
        else:
            answer = self._parse(ClientAnswer, forward.client, data)
        if answer is None:
            answer = ErrorBody(code=Code.FAILED, text="the client could not answer the offer")
        asked = forward.message
        self._dispatcher.perform(self._relay.answered(forward.client, asked.volunteer, asked.attempt, answer))

    def _unanswered(self, forward: Forward) -> None:
        asked = forward.message
        self._dispatcher.perform(self._relay.unanswered(forward.client, asked.volunteer, asked.attempt))

    # Parsing.

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
            if model is VolunteerLogin:
                self._is_outdated(socket, auth.get("job"))
            raise self._refusal(socket, Code.PROTOCOL, f"{SPEAKS}: {UPDATE[model is VolunteerLogin]}")
        try:
            return model.model_validate(auth)
        except ValidationError as error:
            raise self._refusal(socket, Code.INVALID, f"the login is not valid: {_where(error)}") from None

    def _is_outdated(self, socket: str, job: object) -> None:
        self.outdated(self._dispatcher.connections[socket].peer.address, job)

    def _enter(self, sid: str, environ: dict[str, Any]) -> str:
        socket: str = environ["asgi.scope"][SCOPE_KEY]
        self._dispatcher.connections[socket].sid = sid
        self._socket_of[sid] = socket
        return socket

    def _carry_out_login(self, socket: str, decision: Decision) -> None:
        if decision.refused is not None:
            raise self._refusal(socket, decision.refused.code, decision.refused.text)
        self._dispatcher.perform(decision.instructions)

    def _refusal(self, socket: str, code: Code, text: str) -> Exception:
        self._dispatcher.note(f"refused {code}", socket, f"refused ({code}): {text}")
        error: Exception = socketio.exceptions.ConnectionRefusedError(text, refusal(code, text))
        return error

    def _warn(self, kind: str, address: str, text: str) -> None:
        if self._log_limiter.due(kind, address):
            log.warning("%s: %s", address, printable(text))


def _where(error: ValidationError) -> str:
    """Returns which fields are wrong, and nothing of what they hold."""
    places = (problem["loc"][:2] for problem in error.errors())
    fields = sorted({".".join(str(part) for part in place) or "the whole" for place in places})
    return printable(", ".join(fields), 100)
