"""Which addresses of a stranger's offer get packets."""

from __future__ import annotations

import ipaddress

import pytest
from aiortc.sdp import SessionDescription

from pando_client.channels.candidates import fit_candidates, is_worth_a_packet, keep_safe_candidates
from pando_shared.limits import MAX_CANDIDATES

HEAD = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=sctp-port:5000
"""


def candidate(address: str, port: int | str = 50000, transport: str = "udp", more: str = "") -> str:
    return f"a=candidate:1 1 {transport} 2130706431 {address} {port} typ host{more}"


def kept(*lines: str, loopback: bool = False, private: bool = True, end: str = "\r\n") -> list[str]:
    """The addresses that aiortc finds in what the filter leaves."""
    sdp = end.join([*HEAD.splitlines(), *lines, ""])
    safe = keep_safe_candidates(sdp, loopback=loopback, private=private)
    media = SessionDescription.parse(safe).media[0]
    assert not media.ice_candidates_complete
    return [found.ip for found in media.ice_candidates]


def test_public_addresses_stay_and_the_rest_of_the_description_too() -> None:
    sdp = HEAD.replace("\n", "\r\n") + candidate("8.8.8.8") + "\r\n"
    assert keep_safe_candidates(sdp, loopback=False, private=False) == sdp
    assert keep_safe_candidates(sdp.replace("\r\n", "\n"), loopback=False, private=False) == sdp


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_end_of_candidates_goes(end: str) -> None:
    assert kept(candidate("8.8.8.8"), "a=end-of-candidates", end=end) == ["8.8.8.8"]
    assert kept("a=end-of-candidates", end=end) == []


@pytest.mark.parametrize(
    "line",
    [
        candidate("8.8.8.8", transport="tcp", more=" tcptype active"),
        candidate("8.8.8.8", 80),
        candidate("8.8.8.8", 1023),
        candidate("8.8.8.8", 0),
        candidate("8.8.8.8", 65536),
        candidate("8.8.8.8", -1),
        candidate("8.8.8.8", "many"),
        candidate("4c1b6f6c-7a9b-4d1c-8f0e-2b1a.local"),
        candidate("example.org"),
        candidate("0.0.0.0"),
        candidate("127.0.0.1"),
        candidate("127.1.2.3"),
        candidate("::1"),
        candidate("::"),
        candidate("::ffff:127.0.0.1"),
        candidate("::ffff:169.254.169.254"),
        candidate("169.254.169.254"),
        candidate("fe80::1"),
        candidate("fe80::1%eth0"),
        candidate("224.0.0.251"),
        candidate("ff02::1"),
        candidate("255.255.255.255"),
        candidate("0177.0.0.1"),
        candidate("2130706433"),
        "a=candidate:1 1 udp 1 8.8.8.8",
        "a=candidate:",
    ],
)
def test_what_gets_no_packet(line: str) -> None:
    sdp = HEAD + line + "\n"
    assert "a=candidate" not in keep_safe_candidates(sdp, loopback=False, private=True)


@pytest.mark.parametrize(
    "separator", ["\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\n\r", "\r\r\n"]
)
def test_no_candidate_hides_behind_another_end_of_line(separator: str) -> None:
    """aiortc cuts lines at each of these."""
    assert kept(f"a=x:1{separator}{candidate('127.0.0.1')}", candidate("8.8.8.8")) == ["8.8.8.8"]
    assert kept(f"{candidate('8.8.8.8')}{separator}{candidate('127.0.0.1')}") == ["8.8.8.8"]


def test_private_addresses_only_when_we_are_on_a_private_network() -> None:
    lines = [candidate(a) for a in ("10.0.0.1", "192.168.1.2", "172.16.0.3", "fd00::1", "::ffff:10.0.0.1", "8.8.8.8")]
    assert kept(*lines, private=False) == ["8.8.8.8"]
    assert kept(*lines, private=True) == [line.split()[4] for line in lines]


def test_loopback_only_for_volunteers_of_this_machine() -> None:
    lines = [candidate("127.0.0.1"), candidate("::1"), candidate("8.8.8.8")]
    assert kept(*lines, loopback=True, private=False) == ["127.0.0.1", "::1", "8.8.8.8"]


def test_no_more_than_twenty() -> None:
    lines = [candidate("127.0.0.1") for _ in range(50)] + [candidate(f"8.8.8.{n}") for n in range(300)]
    assert kept(*lines) == [f"8.8.8.{n}" for n in range(MAX_CANDIDATES)]


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "100.100.100.200",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
    ],
)
def test_never_where_clouds_keep_secrets_nor_loopback_in_other_clothes(address: str) -> None:
    assert not is_worth_a_packet(ipaddress.ip_address(address), loopback=False, private=True)


@pytest.mark.parametrize("address", ["240.0.0.1", "192.0.2.1", "100.64.0.1"])
def test_special_ranges_on_a_public_network(address: str) -> None:
    # Shared address space (RFC 6598) is where many phones are; reserved ranges are nobody's.
    parsed = ipaddress.ip_address(address)
    assert is_worth_a_packet(parsed, loopback=False, private=False) is (address == "100.64.0.1")


def test_our_answer_keeps_the_best_candidates_and_one_of_each_type() -> None:
    hosts = [f"a=candidate:{n} 1 udp {2_000_000 - n} 192.0.2.{n} 5000 typ host" for n in range(25)]
    relayed = "a=candidate:99 1 udp 5 198.51.100.1 5000 typ relay raddr 192.0.2.1 rport 5000"
    sdp = "\r\n".join(["v=0", *hosts, relayed, "a=end-of-candidates", ""])
    kept = fit_candidates(sdp).split("\r\n")
    assert kept == ["v=0", *hosts[:19], relayed, "a=end-of-candidates", ""]
    assert fit_candidates("\r\n".join(["v=0", *hosts[:20]])) == "\r\n".join(["v=0", *hosts[:20]])
