"""What is sent first."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from pando_client.session.outbox import Outbox
from pando_shared.limits import MAX_FRAME_BYTES
from pando_shared.wire.codec import from_client
from pando_shared.wire.framing import CONTROL, Joiner
from pando_shared.wire.messages import Blob, Wanted

CONTROL_TYPE, BULK_TYPE = min(CONTROL), 0x11


def message(kind: int, number: int, size: int = 0) -> bytes:
    return bytes((kind, 0, 0, 0)) + number.to_bytes(4, "little") + bytes(size)


def arriving(outbox: Outbox) -> bytes | None:
    """The next frame, which arrives at once."""
    frame = outbox.next_frame(0.0)
    if frame is not None and frame[0] not in CONTROL:
        outbox.window.received(len(frame), 0.0)
    return frame


def test_there_is_nothing_at_first_and_nothing_after_the_last_frame() -> None:
    outbox = Outbox({})
    assert not outbox
    assert outbox.next_frame(0.0) is None
    outbox.put_bulk(message(BULK_TYPE, 1))
    outbox.put_control(message(CONTROL_TYPE, 2))
    assert repr(outbox).startswith("<Outbox 1 control, 1 bulk, ")
    assert outbox
    assert [outbox.next_frame(0.0), outbox.next_frame(0.0)] == [message(CONTROL_TYPE, 2), message(BULK_TYPE, 1)]
    assert outbox.next_frame(0.0) is None
    assert not outbox


def test_control_comes_between_the_frames_of_a_long_message() -> None:
    outbox = Outbox({})
    outbox.put_bulk(message(BULK_TYPE, 1, 2 * MAX_FRAME_BYTES))
    first = outbox.next_frame(0.0)
    outbox.put_control(message(CONTROL_TYPE, 2))
    assert outbox.next_frame(0.0) == message(CONTROL_TYPE, 2)
    rest = list(iter(lambda: arriving(outbox), None))
    joiner = Joiner(1 << 20)
    assert first is not None
    assert [joiner.receive(frame) for frame in [first, *rest]][-1] == message(BULK_TYPE, 1, 2 * MAX_FRAME_BYTES)


def test_what_is_cleared_is_not_sent_also_what_was_begun() -> None:
    outbox = Outbox({})
    outbox.put_bulk(message(BULK_TYPE, 1, 2 * MAX_FRAME_BYTES))
    outbox.put_bulk(message(BULK_TYPE, 2))
    outbox.next_frame(0.0)
    outbox.put_control(message(CONTROL_TYPE, 3))
    outbox.clear()
    assert not outbox
    outbox.put_control(message(CONTROL_TYPE, 4))
    assert list(iter(lambda: outbox.next_frame(0.0), None)) == [message(CONTROL_TYPE, 4)]


@given(st.lists(st.one_of(st.sampled_from(["control", "drain"]), st.integers(0, 3 * MAX_FRAME_BYTES)), max_size=30))
def test_every_message_arrives_once_and_each_kind_in_its_order(steps: list[str | int]) -> None:
    outbox = Outbox({})
    joiner = Joiner(1 << 20)
    sent: dict[int, list[bytes]] = {CONTROL_TYPE: [], BULK_TYPE: []}
    arrived: dict[int, list[bytes]] = {CONTROL_TYPE: [], BULK_TYPE: []}

    def drain(frames: int | None = None) -> None:
        while frames != 0 and (frame := arriving(outbox)) is not None:
            if (whole := joiner.receive(frame)) is not None:
                arrived[whole[0]].append(whole)
            frames = frames and frames - 1

    for number, step in enumerate(steps):
        if step == "drain":
            drain(2)
        elif step == "control":
            outbox.put_control(message(CONTROL_TYPE, number))
            sent[CONTROL_TYPE].append(message(CONTROL_TYPE, number))
        else:
            size = int(step)
            outbox.put_bulk(message(BULK_TYPE, number, size))
            sent[BULK_TYPE].append(message(BULK_TYPE, number, size))
    drain()
    assert arrived == sent


def test_bulk_waits_for_what_is_under_way_and_control_does_not() -> None:
    outbox = Outbox({})
    for number in range(3):
        outbox.put_bulk(message(BULK_TYPE, number, MAX_FRAME_BYTES - 8))
    sent = list(iter(lambda: outbox.next_frame(0.0), None))
    assert len(sent) == 2, "the frame that reaches the window may go beyond"
    assert not outbox
    outbox.put_control(message(CONTROL_TYPE, 4))
    assert outbox.next_frame(0.0) == message(CONTROL_TYPE, 4)
    outbox.window.received(MAX_FRAME_BYTES, 0.0)
    assert outbox
    assert outbox.next_frame(0.0) is not None


def test_blobs_that_were_asked_for_follow_the_leases() -> None:
    blob = bytes(range(256)) * 400
    digest = hashlib.sha256(blob).hexdigest()
    outbox = Outbox({digest: blob})
    outbox.uploads.ask(Wanted(digest=digest, **{"from": 1000}))
    outbox.put_bulk(message(BULK_TYPE, 1))
    frames = list(iter(lambda: arriving(outbox), None))
    assert frames[0] == message(BULK_TYPE, 1)
    pieces = [from_client(frame) for frame in frames[1:]]
    assert b"".join(piece.data for piece in pieces if isinstance(piece, Blob)) == blob[1000:]
    assert next(piece.offset for piece in pieces if isinstance(piece, Blob)) == 1000
    assert {piece.digest.hex() for piece in pieces if isinstance(piece, Blob)} == {digest}
