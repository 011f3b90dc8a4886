"""The one opener of listening ports."""

from __future__ import annotations

import errno
import ipaddress
import socket
from types import SimpleNamespace

import ifaddr
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


def test_everywhere_is_both_families_at_one_port() -> None:
    listeners = ports.listen_everywhere(ports.EVERYWHERE, 0)
    try:
        assert [listener.family for listener in listeners] == [socket.AF_INET, socket.AF_INET6]
        [port] = {listener.getsockname()[1] for listener in listeners}
        for address, listener in zip(("127.0.0.1", "::1"), listeners, strict=True):
            with socket.create_connection((address, port), timeout=10):
                connection, peer = listener.accept()
                connection.close()
                assert peer[0] == address, "not an address of the other family that holds it"
    finally:
        for listener in listeners:
            listener.close()


def test_everywhere_where_somebody_has_the_port_in_one_family() -> None:
    for host in ("127.0.0.1", "::1"):
        with ports.listen(host, 0) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(PortBusy, match=f"port {port} is in use"):
                ports.listen_everywhere(ports.EVERYWHERE, port)


def test_a_port_that_is_free_in_one_family_only_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    listen, refusals = ports.listen, [1] * 3

    def busy(host: str, port: int, **options: object) -> socket.socket:
        if host == ports.ALL_IPV6 and refusals:
            refusals.pop()
            raise PortBusy("taken")
        return listen(host, port, **options)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(ports, "listen", busy)
    listeners = ports.listen_everywhere(ports.EVERYWHERE, 0)
    for listener in listeners:
        listener.close()
    assert (len(listeners), refusals) == (2, [])
    refusals.extend([1] * ports.ATTEMPTS)
    with pytest.raises(PortBusy, match="no port is free"):
        ports.listen_everywhere(ports.EVERYWHERE, 0)


@pytest.mark.parametrize("missing", [socket.AF_INET, socket.AF_INET6])
def test_a_machine_with_one_family(missing: socket.AddressFamily, monkeypatch: pytest.MonkeyPatch) -> None:
    bind = socket.socket.bind

    def bind_one(listener: socket.socket, address: object) -> None:
        if listener.family == missing:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        bind(listener, address)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr("socket.socket.bind", bind_one)
    [listener] = ports.listen_everywhere(ports.EVERYWHERE, 0)
    with listener:
        assert listener.family == ({socket.AF_INET, socket.AF_INET6} - {missing}).pop()


def test_one_address_is_one_socket() -> None:
    [listener] = ports.listen_everywhere("127.0.0.1", 0)
    with listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_this_machine_has_addresses() -> None:
    found = ports.own_addresses()
    assert found
    assert all(ipaddress.ip_address(address.strip("[]")) for address in found)


@pytest.mark.parametrize(
    ("ips", "shown"),
    [
        (
            ["127.0.0.1", "169.254.1.1", "192.168.1.7", "10.0.0.9", "10.0.0.9", ("2001:db8::1", 0, 0)],
            ["10.0.0.9", "192.168.1.7", "169.254.1.1", "127.0.0.1"],
        ),
        ([], ["127.0.0.1"]),
        (
            ["127.0.0.1", ("::1", 0, 0), ("fe80::1", 0, 2), ("fd00::2", 0, 0), ("2600::1", 0, 0)],
            ["[2600::1]", "[fd00::2]", "127.0.0.1"],
        ),
    ],
)
def test_networks_first_and_ipv6_where_there_is_no_other(
    ips: list[object], shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: [SimpleNamespace(ips=[SimpleNamespace(ip=ip) for ip in ips])])
    assert ports.own_addresses() == shown
