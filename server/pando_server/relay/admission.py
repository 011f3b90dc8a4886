"""Admits connections, counts what they send, and checks logins. Sans-I/O: no clock, no randomness.

The order of the checks matters. Room comes first. The number of failed logins comes before any comparison, so that
a peer that guesses too often learns nothing. The nonce comes before the proof, so that a recorded login cannot be used.
Every check returns why the request is refused, or None.
"""

from __future__ import annotations

import hmac
from collections import Counter
from dataclasses import dataclass

from pando_server.relay.instructions import Refused
from pando_server.relay.limits import Limits, TokenBuckets
from pando_shared import PROTOCOL
from pando_shared.limits import NONCE_LIFETIME_SECONDS
from pando_shared.rate_limit import TokenBucket
from pando_shared.signaling import ClientLogin, Code, proof

PASS_HOST_ON = "a proxy between must pass on the Host header as it is, with its port"
MAX_SHOWN = 80
"""Characters of a host name that are shown."""


@dataclass(slots=True, eq=False)
class Socket:
    """One connection to the server: its address, and what it may still send."""

    address: str
    loopback: bool
    events: TokenBucket
    strikes: int = 0


class Admission:
    """The sockets and the nonces of one server. `secret` is what clients must know; no text or `repr` here shows it."""

    def __init__(self, secret: str, limits: Limits) -> None:
        self._limits = limits
        self._secret = secret
        self._sockets: dict[str, Socket] = {}
        self._addresses: Counter[str] = Counter()
        self._nonces: dict[str, float] = {}
        kept = limits.remembered_addresses
        self._failures = TokenBuckets(limits.login_failure_burst, limits.login_failures_per_second, kept)
        self._nonce_rate = TokenBuckets(limits.nonce_burst, limits.nonces_per_second, kept)
        self._offers = TokenBuckets(limits.offer_burst, limits.offers_per_second, kept)

    def __repr__(self) -> str:
        return f"<Admission [{len(self._sockets)} sockets, {len(self._nonces)} nonces]>"

    def __len__(self) -> int:
        return len(self._sockets)

    def __contains__(self, socket: str) -> bool:
        return socket in self._sockets

    def __getitem__(self, socket: str) -> Socket:
        return self._sockets[socket]

    def admit(self, socket: str, address: str, loopback: bool, now: float) -> Refused | None:
        """Admits a connection from `address`. `now` is in seconds, of any monotonic clock."""
        refused = self.room(address)
        if refused is not None:
            return refused
        events = TokenBucket(self._limits.event_burst, self._limits.events_per_second, now)
        self._sockets[socket] = Socket(address, loopback, events)
        self._addresses[address] += 1
        return None

    def room(self, address: str) -> Refused | None:
        """Looks whether there is room for a connection from `address`, and reserves none."""
        if len(self._sockets) >= self._limits.sockets:
            return Refused(Code.FULL, "this server has no room for another connection: try later")
        if self._addresses[address] >= self._limits.sockets_per_address:
            return Refused(Code.FULL, "too many connections from your address: close some, or try later")
        return None

    def forget(self, socket: str) -> bool:
        """The connection is closed. Returns whether it had been admitted."""
        closed = self._sockets.pop(socket, None)
        if closed is None:
            return False
        self._addresses[closed.address] -= 1
        if not self._addresses[closed.address]:
            del self._addresses[closed.address]
        return True

    def strike(self, socket: str) -> bool:
        """Notes a broken message. Returns whether it was one too many."""
        sender = self._sockets[socket]
        sender.strikes += 1
        return sender.strikes >= self._limits.strikes

    def may_offer(self, socket: str, now: float) -> bool:
        """Counts an offer for the address of `socket`. Returns whether the address may make it."""
        return self._offers.take(self._sockets[socket].address, now)

    def nonce(self, address: str, random: str, now: float) -> Refused | None:
        """Notes `random` (64 hexadecimal digits) as good for one login."""
        if not self._nonce_rate.take(address, now):
            return Refused(Code.THROTTLED, "too many requests from your address: wait")
        # The dict is in the order in which the nonces expire.
        while self._nonces:
            oldest = next(iter(self._nonces))
            if self._nonces[oldest] > now and len(self._nonces) < self._limits.nonces:
                break
            del self._nonces[oldest]
        self._nonces[random] = now + NONCE_LIFETIME_SECONDS
        return None

    def check_login(self, socket: str, login: ClientLogin, now: float, host: str | None = None) -> Refused | None:
        """Checks that a client knows the secret, and that it meant this server. Uses its nonce up.

        `host` is the one at which the login arrived; None if that is not known.
        """
        address = self._sockets[socket].address
        if not self._failures.has(address, now):
            return Refused(Code.THROTTLED, "too many failed logins from your address: wait a minute")
        if login.protocol != PROTOCOL:
            return Refused(Code.PROTOCOL, f"this server speaks version {PROTOCOL} of the protocol")
        expiry = self._nonces.pop(login.says.nonce, None)
        if expiry is None or expiry <= now:
            self._failures.take(address, now)
            return Refused(Code.NONCE, "the nonce is unknown, used or too old: fetch another")
        if not hmac.compare_digest(login.proof, proof(self._secret, login.login)):
            self._failures.take(address, now)
            return Refused(Code.SECRET, "the secret is not the one of this server")
        # Last, so that only who knows the secret learns what the server is called.
        if host is not None and _without_usual_port(login.says.host) != _without_usual_port(host):
            asked, came = login.says.host[:MAX_SHOWN], host[:MAX_SHOWN]
            return Refused(Code.HOST, f"the login is for {asked}, and it came to {came}: {PASS_HOST_ON}")
        return None

    def check(self) -> None:
        """Raises AssertionError if the counts do not match what they count."""
        assert self._addresses == Counter(socket.address for socket in self._sockets.values())
        assert len(self._sockets) <= self._limits.sockets
        assert all(count <= self._limits.sockets_per_address for count in self._addresses.values())
        assert len(self._nonces) <= self._limits.nonces


def _without_usual_port(host: str) -> str:
    """Returns a host without the port of http or https, which some programs add and others leave out."""
    host = host.lower()
    return host.removesuffix(":80").removesuffix(":443")
