"""The one opener of listening ports."""

from __future__ import annotations

import errno
import socket

import pytest

from pando_shared import ports
from pando_shared.errors import PortBusy, UsageError


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", ports.ALL_IPV4])
def test_it_listens_at_a_port_that_is_free(host: str) -> None:
    with ports.listen(host, 0) as listener:
        address, port = listener.getsockname()[:2]
        assert port > 0
        with socket.create_connection(("::1" if ":" in address else "127.0.0.1", port), timeout=10):
            connection, _ = listener.accept()
            connection.close()


def test_a_port_that_is_taken() -> None:
    with ports.listen("127.0.0.1", 0) as taken:
        port: int = taken.getsockname()[1]
        with pytest.raises(PortBusy) as caught:
            ports.listen("127.0.0.1", port, port_options="--port or PORT")
    assert str(caught.value) == f"port {port} is in use by another program; choose another one with --port or PORT"


def test_a_port_that_was_used_a_moment_ago_can_be_used_again() -> None:
    with ports.listen("127.0.0.1", 0) as first:
        port: int = first.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
            connection, _ = first.accept()
            # Whoever closes first leaves the address in TIME_WAIT.
            connection.close()
            assert peer.recv(1) == b""
    with ports.listen("127.0.0.1", port) as second:
        assert second.getsockname()[1] == port


def test_a_port_that_is_not_for_this_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("socket.socket.bind", denied)
    with pytest.raises(UsageError, match=r"^port 80 is not for this user; choose another one with --port$"):
        ports.listen(ports.ALL_IPV4, 80)


def test_an_address_of_another_machine() -> None:
    with pytest.raises(UsageError, match=r"^cannot listen on 192\.0\.2\.99: "):
        ports.listen("192.0.2.99", 0)


@pytest.mark.parametrize("host", ["x" * 70, "no such\x1bname", "\udcff.example"])
def test_an_address_that_is_none(host: str) -> None:
    with pytest.raises(UsageError, match=r"is no address to listen on: see --host and HOST$") as caught:
        ports.listen(host, 0, host_options="--host and HOST")
    assert str(caught.value).isprintable()
