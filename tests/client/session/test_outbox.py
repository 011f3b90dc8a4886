"""What is sent first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pando_client.session.outbox import Outbox
from pando_shared.limits import MAX_FRAME_BYTES
from pando_shared.wire.framing import CONTROL, Joiner

CONTROL_TYPE, BULK_TYPE = min(CONTROL), 0x11


def message(kind: int, number: int, size: int = 0) -> bytes:
    return bytes((kind, 0, 0, 0)) + number.to_bytes(4, "little") + bytes(size)


def test_there_is_nothing_at_first_and_nothing_after_the_last_frame() -> None:
    outbox = Outbox()
    assert not outbox
    assert outbox.next_frame() is None
    outbox.put_bulk(message(BULK_TYPE, 1))
    outbox.put_control(message(CONTROL_TYPE, 2))
    assert repr(outbox) == "<Outbox 1 control, 1 bulk>"
    assert outbox
    assert [outbox.next_frame(), outbox.next_frame()] == [message(CONTROL_TYPE, 2), message(BULK_TYPE, 1)]
    assert outbox.next_frame() is None
    assert not outbox


def test_control_comes_between_the_frames_of_a_long_message() -> None:
    outbox = Outbox()
    outbox.put_bulk(message(BULK_TYPE, 1, 2 * MAX_FRAME_BYTES))
    first = outbox.next_frame()
    outbox.put_control(message(CONTROL_TYPE, 2))
    assert outbox.next_frame() == message(CONTROL_TYPE, 2)
    rest = list(iter(outbox.next_frame, None))
    joiner = Joiner(1 << 20)
    assert first is not None
    assert [joiner.receive(frame) for frame in [first, *rest]][-1] == message(BULK_TYPE, 1, 2 * MAX_FRAME_BYTES)


def test_what_is_cleared_is_not_sent_also_what_was_begun() -> None:
    outbox = Outbox()
    outbox.put_bulk(message(BULK_TYPE, 1, 2 * MAX_FRAME_BYTES))
    outbox.put_bulk(message(BULK_TYPE, 2))
    outbox.next_frame()
    outbox.put_control(message(CONTROL_TYPE, 3))
    outbox.clear()
    assert not outbox
    outbox.put_control(message(CONTROL_TYPE, 4))
    assert list(iter(outbox.next_frame, None)) == [message(CONTROL_TYPE, 4)]


@given(st.lists(st.one_of(st.sampled_from(["control", "drain"]), st.integers(0, 3 * MAX_FRAME_BYTES)), max_size=30))
def test_every_message_arrives_once_and_each_kind_in_its_order(steps: list[str | int]) -> None:
    outbox = Outbox()
    joiner = Joiner(1 << 20)
    sent: dict[int, list[bytes]] = {CONTROL_TYPE: [], BULK_TYPE: []}
    arrived: dict[int, list[bytes]] = {CONTROL_TYPE: [], BULK_TYPE: []}

    def drain(frames: int | None = None) -> None:
        while frames != 0 and (frame := outbox.next_frame()) is not None:
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
