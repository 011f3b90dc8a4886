"""What somebody may have meant."""

from __future__ import annotations

import pytest

from pando_shared.near_miss import MAX_CHARACTERS, hyphenated, near_miss

NAMES = ("stdin", "sync-stdio", "batch-size", "ice-servers", "retries", "host", "local", "start-idle", "secret", "seed")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("stdn", "stdin"),
        ("batchsize", "batch-size"),
        ("batchSize", "batch-size"),
        ("batch_size", "batch-size"),
        ("iceServers", "ice-servers"),
        ("retires", "retries"),
        ("HOST", "host"),
        ("sync", "sync-stdio"),
        ("loca", "local"),
        ("start", "start-idle"),
        ("startidle", "start-idle"),
        ("frobnicate", None),
        ("s", None),
        ("se", None),  # secret, seed
        ("5", None),
        ("", None),
        ("stdin" * MAX_CHARACTERS, None),
    ],
)
def test_what_is_meant(typed: str, meant: str | None) -> None:
    assert near_miss(typed, NAMES) == meant


def test_three_spellings_of_a_name() -> None:
    assert {hyphenated(name) for name in ("ice-servers", "ice_servers", "iceServers")} == {"ice-servers"}
