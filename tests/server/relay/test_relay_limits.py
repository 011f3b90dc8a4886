"""What peers may not do."""

from __future__ import annotations

import subprocess
import sys

from pando_server.relay.instructions import Decision, Drop, Refused
from pando_server.relay.limits import Limits
from pando_server.relay.relay import Relay
from pando_shared.signaling import (
    Code,
    VolunteerCount,
    VolunteerLogin,
)
from tests.support.relay_shell import SECRET, RelayShell, code_of


def test_only_clients_report_and_only_volunteers_offer(shell: RelayShell) -> None:
    shell.client("c")
    shell.volunteer("v")
    assert shell.relay.counted("v", VolunteerCount(count=1)) == []
    refused = Decision(Refused(Code.INVALID, "this connection makes no offers"))
    assert shell.offer("c") == refused
    assert shell.offer("nobody") == refused
    assert shell.relay.client_joined("v") == []
    assert shell.relay.volunteer_joined("c") == []
    assert shell.relay.volunteer_joined("v") == []
    for _ in range(2):
        instructions = shell.relay.counted("v", VolunteerCount(count=1))
    assert instructions == [Drop("v", "too many broken messages")]


def test_a_connection_logs_in_once(shell: RelayShell) -> None:
    shell.client("c")
    shell.volunteer("v")
    again = [
        shell.relay.login_client("c", shell.login("other"), 0),
        shell.relay.login_client("v", shell.login("other"), 0),
        shell.relay.login_client("nobody", shell.login("other"), 0),
        shell.relay.login_volunteer("c", VolunteerLogin()),
        shell.relay.login_volunteer("v", VolunteerLogin()),
        shell.relay.login_volunteer("nobody", VolunteerLogin()),
    ]
    assert again == [Decision(Refused(Code.INVALID, "this connection cannot log in"))] * 6


def test_a_volunteer_of_another_version_is_told_to_reload(shell: RelayShell) -> None:
    shell.relay.opened("v", "192.0.2.2", 0)
    assert code_of(shell.relay.login_volunteer("v", VolunteerLogin(protocol=99))) is Code.PROTOCOL


def test_three_broken_messages_close_a_connection(shell: RelayShell) -> None:
    shell.volunteer("v")
    assert [shell.relay.broke("v") for _ in range(3)] == [[], [], [Drop("v", "too many broken messages")]]
    assert shell.relay.broke("v") == []
    assert shell.relay.volunteers == 0


def test_a_flood_of_events_is_ignored_and_then_disconnected(shell: RelayShell) -> None:
    shell.volunteer("v")
    assert [shell.relay.heard("v", 0) for _ in range(20)] == [Decision()] * 20
    ignored = Refused(Code.THROTTLED, "too many messages")
    assert shell.relay.heard("v", 0) == Decision(ignored)
    assert shell.relay.heard("v", 0.5) == Decision()  # Two per second.
    assert shell.relay.heard("v", 0.5) == Decision(ignored)
    assert shell.relay.heard("v", 0.5) == Decision(ignored, (Drop("v", "too many broken messages"),))
    assert shell.relay.heard("v", 0.5) == Decision(Refused(Code.GONE, "it has left"))


def test_leaving_twice_is_harmless(shell: RelayShell) -> None:
    shell.volunteer("v")
    assert shell.relay.closed("v") == []
    assert shell.relay.closed("v") == []


def test_a_refused_connection_is_not_there() -> None:
    relay = Relay(SECRET, Limits(sockets=1))
    assert relay.opened("a", "192.0.2.1", 0) == Decision()
    assert code_of(relay.opened("b", "192.0.2.2", 0)) is Code.FULL
    assert repr(relay) == "<Relay [0 jobs, 0 volunteers, 0 waiting, 1 sockets]>"
    assert relay.closed("b") == []
    relay.check()


def test_the_core_is_pure() -> None:
    """import-linter checks what we import; this test, what the core loads altogether."""
    code = (
        "import sys; before = set(sys.modules); import pando_server.relay.relay; "
        "print([name for name in ('socketio', 'engineio', 'fastapi', 'uvicorn', 'starlette', 'logging.config') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
