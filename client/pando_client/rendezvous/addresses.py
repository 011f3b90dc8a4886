"""An address for phones."""

from __future__ import annotations

import io

from pando_shared.text import printable


def qr_code(url: str) -> str:
    """Returns `url` as a QR code (ISO/IEC 18004) for a terminal, so that a phone need not type it."""
    import segno  # only wanted on a terminal

    out = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(out=out, compact=True, border=2)
    return out.getvalue().rstrip("\n")


def for_phones(url: str, columns: int | None, encoding: str) -> str:
    """Returns the QR code of `url` for a terminal that can show it, otherwise a line that says why there is none.

    Args:
        url: of the volunteer page.
        columns: of the terminal; None if it does not say.
        encoding: of what is written to it.
    """
    code = qr_code(url)
    needed = max(len(line) for line in code.splitlines())
    if columns is not None and columns < needed:
        return f"pando: there is no QR code: it needs {needed} columns, and this terminal has {columns}"
    try:
        code.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return (
            f"pando: there is no QR code: this terminal's encoding ({printable(encoding, 40)}) has no blocks to draw it"
        )
    return code
