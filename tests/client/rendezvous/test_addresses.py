"""Where volunteers can reach this machine."""

from __future__ import annotations

import ipaddress
from types import SimpleNamespace

import ifaddr
import pytest

from pando_client.rendezvous.addresses import for_phones, ipv4_addresses, qr_code


def adapters(*addresses: object) -> list[SimpleNamespace]:
    return [SimpleNamespace(ips=[SimpleNamespace(ip=address) for address in addresses])]


def test_this_machine_has_addresses() -> None:
    found = ipv4_addresses()
    assert found
    assert all(ipaddress.IPv4Address(address) for address in found)


def test_networks_first_and_loopback_last(monkeypatch: pytest.MonkeyPatch) -> None:
    ips = ["127.0.0.1", "169.254.1.1", "192.168.1.7", "10.0.0.9", "10.0.0.9", ("fe80::1", 0, 2)]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters(*ips))
    assert ipv4_addresses() == ["10.0.0.9", "192.168.1.7", "169.254.1.1", "127.0.0.1"]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters())
    assert ipv4_addresses() == ["127.0.0.1"]


def test_a_qr_code_is_a_square_of_text() -> None:
    lines = qr_code("http://192.168.1.7:5000").splitlines()
    assert len(lines) > 10
    assert len({len(line) for line in lines}) == 1


def test_a_terminal_that_cannot_show_a_qr_code_gets_a_line() -> None:
    url = "http://192.168.1.7:5000"
    assert for_phones(url, None, "utf-8") == for_phones(url, 80, "utf-8") == qr_code(url)
    assert for_phones(url, 20, "utf-8").startswith("pando: there is no QR code: it needs ")
    assert for_phones(url, 20, "utf-8").endswith(" columns, and this terminal has 20")
    said = "pando: there is no QR code: this terminal's encoding (ascii) has no blocks to draw it"
    assert for_phones(url, 80, "ascii") == said
    assert "no QR code" in for_phones(url, 80, "nonsense")
