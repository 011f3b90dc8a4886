"""An address for phones."""

from __future__ import annotations

from pando_client.rendezvous.addresses import for_phones, qr_code


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
