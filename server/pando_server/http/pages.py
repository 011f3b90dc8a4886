"""The volunteer page and its files: read once, kept in memory, served under their exact names.

No path is computed from a request: it names a file that was there at the start, or nothing.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pando_server.http.policies import Policy, policy_of
from pando_shared.allowed_hosts import fault_of
from pando_shared.errors import PandoError

STATIC = Path(__file__).parents[1] / "static"
"""Where the build puts the page."""
NEEDED = ("index.html", "frame.html", "page_frame.html", "page.js", "crypto.js", "style.css")
MAX_FILES = 1_000
"""Files that are read at most: what has more of them is not the build of a page."""


_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_INCOMPRESSIBLE = {".png", ".ico", ".woff2"}
"""gzip does not make these smaller."""


@dataclass(frozen=True, slots=True)
class Page:
    """One file, ready to be sent. `packed` is its gzip form, where that is shorter."""

    body: bytes
    packed: bytes | None
    media_type: str
    etag: str
    policy: Policy

    @staticmethod
    def of(name: str, body: bytes) -> Page:
        """Returns the file `name` with the contents `body`."""
        suffix = Path(name).suffix
        # Without a time stamp, so that equal files have equal bytes.
        packed = gzip.compress(body, 9, mtime=0) if suffix in _TYPES and suffix not in _INCOMPRESSIBLE else None
        return Page(
            body=body,
            packed=packed if packed and len(packed) < len(body) else None,
            media_type=_TYPES.get(suffix, "application/octet-stream"),
            etag=hashlib.sha256(body).hexdigest()[:20],
            policy=policy_of(name, body),
        )

    def seen_from_below(self) -> Page:
        """Returns this HTML page for an address one folder further down: files that are named `./…` are at `../…`."""
        return Page.of("index.html", self.body.replace(b'="./', b'="../'))

    def response(self, request: Request) -> Response:
        """Returns the response to `request`. Ranges are not served: the whole is a few kilobytes.

        Raises:
            HTTPException: the request names hosts that are none.
        """
        packed = self.packed is not None and _takes_gzip(request.headers.get("accept-encoding", ""))
        # Two representations, two tags (RFC 9110, section 8.8.3.3).
        etag = f'"{self.etag}-gz"' if packed else f'"{self.etag}"'
        headers = {
            "etag": etag,
            "cache-control": "no-cache",
            "vary": "accept-encoding",
            "content-security-policy": self.policy(_hosts_of(request)),
        }
        known = request.headers.get("if-none-match", "")
        if known == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
            return Response(status_code=304, headers=headers)
        if packed:
            headers["content-encoding"] = "gzip"
        return Response(self.packed if packed else self.body, headers=headers, media_type=self.media_type)


def read_pages(directory: Path) -> Mapping[str, Page]:
    """Reads every file under `directory`; the keys are paths relative to it, with `/`.

    Raises:
        PandoError: the page was not built.
    """
    missing = [name for name in NEEDED if not (directory / name).is_file()]
    if missing:
        raise PandoError(
            f"the volunteer page is not built: {', '.join(missing)} missing in {directory}. "
            "Install the package with pip, or build the page with `make page`"
        )
    files = sorted(path for path in directory.rglob("*") if path.is_file())[:MAX_FILES]
    names = {path.relative_to(directory).as_posix(): path for path in files}
    return {name: Page.of(name, path.read_bytes()) for name, path in names.items()}


def _hosts_of(request: Request) -> list[str]:
    """Returns the hosts that `?net=HOST,HOST` names. They become part of a header, so nothing but hosts may pass.

    Raises:
        HTTPException: one of them is none.
    """
    given = request.query_params.get("net")
    hosts = [] if given is None else given.split(",")
    if (fault := fault_of(hosts)) is not None:
        raise HTTPException(400, fault)
    return hosts


def _takes_gzip(accepted: str) -> bool:
    for entry in accepted.lower().split(","):
        coding, _, weight = entry.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
