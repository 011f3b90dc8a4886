"""What every response carries, and what an error of the application becomes."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from pando_server.http.policies import PAGE_POLICY
from tests.support.server_peers import SECRET, site

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_answer_carries_the_headers_that_protect_it(http: httpx.AsyncClient) -> None:
    for path in ("/", "/page.js", "/api/config", "/healthz", "/nothing", "/socket.io/", "/favicon.ico"):
        headers = (await http.get(path)).headers
        assert headers["content-security-policy"] == PAGE_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
        assert not [name for name in headers if name.startswith("access-control-")]


async def test_an_error_of_ours_is_a_plain_500_without_details(
    static: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> str:
        raise RuntimeError(SECRET)

    async with site(static) as here, here.http() as http:
        monkeypatch.setattr(here.relay, "nonce", fail)
        answers = [await http.get("/api/nonce") for _ in range(3)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(500, "an error of the server")}
    assert SECRET not in caplog.text
    assert [record.getMessage() for record in caplog.records if record.name == "pando_server"] == [
        "/api/nonce failed: RuntimeError"
    ]
