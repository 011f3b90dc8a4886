from typing import Any

import pytest

from pando_server.peers import Peer, TrustedProxies, foreign_origin, header


def scope(client: str | None, *headers: tuple[bytes, bytes], server: str = "192.0.2.1") -> dict[str, Any]:
    return {"client": client and (client, 1234), "server": (server, 80), "headers": list(headers)}


def forwarded(value: bytes) -> tuple[bytes, bytes]:
    return (b"x-forwarded-for", value)


LOCAL = TrustedProxies("127.0.0.1,::1")


def test_a_direct_peer_is_known_by_its_own_address() -> None:
    assert LOCAL.peer(scope("198.51.100.7")) == Peer("198.51.100.7", loopback=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_a_peer_on_loopback_is_on_the_servers_machine(address: str) -> None:
    assert LOCAL.peer(scope(address)).loopback


def test_a_peer_with_the_servers_own_address_is_on_the_servers_machine() -> None:
    assert LOCAL.peer(scope("192.0.2.1")).loopback


def test_the_header_of_a_stranger_is_not_believed() -> None:
    assert LOCAL.peer(scope("198.51.100.7", forwarded(b"127.0.0.1"))) == Peer("198.51.100.7", loopback=False)


def test_a_trusted_proxy_says_who_the_peer_is() -> None:
    assert LOCAL.peer(scope("127.0.0.1", forwarded(b"198.51.100.7"))) == Peer("198.51.100.7", loopback=False)


def test_what_the_peer_wrote_before_the_proxys_entry_does_not_count() -> None:
    assert LOCAL.peer(scope("127.0.0.1", forwarded(b"127.0.0.1, 198.51.100.7"))).address == "198.51.100.7"
    everybody = TrustedProxies("*")
    peer = everybody.peer(scope("203.0.113.1", forwarded(b"127.0.0.1, 198.51.100.7")))
    assert peer == Peer("198.51.100.7", loopback=False)


def test_entries_of_further_trusted_proxies_are_passed_over() -> None:
    chain = TrustedProxies("127.0.0.1, 10.0.0.0/8")
    assert chain.peer(scope("127.0.0.1", forwarded(b"198.51.100.7, 10.1.2.3"))).address == "198.51.100.7"
    assert chain.peer(scope("127.0.0.1", forwarded(b"10.1.2.3"))).address == "10.1.2.3"


@pytest.mark.parametrize(
    "entry", [b"<script>", b"", b"unknown", b"_hidden", b"198.51.100.7:x", b"[::1", b"[]", b"1.2.3:4"]
)
def test_nonsense_in_the_header_ends_the_chain_there_and_is_said(entry: bytes) -> None:
    said: list[tuple[str, str]] = []
    proxies = TrustedProxies("127.0.0.1", warn=lambda *line: said.append(line))
    assert proxies.peer(scope("127.0.0.1", forwarded(b"198.51.100.7, " + entry))).address == "127.0.0.1"
    [(kind, line)] = said
    assert kind == "unreadable"
    assert line.startswith("the proxy 127.0.0.1 sends an X-Forwarded-For in which ")


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        (b"203.0.113.9:51234", "203.0.113.9"),
        (b'"203.0.113.9:51234"', "203.0.113.9"),
        (b"[2001:db8::1]:443", "2001:db8::/64"),
        (b"[2001:db8::1]", "2001:db8::/64"),
        (b'"[2001:db8::1]:443"', "2001:db8::/64"),
        (b"2001:db8::1", "2001:db8::/64"),
        (b"[::ffff:203.0.113.9]:1", "203.0.113.9"),
        (b"[fe80::1%eth0]:80", "fe80::/64"),
    ],
)
def test_ports_and_brackets_are_left_out(entry: bytes, address: str) -> None:
    assert LOCAL.peer(scope("127.0.0.1", forwarded(entry))).address == address


def test_several_proxies_in_a_row_can_be_counted() -> None:
    chain = forwarded(b"192.0.2.66, 198.51.100.7, 203.0.113.1:8080")
    assert TrustedProxies("*", hops=1).peer(scope("10.0.0.1", chain)).address == "203.0.113.1"
    assert TrustedProxies("*", hops=2).peer(scope("10.0.0.1", chain)).address == "198.51.100.7"
    assert TrustedProxies("10.0.0.1", hops=2).peer(scope("10.0.0.1", chain)).address == "198.51.100.7"
    # Fewer entries than proxies: somebody came past the first of them.
    assert TrustedProxies("*", hops=5).peer(scope("10.0.0.1", chain)).address == "192.0.2.66"
    # Counted from a believed one only.
    assert TrustedProxies("10.0.0.2", hops=2).peer(scope("10.0.0.1", chain)).address == "10.0.0.1"


def test_a_header_of_who_is_not_believed_is_said_with_what_to_do() -> None:
    said: list[tuple[str, str]] = []
    proxies = TrustedProxies("127.0.0.1", warn=lambda *line: said.append(line))
    proxies.peer(scope("10.0.0.5", forwarded(b"198.51.100.7")))
    [(kind, line)] = said
    assert kind == "not believed"
    assert line.endswith("set FORWARDED_ALLOW_IPS=10.0.0.5")
    proxies.peer(scope("127.0.0.1", forwarded(b"198.51.100.7")))
    proxies.peer(scope("10.0.0.5"))
    assert len(said) == 1


def test_repeated_headers_are_one_list() -> None:
    peer = LOCAL.peer(scope("127.0.0.1", forwarded(b"203.0.113.9"), forwarded(b"198.51.100.7")))
    assert peer.address == "198.51.100.7"


def test_a_peer_behind_a_local_proxy_is_never_on_loopback() -> None:
    assert not LOCAL.peer(scope("127.0.0.1", forwarded(b"127.0.0.1"))).loopback


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    one, other = LOCAL.peer(scope("2001:db8:1:2::a")), LOCAL.peer(scope("2001:db8:1:2:ffff::b"))
    assert one == other
    assert one != LOCAL.peer(scope("2001:db8:1:3::a"))


def test_a_scoped_ipv6_address_is_understood() -> None:
    assert LOCAL.peer(scope("fe80::1%eth0")).address == "fe80::/64"


def test_a_peer_without_an_address_is_nobody() -> None:
    assert LOCAL.peer(scope(None)) == Peer("", loopback=False)


def test_what_is_not_an_address_cannot_be_trusted() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        TrustedProxies("the proxy")


def test_headers_that_are_not_there_are_none() -> None:
    assert header(scope(None), b"origin") is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (b"https://pando.example", b"pando.example"),
        (b"https://pando.example", b"pando.example:443"),
        (b"http://pando.example", b"pando.example:80"),
        (b"https://PANDO.example", b"pando.EXAMPLE"),
        (b"http://192.0.2.1:5000", b"192.0.2.1:5000"),
        (b"http://[2001:db8::1]:5000", b"[2001:db8::1]:5000"),
    ],
)
def test_the_servers_own_page_is_not_foreign(origin: bytes, host: bytes) -> None:
    assert foreign_origin(scope("198.51.100.7", (b"origin", origin), (b"host", host)), LOCAL) is None


def test_a_program_without_origin_is_not_foreign() -> None:
    assert foreign_origin(scope("198.51.100.7", (b"host", b"pando.example")), LOCAL) is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (b"https://evil.example", b"pando.example"),
        (b"https://pando.example.evil.example", b"pando.example"),
        (b"https://pando.example:8443", b"pando.example"),
        (b"null", b"pando.example"),
        (b"", b"pando.example"),
        (b"file://", b"pando.example"),
        (b"http://", b""),
        (b"https://pando.example:99999", b"pando.example"),
        (b"https://[pando", b"pando.example"),
        (b"https://pando.example", b"pando.example:x"),
        (b"https://pando.example\xff", b"pando.example"),
    ],
)
def test_every_other_origin_is_foreign(origin: bytes, host: bytes) -> None:
    assert foreign_origin(scope("198.51.100.7", (b"origin", origin), (b"host", host)), LOCAL) is not None


def test_two_origins_are_foreign() -> None:
    headers = [(b"origin", b"https://pando.example")] * 2
    assert foreign_origin(scope("198.51.100.7", *headers, (b"host", b"pando.example")), LOCAL) is not None


PAGE = (b"origin", b"https://pando.example:8443")
BARE = (b"host", b"pando.example")


@pytest.mark.parametrize(
    "headers",
    [
        [BARE, (b"x-forwarded-host", b"pando.example:8443")],
        [BARE, (b"x-forwarded-port", b"8443")],
        [BARE, (b"x-forwarded-host", b"Pando.example"), (b"x-forwarded-port", b"8443")],
        [
            (b"host", b"127.0.0.1:5000"),
            (b"x-forwarded-host", b"pando.example:8443, inner"),
            (b"x-forwarded-port", b"1"),
        ],
        [(b"host", b"pando.example:8443"), (b"x-forwarded-host", b"inner")],
    ],
)
def test_a_believed_proxy_says_what_it_was_asked_for(headers: list[tuple[bytes, bytes]]) -> None:
    assert foreign_origin(scope("127.0.0.1", PAGE, *headers), LOCAL) is None
    evil = (b"origin", b"https://evil.example:8443")
    assert foreign_origin(scope("127.0.0.1", evil, *headers), LOCAL) is not None


@pytest.mark.parametrize(
    ("client", "more"),
    [
        ("198.51.100.7", (b"x-forwarded-host", b"pando.example:8443")),  # not believed
        (None, (b"x-forwarded-host", b"pando.example:8443")),
        ("127.0.0.1", (b"x-forwarded-port", b"443")),
        ("127.0.0.1", (b"x-forwarded-port", b"8443x")),
        ("127.0.0.1", (b"x-forwarded-host", b"")),
    ],
)
def test_what_cannot_be_the_pages_host_names_both_values(client: str | None, more: tuple[bytes, bytes]) -> None:
    text = foreign_origin(scope(client, PAGE, BARE, more), LOCAL)
    assert text is not None
    assert text.startswith(
        "a page of https://pando.example:8443 tried to connect to this server, which is asked for as pando.example"
    )


def test_a_believed_proxy_without_any_host_is_asked_for_nothing() -> None:
    text = foreign_origin(scope("127.0.0.1", PAGE), LOCAL)
    assert text is not None
    assert text.endswith("which is asked for as nothing")
