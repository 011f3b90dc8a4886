"""Who may come in, how much it may say, and who is believed to know the secret. Pure: no clock, no randomness.

The order of the checks is the point. Room before anything else; the number of failed logins before any comparison, so
that a guess made too early learns nothing; the nonce before the proof, so that a recorded login is worth nothing.
"""

from __future__ import annotations

import hmac
from collections import Counter
from dataclasses import dataclass

from pando_server.relay.instructions import Refuse
from pando_server.relay.limits import Limits, TokenBuckets
from pando_shared import PROTOCOL
from pando_shared.limits import NONCE_LIFETIME_S
from pando_shared.rate_limit import TokenBucket
from pando_shared.signaling import ClientLogin, Code, proof


@dataclass(slots=True, eq=False)
class Socket:
    """One connection to the server: where it is from, and what it may still do."""

    address: str
    loopback: bool
    events: TokenBucket
    strikes: int = 0


class Door:
    """The sockets of one server. `secret` is what clients must know; nothing here ever shows it."""

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

    def __len__(self) -> int:
        return len(self._sockets)

    def __contains__(self, socket: str) -> bool:
        return socket in self._sockets

    def __getitem__(self, socket: str) -> Socket:
        return self._sockets[socket]

    def admit(self, socket: str, address: str, loopback: bool, now: float) -> Refuse | None:
        """Lets a connection from `address` in, or says why not. `now` is in seconds, of any monotonic clock."""
        if len(self._sockets) >= self._limits.sockets:
            return Refuse(socket, Code.FULL, "this server has no room for another connection: try later")
        if self._addresses[address] >= self._limits.sockets_per_address:
            return Refuse(socket, Code.FULL, "too many connections from your address: close some, or try later")
        events = TokenBucket(self._limits.event_burst, self._limits.events_per_second, now)
        self._sockets[socket] = Socket(address, loopback, events)
        self._addresses[address] += 1
        return None

    def forget(self, socket: str) -> bool:
        """The connection is gone. Returns whether it was here."""
        there = self._sockets.pop(socket, None)
        if there is None:
            return False
        self._addresses[there.address] -= 1
        if not self._addresses[there.address]:
            del self._addresses[there.address]
        return True

    def strike(self, socket: str) -> bool:
        """Notes a broken message. Returns whether it was one too many."""
        there = self._sockets[socket]
        there.strikes += 1
        return there.strikes >= self._limits.strikes

    def may_offer(self, socket: str, now: float) -> bool:
        """Notes that somebody at this socket's address offers. Returns whether that is not one offer too many."""
        return self._offers.take(self._sockets[socket].address, now)

    def nonce(self, address: str, random: str, now: float) -> str | None:
        """Notes `random` (64 hexadecimal digits) as good for one login.

        Returns it, or None when the address has asked for too many.
        """
        if not self._nonce_rate.take(address, now):
            return None
        # They were put in in the order in which they expire.
        while self._nonces:
            oldest = next(iter(self._nonces))
            if self._nonces[oldest] > now and len(self._nonces) < self._limits.nonces:
                break
            del self._nonces[oldest]
        self._nonces[random] = now + NONCE_LIFETIME_S
        return random

    def recognise(self, socket: str, login: ClientLogin, now: float) -> Refuse | None:
        """Returns None for a client that knows the secret, and why not for every other."""
        address = self._sockets[socket].address
        if not self._failures.has(address, now):
            return Refuse(socket, Code.THROTTLED, "too many failed logins from your address: wait a minute")
        if login.protocol != PROTOCOL:
            return Refuse(socket, Code.PROTOCOL, f"this server speaks version {PROTOCOL} of the protocol")
        expiry = self._nonces.pop(login.nonce, None)
        if expiry is None or expiry <= now:
            self._failures.take(address, now)
            return Refuse(socket, Code.NONCE, "the nonce is unknown, used or too old: fetch another")
        if not hmac.compare_digest(login.proof, proof(self._secret, login.nonce, login.job)):
            self._failures.take(address, now)
            return Refuse(socket, Code.SECRET, "the secret is not the one of this server")
        return None

    def check(self) -> None:
        """Raises AssertionError if the counts do not match what they count."""
        assert self._addresses == Counter(there.address for there in self._sockets.values())
        assert len(self._sockets) <= self._limits.sockets
        assert all(count <= self._limits.sockets_per_address for count in self._addresses.values())
        assert len(self._nonces) <= self._limits.nonces
