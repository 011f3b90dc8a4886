"""Frames of the data plane: what is split is joined, and what is not a frame is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pando_shared.errors import ProtocolViolation
from pando_shared.limits import MAX_FRAME_BYTES
from pando_shared.wire.framing import CONTROL, Joiner, Splitter, split

VECTORS = json.loads((Path(__file__).parents[3] / "shared/vectors/v2/framing.json").read_text())


def pattern(kind: int, length: int) -> bytes:
    return bytes((kind, 0, 0, 0)) + bytes((i * 31 + 7) % 256 for i in range(4, length))


@pytest.mark.parametrize("vector", VECTORS["good"], ids=lambda v: v["name"])
def test_frames_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    message = pattern(vector["pattern"]["type"], vector["pattern"]["length"])
    frames = list(split(message))
    assert [(f[:8].hex(), len(f)) for f in frames] == [(f["head"], f["length"]) for f in vector["frames"]]
    joiner = Joiner(limit=len(message))
    joined = [joiner.receive(frame) for frame in frames]
    assert joined == [None] * (len(frames) - 1) + [message]
    assert repr(joiner) == "<Joiner idle>"


@pytest.mark.parametrize("vector", VECTORS["broken"], ids=lambda v: v["name"])
def test_broken_sequences_are_refused(vector: dict[str, Any]) -> None:
    joiner = Joiner(limit=vector["limit"])
    *before, last = [bytes.fromhex(head).ljust(length, b"\0") for head, length in vector["frames"]]
    for frame in before:
        joiner.receive(frame)
    with pytest.raises(ProtocolViolation):
        joiner.receive(last)


@given(st.lists(st.integers(4, 3 * MAX_FRAME_BYTES), max_size=4), st.data())
def test_messages_come_out_as_they_went_in_with_control_between_their_parts(
    lengths: list[int], data: st.DataObject
) -> None:
    joiner = Joiner(limit=3 * MAX_FRAME_BYTES)
    control = bytes((0x23, 0, 0, 0)) + b"12345678"
    for length in lengths:
        message = bytes((0x21, 0, 0, 0)) + bytes(length - 4)
        out: list[bytes | None] = []
        for frame in split(message):
            assert len(frame) <= MAX_FRAME_BYTES
            if data.draw(st.booleans()):
                assert joiner.receive(control) == control
            out.append(joiner.receive(frame))
        assert [m for m in out if m is not None] == [message]


full = st.builds(lambda head, size: head.ljust(size, b"\0"), st.binary(max_size=12), st.just(MAX_FRAME_BYTES))


@given(st.lists(st.binary(max_size=12) | full, max_size=6))
def test_no_bytes_do_anything_but_join_or_raise(frames: list[bytes]) -> None:
    joiner = Joiner(limit=10 * MAX_FRAME_BYTES)
    for frame in frames:
        try:
            message = joiner.receive(frame)
        except ProtocolViolation:
            return
        assert message is None or len(message) >= 4


def test_the_announced_total_is_checked_on_the_first_part() -> None:
    frame = next(split(pattern(0x21, 1_000_000)))
    with pytest.raises(ProtocolViolation, match="1000000"):
        Joiner(limit=999_999).receive(frame)


def test_a_long_message_cannot_pose_as_control() -> None:
    joiner = Joiner(limit=1_000_000)
    for kind in CONTROL:
        *before, last = split(bytes((kind, 0, 0, 0)) + bytes(100_000))
        assert [joiner.receive(frame) for frame in before] == [None] * len(before)
        with pytest.raises(ProtocolViolation):
            joiner.receive(last)


@pytest.mark.parametrize("vector", VECTORS["joined"], ids=lambda v: v["name"])
def test_parts_may_be_short(vector: dict[str, Any]) -> None:
    message = pattern(vector["pattern"]["type"], vector["pattern"]["length"])
    joiner, splitter = Joiner(limit=len(message)), Splitter(message)
    joined: list[bytes | None] = []
    for number, size in enumerate(vector["sizes"]):
        joined.append(joiner.receive(splitter.next_frame(size + (4 if number else 8))))
    assert joined == [None] * (len(joined) - 1) + [message]
    assert splitter.is_done
    assert repr(splitter) == f"<Splitter at {len(message)} of {len(message)} bytes>"
