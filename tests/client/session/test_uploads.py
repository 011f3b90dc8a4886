"""The blobs that one volunteer has asked for."""

from __future__ import annotations

import hashlib

import pytest

from pando_client.session.uploads import Uploads
from pando_shared.errors import ProtocolViolation
from pando_shared.wire.codec import BLOB_HEADER, from_client
from pando_shared.wire.messages import Blob, Wanted

BLOBS = {hashlib.sha256(blob).hexdigest(): blob for blob in (b"first", bytes(range(100)))}
FIRST, SECOND = BLOBS


def wanted(digest: str, start: int = 0) -> Wanted:
    return Wanted(digest=digest, **{"from": start})


def drained(uploads: Uploads, most: int) -> list[Blob]:
    pieces = []
    while uploads:
        piece = from_client(uploads.next_frame(most))
        assert isinstance(piece, Blob)
        pieces.append(piece)
    return pieces


def test_blobs_come_in_the_order_in_which_they_were_asked_for_in_frames_that_are_not_too_long() -> None:
    uploads = Uploads(BLOBS)
    assert not uploads
    uploads.ask(wanted(SECOND, 10))
    uploads.ask(wanted(FIRST))
    assert repr(uploads) == "<Uploads, 2 of 2 blobs to be sent>"
    pieces = drained(uploads, BLOB_HEADER + 40)
    assert [(piece.digest.hex(), piece.offset, len(piece.data)) for piece in pieces] == [
        (SECOND, 10, 40),
        (SECOND, 50, 40),
        (SECOND, 90, 10),
        (FIRST, 0, 5),
    ]
    assert b"".join(piece.data for piece in pieces) == BLOBS[SECOND][10:] + b"first"


def test_of_what_is_all_there_nothing_is_sent() -> None:
    uploads = Uploads(BLOBS)
    uploads.ask(wanted(FIRST, 5))
    assert not uploads


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        (None, wanted("0" * 64), "not offered"),
        (None, wanted(FIRST, 6), "byte 6 of 5"),
        (wanted(FIRST), wanted(FIRST), "the same blob again"),
        (wanted(FIRST, 5), wanted(FIRST), "the same blob again"),
    ],
)
def test_what_cannot_be_asked_for(first: Wanted | None, then: Wanted, said: str) -> None:
    uploads = Uploads(BLOBS)
    if first is not None:
        uploads.ask(first)
    with pytest.raises(ProtocolViolation, match=said):
        uploads.ask(then)


def test_when_the_session_ends_nothing_more_is_sent() -> None:
    uploads = Uploads(BLOBS)
    uploads.ask(wanted(SECOND))
    uploads.next_frame(BLOB_HEADER + 1)
    uploads.clear()
    assert not uploads
