"""Socket.IO on one side, the relay on the other: translates events to stimuli and instructions to events.

Every incoming message passes size → parse → schema → state → act: the first two in `guard`, the schema here, the rest
in `relay`. Nothing that a peer sends can raise past its own connection.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs

import socketio
from pydantic import ValidationError

from pando_server.addresses import Peer, Scope, TrustedProxies, is_foreign
from pando_server.guard import Guard, Receive, Send
from pando_server.instructions import Assign, Deliver, Drop, Forward, Ignore, Instruction, Refuse, Reject, Wait
from pando_server.logs import Sparing, library_logger, log
from pando_server.packets import CLIENT, VOLUNTEER
from pando_server.relay import Relay
from pando_shared import PROTOCOL
from pando_shared.signaling import (
    MAX_SIGNAL,
    Answer,
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
"""The codes that a client may answer an offer with."""

S = TypeVar("S", bound=Signal)


@dataclass(slots=True, eq=False)
class Link:
    """A connection as this module sees it. `sid` is the library's name for it."""

    guard: Guard
    peer: Peer
    sid: str = ""
    reply: asyncio.Future[dict[str, Any]] | None = field(default=None)
    """The acknowledgement of the offer that is under way."""


class Sockets:
    """The Socket.IO end of one server, an ASGI application for its WebSockets."""

    def __init__(self, relay: Relay, proxies: TrustedProxies, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._relay = relay
        self._proxies = proxies
        self._clock = clock
        self._sparing = Sparing(clock)
        self._links: dict[str, Link] = {}
        self._socket_of: dict[str, str] = {}
        self._outbox: asyncio.Queue[Wait | Assign | Forward] = asyncio.Queue()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._postman: asyncio.Task[Any] | None = None
        library = library_logger("socketio")
        self._sio = sio = socketio.AsyncServer(
            async_mode="asgi",
            transports=["websocket"],
            namespaces=[CLIENT, VOLUNTEER],
            max_http_buffer_size=MAX_SIGNAL,
            # The origin is checked here, by the Host header.
            cors_allowed_origins=[],
            # Its rounds are for long polling: over a WebSocket, the reading end notices by itself that nothing comes.
            monitor_clients=False,
            logger=library,
            engineio_logger=library,
        )
        # So that its background tasks (each sleeps for up to 25 s after its connection) end with the server.
        sio.eio.start_background_task = self._spawn
        sio.on("connect", self._client_connects, namespace=CLIENT)
        sio.on("connect", self._volunteer_connects, namespace=VOLUNTEER)
        sio.on("disconnect", self._disconnects, namespace=CLIENT)
        sio.on("disconnect", self._disconnects, namespace=VOLUNTEER)
        sio.on("volunteers", self._bounded(self._volunteers), namespace=CLIENT)
        sio.on("offer", self._bounded(self._offer), namespace=VOLUNTEER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one WebSocket, from handshake to end."""
        peer = self._proxies.peer(scope)
        if is_foreign(scope):
            self._note("foreign origin", peer, "a page of another site tried to connect")
            return await deny(scope, send, 403, "another site's page may not connect")
        if not _is_spoken_here(scope):
            return await deny(scope, send, 400, "Socket.IO 5 over WebSocket is all that is spoken here")
        socket = secrets.token_hex(8)
        for instruction in self._relay.opened(socket, peer.address, self._clock(), loopback=peer.loopback):
            assert isinstance(instruction, Refuse)
            self._note("full", peer, instruction.text)
            return await deny(scope, send, 503, instruction.text)
        guard = Guard(socket, receive, send, self, self._relay.limits.join_seconds)
        self._links[socket] = link = Link(guard, peer)
        try:
            await self._sio.handle_request({**scope, SCOPE_KEY: socket}, guard.receive, guard.send)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is about this one connection
            self._note("error", peer, f"its connection failed ({type(error).__name__})")
        finally:
            guard.release()
            del self._links[socket]
            self._socket_of.pop(link.sid, None)
            self._perform(self._relay.closed(socket))
            _resolve(link, refusal(Code.GONE, "the connection is closed"))
        return None

    async def shutdown(self) -> None:
        """Closes every connection and ends every task. The server is not used afterwards."""
        for link in self._links.values():
            link.guard.close()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # What the guards report.

    def heard(self, socket: str) -> bool:
        """Returns whether an event of `socket` may be acted upon."""
        instructions = self._relay.heard(socket, self._clock())
        self._perform(instructions)
        return not instructions

    def broke(self, socket: str, why: str) -> None:
        """`socket` sent `why`, which the protocol forbids."""
        self._note("broken", self._peer(socket), f"it sent {why}")
        self._perform(self._relay.broke(socket))

    def joined(self, socket: str, namespace: str) -> None:
        """`socket` has been told that it is in `namespace`."""
        here = self._relay.client_joined if namespace == CLIENT else self._relay.volunteer_joined
        self._perform(here(socket))

    # What the library reports.

    async def _client_connects(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        socket = self._enter(sid, environ)
        login = self._login(ClientLogin, socket, auth)
        self._let_in(socket, self._relay.login_client(socket, login, self._clock()))
        log.info("%s: the client of job %s is here", self._peer(socket).address, login.job)

    async def _volunteer_connects(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        socket = self._enter(sid, environ)
        login = self._login(VolunteerLogin, socket, auth)
        self._let_in(socket, self._relay.login_volunteer(socket, login))

    async def _disconnects(self, sid: str, reason: Any = None) -> None:
        socket = self._socket_of.get(sid)
        if socket is not None:
            self._perform(self._relay.closed(socket))

    def _bounded(self, handler: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
        """Wraps an event's handler: what goes wrong in it costs one connection, never more."""

        async def handle(sid: str, *data: Any) -> Any:
            socket = self._socket_of.get(sid)
            if socket is None:
                return None
            try:
                return await handler(socket, *data)
            except Exception as error:  # noqa: BLE001 - the boundary of this peer
                text = f"an error of ours ({type(error).__name__})"
                self._perform([*self._relay.closed(socket), Drop(socket, text)])
                return None

        return handle

    async def _volunteers(self, socket: str, *data: Any) -> None:
        report = self._parse(VolunteerCount, socket, data)
        if report is not None:
            self._perform(self._relay.counted(socket, report.count))

    async def _offer(self, socket: str, *data: Any) -> dict[str, Any]:
        offer = self._parse(Offer, socket, data)
        if offer is None:
            return refusal(Code.INVALID, "the offer is not as described in the protocol")
        instructions = self._relay.offered(socket, offer)
        link = self._links.get(socket)
        match instructions:
            case [Reject(code=code, text=text)]:
                return refusal(code, text)
            case [Forward()] if link is not None:
                reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
                link.reply = reply
                self._perform(instructions)
                return await reply
        self._perform(instructions)
        return refusal(Code.INVALID, "this connection makes no offers")

    def _answered(self, forward: Forward, timeout: asyncio.TimerHandle, data: tuple[Any, ...]) -> None:
        """The client acknowledged an offer."""
        timeout.cancel()
        answer: ClientAnswer | ErrorBody | None
        if data and isinstance(data[0], dict) and "error" in data[0]:
            refused = self._parse(Refusal, forward.client, data)
            answer = refused.error if refused and refused.error.code in PASSED_ON else None
        else:
            answer = self._parse(ClientAnswer, forward.client, data)
        if answer is None:
            answer = ErrorBody(code=Code.FAILED, text="the client could not answer the offer")
        asked = forward.message
        self._perform(self._relay.answered(forward.client, asked.volunteer, asked.attempt, answer))

    def _unanswered(self, forward: Forward) -> None:
        asked = forward.message
        self._perform(self._relay.unanswered(forward.client, asked.volunteer, asked.attempt))

    # Parsing: to a type or to nothing.

    def _login(self, model: type[S], socket: str, auth: Any) -> S:
        version = auth.get("protocol") if isinstance(auth, dict) else None
        if type(version) is int and version != PROTOCOL:
            # Before the schema: another version's login may look otherwise.
            raise self._refusal(socket, Code.PROTOCOL, f"this server speaks version {PROTOCOL} of the protocol")
        try:
            return model.model_validate(auth)
        except ValidationError as error:
            self._note("broken", self._peer(socket), f"its login is not valid: {_where(error)}")
            raise self._refusal(socket, Code.INVALID, f"the login is not valid: {_where(error)}") from None

    def _parse(self, model: type[S], socket: str, data: tuple[Any, ...]) -> S | None:
        try:
            return model.model_validate(data[0] if data else None)
        except ValidationError as error:
            self.broke(socket, f"something that is no {model.__name__}: {_where(error)}")
            return None

    def _enter(self, sid: str, environ: dict[str, Any]) -> str:
        socket: str = environ["asgi.scope"][SCOPE_KEY]
        self._links[socket].sid = sid
        self._socket_of[sid] = socket
        return socket

    # Carrying out instructions.

    def _let_in(self, socket: str, instructions: list[Instruction]) -> None:
        match instructions:
            case [Refuse(code=code, text=text)]:
                raise self._refusal(socket, code, text)
        self._perform(instructions)

    def _refusal(self, socket: str, code: Code, text: str) -> Exception:
        self._note(f"refused {code}", self._peer(socket), f"refused ({code}): {text}")
        error: Exception = socketio.exceptions.ConnectionRefusedError(text, refusal(code, text))
        return error

    def _perform(self, instructions: Iterable[Instruction]) -> None:
        for instruction in instructions:
            match instruction:
                case Wait() | Assign() | Forward():
                    # One task sends them, one after the other, so that they arrive in this order.
                    self._outbox.put_nowait(instruction)
                    if self._postman is None:
                        self._postman = self._spawn(self._deliver_post)
                case Deliver(volunteer, attempt, sdp):
                    _resolve(self._links.get(volunteer), Answer(attempt=attempt, sdp=sdp).model_dump(mode="json"))
                case Reject(volunteer, _, code, text):
                    _resolve(self._links.get(volunteer), refusal(code, text))
                case Drop(socket, text):
                    self._note("dropped", self._peer(socket), f"disconnected: {text}")
                    if socket in self._links:
                        self._links[socket].guard.close()
                case Ignore(socket, text):
                    self._note("ignored", self._peer(socket), text)

    async def _deliver_post(self) -> None:
        while True:
            instruction = await self._outbox.get()
            try:
                await self._post(instruction)
            except Exception as error:  # noqa: BLE001 - the next one is for somebody else
                log.error("a message could not be sent (%s)", type(error).__name__)

    async def _post(self, instruction: Wait | Assign | Forward) -> None:
        match instruction:
            case Wait(volunteer):
                await self._emit("waiting", {}, volunteer, VOLUNTEER)
            case Assign(volunteer, message):
                await self._emit("assigned", message.model_dump(mode="json", exclude_none=True), volunteer, VOLUNTEER)
            case Forward(client, message):
                seconds = self._relay.limits.answer_seconds
                timeout = asyncio.get_running_loop().call_later(seconds, self._unanswered, instruction)

                def answered(*data: Any) -> None:
                    self._answered(instruction, timeout, data)

                await self._emit("offer", message.model_dump(mode="json"), client, CLIENT, answered)

    async def _emit(
        self, event: str, data: dict[str, Any], socket: str, namespace: str, callback: Callable[..., None] | None = None
    ) -> None:
        link = self._links.get(socket)
        if link is not None:
            await self._sio.emit(event, data, to=link.sid, namespace=namespace, callback=callback)

    def _spawn(self, target: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(target(*args, **kwargs))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _peer(self, socket: str) -> Peer:
        link = self._links.get(socket)
        return link.peer if link is not None else Peer("a peer that has left", loopback=False)

    def _note(self, kind: str, peer: Peer, text: str) -> None:
        if self._sparing.due(kind, peer.address):
            log.warning("%s: %s", peer.address, printable(text))


def _is_spoken_here(scope: Scope) -> bool:
    """Returns whether a handshake asks for a new Engine.IO 4 session over WebSocket: nothing else is served."""
    try:
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=16)
    except ValueError:
        return False
    return query.get("EIO") == ["4"] and query.get("transport") == ["websocket"] and not query.keys() & {"sid", "j"}


def _where(error: ValidationError) -> str:
    """Returns which fields are wrong, and nothing of what they hold."""
    fields = sorted({".".join(str(part) for part in one["loc"][:2]) or "the whole" for one in error.errors()})
    return printable(", ".join(fields), 100)


def _resolve(link: Link | None, reply: dict[str, Any]) -> None:
    if link is not None and link.reply is not None and not link.reply.done():
        link.reply.set_result(reply)


async def deny(scope: Scope, send: Send, status: int, text: str) -> None:
    """Refuses a WebSocket handshake (ASGI, Websocket Denial Response)."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        return await send({"type": "websocket.close", "code": 1008})
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": text.encode()})
    return None
