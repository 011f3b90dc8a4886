"""What somebody may have meant who typed a name that does not exist."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

MAX_CHARACTERS = 40
"""Characters of a name that may be a slip: comparing takes quadratic time."""


def hyphenated(name: str) -> str:
    """Returns the name as options have it: `iceServers` and `ice_servers` are `ice-servers`.

    >>> hyphenated("iceServers")
    'ice-servers'
    """
    return re.sub(r"([a-z])([A-Z])", r"\1-\2", name).replace("_", "-").lower()


def near_miss(typed: str, names: Iterable[str]) -> str | None:
    """Returns the name that `typed` is most like, or that it begins, or None if it is like none.

    Args:
        typed: without the hyphens that make it an option.
        names: those that there are.
    """
    if not typed or len(typed) > MAX_CHARACTERS:
        return None
    name, known = hyphenated(typed), list(names)
    if name in known:
        return name
    # Without hyphens both, so that `syncstdio` is no slip at all.
    plain = {other.replace("-", ""): other for other in known}
    like = difflib.get_close_matches(name.replace("-", ""), plain, n=1, cutoff=0.7)
    if like:
        return plain[like[0]]
    begun = [other for other in known if other.startswith(name)]
    return begun[0] if len(begun) == 1 and len(name) > 1 else None
