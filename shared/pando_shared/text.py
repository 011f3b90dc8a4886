"""Foreign text made safe to show: on a terminal, in a log, on a page."""

MAX_SHOWN = 200
"""Characters of a foreign string that are ever shown."""


def printable(text: object, limit: int = MAX_SHOWN) -> str:
    r"""Returns `text` on one line, with every character that a terminal could act on escaped, cut at `limit`.

    >>> printable("a\x1b[2Jb\n")
    'a\\x1b[2Jb\\n'
    """
    # Cut before and after escaping: the first bounds the work, the second what is shown.
    raw = str(text)
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode("ascii")
        for c in raw[: limit + 1]
    )
    return shown if len(raw) <= limit and len(shown) <= limit else shown[: limit - 1] + "…"
