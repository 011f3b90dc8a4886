"""Plays the shell of a relay: it carries out nothing, and shows what was decided."""

from __future__ import annotations

import hashlib
import hmac

from pando_server.relay.instructions import Assign, Decision, Forward, Instruction
from pando_server.relay.limits import Limits
from pando_server.relay.relay import Relay
from pando_shared.signaling import (
    Assigned,
    ClientAnswer,
    ClientLogin,
    Code,
    IceServer,
    Login,
    Offer,
    VolunteerLogin,
)

SECRET = "a secret that is long enough"
ANSWER = ClientAnswer(sdp="answer")
KEY = "a" * 32
DIGEST = hmac.new(KEY.encode(), b"192.0.2.2", hashlib.sha256).hexdigest()[:16]
"""What a client of this key is told of the address of every volunteer here; this relay has no salt."""


class RelayShell:
    """A relay, with clients and volunteers that log in rightly."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.relay = Relay(SECRET, limits or Limits(sockets_per_address=1_000))
        self.nonces = 0

    def client(
        self, socket: str, job: str = "job", key: str = KEY, ice: tuple[IceServer, ...] = ()
    ) -> list[Instruction]:
        """Opens a socket and logs a client in. Returns what that orders."""
        assert self.relay.opened(socket, "192.0.2.1", 0).refused is None
        decision = self.relay.login_client(socket, self.login(job, key, ice), 0)
        assert decision.refused is None
        return [*decision.instructions, *self.relay.client_joined(socket)]

    def refused_client(self, socket: str, job: str = "job", key: str = KEY) -> Code | None:
        """Opens a socket and tries to log a client in. Returns why it is refused."""
        assert self.relay.opened(socket, "192.0.2.1", 0).refused is None
        decision = self.relay.login_client(socket, self.login(job, key), 0)
        assert decision.instructions == ()
        return code_of(decision)

    def login(self, job: str = "job", key: str = KEY, ice: tuple[IceServer, ...] = ()) -> ClientLogin:
        self.nonces += 1
        nonce = f"{self.nonces:064x}"
        assert self.relay.nonce(f"address {self.nonces}", nonce, 0).refused is None
        return ClientLogin.signed(Login(nonce=nonce, host="h", job=job, key=key, ice_servers=ice), SECRET)

    def volunteer(self, socket: str, job: str | None = None, *, loopback: bool = False) -> list[Instruction]:
        """Opens a socket and logs a volunteer in. Returns what that orders."""
        assert self.relay.opened(socket, "192.0.2.2", 0, loopback=loopback).refused is None
        assert self.relay.login_volunteer(socket, VolunteerLogin(job=job)) == Decision()
        return self.relay.volunteer_joined(socket)

    def offer(self, volunteer: str, attempt: int = 1, now: float = 0) -> Decision:
        return self.relay.offered(volunteer, Offer(attempt=attempt, sdp="offer"), now)


def code_of(decision: Decision) -> Code | None:
    """Returns why a request is refused, or None."""
    return decision.refused.code if decision.refused else None


def forwarded(decision: Decision) -> Forward:
    """Returns the one instruction of an offer that is granted."""
    assert decision.refused is None
    [instruction] = decision.instructions
    assert isinstance(instruction, Forward)
    return instruction


def assign(volunteer: str, job: str = "job", ice: tuple[IceServer, ...] = ()) -> Assign:
    return Assign(volunteer, Assigned(job=job, ice_servers=ice))
