"""The files of the volunteer page: types, compression, caches."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest

from pando_server.app import create_app
from pando_server.settings import ServerSettings
from pando_shared.errors import PandoError
from tests.support.server_peers import SECRET, site, write_page

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("path", "media_type"), [("/page.js", "text/javascript; charset=utf-8"), ("/style.css", "text/css; charset=utf-8")]
)
async def test_the_files_of_the_page_have_their_types(http: httpx.AsyncClient, path: str, media_type: str) -> None:
    response = await http.get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, media_type)


async def test_a_page_is_asked_for_again_and_not_sent_again(http: httpx.AsyncClient) -> None:
    for accepted in ("gzip", "identity"):
        first = await http.get("/page.js", headers={"accept-encoding": accepted})
        assert first.headers["cache-control"] == "no-cache"
        for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
            second = await http.get("/page.js", headers={"accept-encoding": accepted, "if-none-match": known})
            assert (second.status_code, second.content) == (304, b"")
            assert second.headers["etag"] == first.headers["etag"]
        assert (await http.get("/page.js", headers={"if-none-match": '"other"'})).status_code == 200


async def test_files_are_compressed_for_those_who_take_it(http: httpx.AsyncClient, static: Path) -> None:
    body = (static / "page.js").read_bytes()
    async with http.stream("GET", "/page.js", headers={"accept-encoding": "br, GZIP;q=0.5"}) as packed:
        raw = b"".join([part async for part in packed.aiter_raw()])
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == body
    assert len(raw) < len(body) / 2
    for accepted in ("identity", "gzip;q=0", "br", ""):
        plain = await http.get("/page.js", headers={"accept-encoding": accepted})
        assert "content-encoding" not in plain.headers
        assert plain.content == body
        assert plain.headers["vary"] == "accept-encoding"
        assert plain.headers["etag"] != packed.headers["etag"]


async def test_the_page_of_a_job_finds_its_files_in_the_folder_above(tmp_path: Path) -> None:
    write_page(tmp_path)
    (tmp_path / "index.html").write_text('<script src="./page.js"></script><p title="./">')
    async with site(tmp_path) as here, here.http() as http:
        assert (await http.get("/")).text == '<script src="./page.js"></script><p title="./">'
        below = await http.get("/j/brave-otter")
        assert below.text.startswith('<script src="../page.js">')
        assert below.headers["etag"] != (await http.get("/")).headers["etag"]


async def test_what_does_not_shrink_is_sent_as_it_is(http: httpx.AsyncClient) -> None:
    assert "content-encoding" not in (await http.get("/style.css", headers={"accept-encoding": "gzip"})).headers


async def test_head_tells_the_same_without_the_body(http: httpx.AsyncClient) -> None:
    head, whole = await http.head("/page.js"), await http.get("/page.js")
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]


async def test_ranges_are_not_served(http: httpx.AsyncClient) -> None:
    many = "bytes=" + ",".join(f"{number}-" for number in range(1_000))
    for wanted in ("bytes=0-0", many, "bytes=-1", "bytes=99999999999-"):
        response = await http.get("/page.js", headers={"range": wanted})
        assert response.status_code == 200
        assert "content-range" not in response.headers


async def test_a_page_that_was_not_built_is_one_clear_error(tmp_path: Path) -> None:
    settings = ServerSettings(secret=SECRET, embedded=True)
    with pytest.raises(PandoError, match=r"^the volunteer page is not built: index.html, .*make page`$"):
        create_app(settings, static=tmp_path)


async def test_files_in_folders_and_of_other_types_are_served_too(tmp_path: Path) -> None:
    write_page(tmp_path)
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "a.svg").write_text("<svg/>")
    (tmp_path / "favicon.ico").write_bytes(b"\x00")
    (tmp_path / "blob.bin").write_bytes(b"\x00")
    async with site(tmp_path) as here, here.http() as http:
        assert (await http.get("/img/a.svg")).headers["content-type"] == "image/svg+xml"
        assert (await http.get("/favicon.ico")).headers["content-type"] == "image/x-icon"
        assert (await http.get("/blob.bin")).headers["content-type"] == "application/octet-stream"
