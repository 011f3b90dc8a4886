"""What `--host` means."""

from __future__ import annotations

import pytest

from pando_client.rendezvous.server_url import ServerUrl
from pando_shared.errors import UsageError


@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("example.org", ServerUrl("https://example.org", loopback=False, local=False)),
        ("Example.ORG:8443", ServerUrl("https://example.org:8443", loopback=False, local=False)),
        ("http://example.org/", ServerUrl("http://example.org", loopback=False, local=False)),
        ("https://10.0.0.1", ServerUrl("https://10.0.0.1", loopback=False, local=True)),
        ("10.0.0.1:5000", ServerUrl("http://10.0.0.1:5000", loopback=False, local=True)),
        ("192.168.1.7", ServerUrl("http://192.168.1.7", loopback=False, local=True)),
        ("8.8.8.8", ServerUrl("https://8.8.8.8", loopback=False, local=False)),
        ("127.0.0.1:5000", ServerUrl("http://127.0.0.1:5000", loopback=True, local=True)),
        ("localhost", ServerUrl("http://localhost", loopback=True, local=True)),
        ("[::1]:80", ServerUrl("http://[::1]:80", loopback=True, local=True)),
        ("printer.local", ServerUrl("http://printer.local", loopback=False, local=True)),
        ("https://example.org/pando", ServerUrl("https://example.org/pando", loopback=False, local=False)),
        ("example.org:8443/a/b-c/", ServerUrl("https://example.org:8443/a/b-c", loopback=False, local=False)),
        ("localhost:5000/pando//", ServerUrl("http://localhost:5000/pando", loopback=True, local=True)),
        ("nas:5000", ServerUrl("http://nas:5000", loopback=False, local=True)),
    ],
)
def test_what_a_host_means(host: str, server: ServerUrl) -> None:
    assert ServerUrl.of(host) == server


@pytest.mark.parametrize(
    "host",
    [
        "",
        "http://",
        "ftp://h",
        "h:port",
        "h:99999",
        "h/a b",
        "h/a//b",
        "h/\u00e4",
        "https://h/j/brave-otter",
        "https://h/pando/j/brave-otter",
        "h?q",
        "http://h/#f",
        "a b",
        "h\n",
        "http://u:p@h",
        "[::1",
    ],
)
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(UsageError, match=r"^--host="):
        ServerUrl.of(host)


def test_where_volunteers_go() -> None:
    assert ServerUrl.of("example.org").page == "https://example.org"
    assert ServerUrl.of("example.org/pando").page == "https://example.org/pando/"


def test_where_socket_io_is() -> None:
    assert ServerUrl.of("example.org").socket_io_path == "socket.io"
    assert ServerUrl.of("example.org/a/pando/").socket_io_path == "a/pando/socket.io"


def test_the_server_of_this_process() -> None:
    assert ServerUrl.on_this_machine(5000) == ServerUrl.of("127.0.0.1:5000")
