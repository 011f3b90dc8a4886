"""The way to a server: proxies, and whose certificates are trusted."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from pando_client.rendezvous.outbound import Way, readable, way_to
from pando_shared.errors import UsageError
from tests.support.fronts import Authority

PROXY = "http://proxy.example:3128"
SERVER = "https://pando.example"


def proxy(url: str, **env: str) -> tuple[str | None, str]:
    way = way_to(url, env)
    return way.proxy, way.variable


def test_the_proxy_of_the_environment() -> None:
    assert proxy(SERVER) == (None, "")
    assert proxy(SERVER, HTTPS_PROXY=PROXY) == (PROXY, "HTTPS_PROXY")
    assert proxy(SERVER, HTTPS_PROXY="", https_proxy=PROXY) == (PROXY, "https_proxy")
    assert proxy(SERVER, HTTPS_PROXY="proxy.example:3128") == (PROXY, "HTTPS_PROXY")
    assert proxy(SERVER, HTTP_PROXY=PROXY) == (None, "")
    assert proxy("http://pando.example", HTTP_PROXY=PROXY) == (PROXY, "HTTP_PROXY")
    assert proxy("http://pando.example", HTTP_PROXY=PROXY, REQUEST_METHOD="GET") == (None, "")
    assert proxy(SERVER, ALL_PROXY=PROXY) == (PROXY, "ALL_PROXY")


@pytest.mark.parametrize(
    "url", ["https://localhost", "http://127.0.0.1:5000", "http://[::1]:5000", "https://a.localhost"]
)
def test_this_machine_is_reached_directly(url: str) -> None:
    assert proxy(url, HTTPS_PROXY=PROXY, HTTP_PROXY=PROXY) == (None, "")


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("https://pando.example", "*", True),
        ("https://pando.example", "a.example, pando.example", True),
        ("https://pando.example", "example", True),
        ("https://pando.example", ".example", True),
        ("https://pando.example", "*.example", True),
        ("https://pando.example", "PANDO.example", True),
        ("https://pando.example:8443", "pando.example:8443", True),
        ("https://pando.example:8443", "pando.example:443", False),
        ("https://pando.example", "ando.example", False),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://10.1.2.3", "11.0.0.0/8,x", False),
        ("https://[2001:db8::1]:8443", "[2001:db8::1]", True),
        ("https://[2001:db8::1]", "2001:db8::/32", True),
        ("https://pando.example", ",", False),
    ],
)
def test_what_is_excepted(url: str, no_proxy: str, direct: bool) -> None:
    assert (proxy(url, HTTPS_PROXY=PROXY, NO_PROXY=no_proxy)[0] is None) is direct


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("socks5://proxy.example:1080", r"HTTPS_PROXY names a proxy of a kind that Pando cannot use \(socks5\)"),
        ("http://proxy.example:port", "HTTPS_PROXY is not the address of a proxy: http://proxy.example:port"),
        ("http://", "HTTPS_PROXY is not the address of a proxy"),
        ("http://user:secret@[::1", "HTTPS_PROXY is not the address of a proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used(value: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        way_to(SERVER, {"HTTPS_PROXY": value})
    assert "secret" not in str(caught.value)


def test_a_proxy_is_named_without_its_password() -> None:
    assert Way("http://user:secret@proxy.example:3128", "HTTPS_PROXY").proxy_address == "proxy.example:3128"
    assert Way().proxy_address == ""


def test_certificates(tmp_path: Path) -> None:
    assert way_to("http://pando.example", {}).tls is None
    way = way_to(SERVER, {})
    assert way.tls is not None
    assert way.tls.verify_mode is ssl.CERT_REQUIRED
    assert way.tls.check_hostname
    assert way_to("http://pando.example", {"HTTP_PROXY": "https://proxy.example"}).tls is not None
    authority = Authority(tmp_path)
    known = way_to(SERVER, {"SSL_CERT_FILE": str(authority.file), "SSL_CERT_DIR": str(tmp_path)}).tls
    assert known is not None
    subjects = [certificate.get("subject") for certificate in known.get_ca_certs()]
    assert ((("commonName", "An authority of a test"),),) in subjects


def test_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    missing = str(tmp_path / "missing")
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        with pytest.raises(UsageError, match=rf"^{variable} names .* cannot be read: No such file or directory$"):
            way_to(SERVER, {variable: missing})
        with pytest.raises(UsageError, match="which cannot be read: it is no path"):
            readable(variable, {variable: "a\0b"})
        assert readable(variable, {variable: ""}) is None
    with pytest.raises(UsageError, match=r"which holds no certificate$"):
        way_to(SERVER, {"SSL_CERT_FILE": str(tmp_path / "text")})
