"""The policies of the page and of its frames, as they arrive."""

from __future__ import annotations

import base64
import hashlib
import re

import httpx
import pytest

from pando_server.http.policies import PAGE_POLICY, frame_policy, page_frame_policy, policy_of

served = pytest.mark.asyncio(loop_scope="module")
"""For tests of a server that runs while this file is tested."""


@served
async def test_the_frame_is_sandboxed_by_its_own_policy(http: httpx.AsyncClient) -> None:
    policy = (await http.get("/frame.html")).headers["content-security-policy"]
    assert policy == frame_policy()
    assert policy.startswith("sandbox allow-scripts;")
    assert "connect-src data: blob:;" in policy


@served
async def test_the_frame_with_a_page_runs_one_script_and_what_that_evaluates(http: httpx.AsyncClient) -> None:
    response = await http.get("/page_frame.html")
    policy = directives(response)
    [script] = re.findall(r"<script>(.*)</script>", response.text)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == [f"'sha256-{digest}'", "'unsafe-eval'", "'wasm-unsafe-eval'"]
    assert policy["sandbox"] == ["allow-scripts"]
    assert policy["default-src"] == ["'none'"]
    assert policy["connect-src"] == policy["img-src"] == policy["media-src"] == ["data:", "blob:"]


@served
@pytest.mark.parametrize("path", ["/frame.html", "/page_frame.html"])
async def test_a_frame_reaches_the_hosts_that_its_address_names_and_no_others(
    http: httpx.AsyncClient, path: str
) -> None:
    policy = directives(await http.get(path, params={"net": "a.example,https://b.example:8443"}))
    hosts = ["http://a.example", "ws://a.example", "https://b.example:8443"]
    assert policy["connect-src"] == ["data:", "blob:", *hosts]
    assert [name for name, values in policy.items() if "http://a.example" in values] == (
        ["connect-src"] if path == "/frame.html" else ["style-src", "img-src", "media-src", "font-src", "connect-src"]
    )
    assert directives(await http.get(path, params={"net": "*"}))["connect-src"] == ["data:", "blob:", "*"]
    plain = await http.get(path)
    assert "example" not in plain.headers["content-security-policy"]


@served
@pytest.mark.parametrize("net", ["", "a b", "a;script-src *", "'self'", "a,", "*,a", "data:", "a\r\nx: y", "A.example"])
async def test_nothing_but_hosts_gets_into_a_policy(http: httpx.AsyncClient, net: str) -> None:
    response = await http.get("/frame.html", params={"net": net})
    assert response.status_code == 400
    assert response.headers["content-security-policy"] == PAGE_POLICY


def directives(response: httpx.Response) -> dict[str, list[str]]:
    """The Content-Security-Policy of a response."""
    parts = [part.split() for part in response.headers["content-security-policy"].split(";")]
    return {name: values for name, *values in parts}


# The same as functions, without a server.


def test_only_frames_let_the_function_reach_hosts() -> None:
    for name in ("index.html", "page.js", "style.css", "img/frame.html"):
        assert policy_of(name, b"<script>x</script>")(["a.example"]) == PAGE_POLICY
    assert policy_of("frame.html", b"")(["a.example"]) == frame_policy(["a.example"])


def test_the_script_of_the_frame_with_a_page_is_known_by_its_hash() -> None:
    script = b"one()\ntwo()"
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    policy = policy_of("page_frame.html", b"<body><script>" + script + b"</script><script>other()</script>")
    assert policy([]) == page_frame_policy(f"sha256-{digest}")
    empty = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    assert policy_of("page_frame.html", b"<body>")(["*"]) == page_frame_policy(f"sha256-{empty}", ["*"])


def test_no_text_but_hosts_gets_into_the_policy_of_a_frame() -> None:
    for host in ("a b", "a;script-src *", "'self'", ""):
        with pytest.raises(ValueError, match="a host is"):
            frame_policy([host])
        with pytest.raises(ValueError, match="a host is"):
            page_frame_policy("sha256-x", [host])
