"""Why Deno ended, in words."""

from __future__ import annotations

import signal

import pytest

from pando_client.function.deno_failures import is_serious, why, wrong_clock

SHOWS = "DEBUG=pando-computing shows what it said"


@pytest.mark.parametrize(
    ("errors", "status", "words"),
    [
        ("error: Too many open files (os error 24)", 1, "this program may open no more than "),
        ("thread panicked: No space left on device (os error 28)", 101, "there is no space left on a disk"),
        ("invalid peer certificate: NotValidYet", 1, "the clock of this machine may be wrong: it says "),
        ("deno: /lib/libc.so.6: version `GLIBC_2.38' not found", 1, "Deno does not run on this system: its C library"),
        ("Permission denied (os error 13)", 1, "a file or folder that it needs is not for this user"),
        ("Could not resolve global Deno cache directory", 1, "there is no folder for its cache: DENO_DIR names one"),
        ("error sending request: dns error", 1, "what it needs from the npm registry cannot be fetched"),
        ("", 7, f"it ended with exit status 7; {SHOWS}"),
        ("", None, f"it failed; {SHOWS}"),
        ("", -signal.SIGKILL, "it was killed: perhaps this machine had no memory left"),
        ("", -signal.SIGSEGV, f"it ended by SIGSEGV; {SHOWS}"),
        ("", -77, f"it ended by signal 77; {SHOWS}"),
    ],
)
def test_why(errors: str, status: int | None, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pando_client.function.deno_failures.is_short_of_addresses", lambda: False)
    assert why(errors, status).startswith(words)


def test_a_limit_of_addresses_ends_deno_in_many_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pando_client.function.deno_failures.is_short_of_addresses", lambda: True)
    assert "memory" in why("", -signal.SIGTRAP)


def test_a_clock_that_is_behind_is_named_with_its_date() -> None:
    assert wrong_clock(0.0) == (
        "the clock of this machine may be wrong: it says 1 January 1970, a time before Pando was installed"
    )
    assert wrong_clock(4e9) == "the clock of this machine may be wrong: it says 2 October 2096"


@pytest.mark.parametrize(
    ("errors", "serious"),
    [
        ("thread 'main' panicked at", True),
        ("# Fatal process out of memory", True),
        ("warning: slow", False),
        ("", False),
    ],
)
def test_not_all_that_deno_says_tells_of_its_end(errors: str, serious: bool) -> None:
    assert is_serious(errors) is serious
