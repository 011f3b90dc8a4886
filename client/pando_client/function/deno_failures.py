"""Why Deno ended, in words for a person. What it says itself is for those who develop with it."""

from __future__ import annotations

import errno
import re
import signal
import time
from pathlib import Path

from pando_shared.machine import is_short_of_addresses, number_in, refusal

DEBUG_TELLS = "DEBUG=pando-computing shows what it said"
_FOREIGN_LIBRARY = re.compile(r"GLIBC|GLIBCXX|libc\.so|Exec format error|cannot execute", re.IGNORECASE)
_WRONG_CLOCK = re.compile(
    r"not ?valid ?yet|certificate (?:is not yet valid|has expired|expired)|Expired\b|minimum.dependency.(?:age|date)",
    re.IGNORECASE,
)
_OFFLINE = re.compile(r"dns error|registry|client error \(Connect\)|error sending request|network", re.IGNORECASE)
_SERIOUS = re.compile(r"panicked|^#? ?Fatal|error:|\bUncaught\b|signal handler|GLIBC", re.IGNORECASE | re.MULTILINE)


def is_serious(errors: str) -> bool:
    """Whether what Deno wrote to its standard error tells of its end."""
    return _SERIOUS.search(errors) is not None


def why(errors: str, status: int | None = None) -> str:
    """Returns why Deno ended.

    Args:
        errors: what it wrote to its standard error.
        status: its exit status; below 0 for the signal that ended it; None if it is not known.
    """
    number = number_in(errors)
    if number is not None and (words := refusal(number)) is not None:
        return words
    if _WRONG_CLOCK.search(errors):
        return wrong_clock()
    if _FOREIGN_LIBRARY.search(errors):
        return "Deno does not run on this system: its C library is another or an older one"
    if "Permission denied" in errors or "os error 13" in errors:
        return "a file or folder that it needs is not for this user: its permissions forbid it"
    if "global Deno cache directory" in errors:
        return "there is no folder for its cache: DENO_DIR names one"
    if _OFFLINE.search(errors):
        return "what it needs from the npm registry cannot be fetched: that needs the internet"
    return _by_status(status)


def wrong_clock(now: float | None = None) -> str:
    """Returns what to say where certificates or packages are of another time than this machine.

    Args:
        now: seconds since 1970, if not the machine's.
    """
    now = time.time() if now is None else now
    date = time.strftime("%d %B %Y", time.gmtime(now)).lstrip("0")
    since = ", a time before Pando was installed" if now < _installed() else ""
    return f"the clock of this machine may be wrong: it says {date}{since}"


def _installed() -> float:
    try:
        return Path(__file__).stat().st_mtime
    except OSError:
        return 0.0


def _by_status(status: int | None) -> str:
    if status is None:
        return f"it failed; {DEBUG_TELLS}"
    if status >= 0:
        return f"it ended with exit status {status}; {DEBUG_TELLS}"
    if is_short_of_addresses():
        return str(refusal(errno.ENOMEM))  # it does not look at every error of that kind
    if status == -signal.SIGKILL:
        return "it was killed: perhaps this machine had no memory left"
    try:
        return f"it ended by {signal.Signals(-status).name}; {DEBUG_TELLS}"
    except ValueError:
        return f"it ended by signal {-status}; {DEBUG_TELLS}"
