"""Frames: long messages are split into parts of at most 60 KiB and joined again (PROTOCOL.md, 2.1).

Sans-I/O, the same for both directions. The channel underneath is ordered and reliable, so a part needs no number:
what may follow what is decided by the one message that is open.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pando_shared.errors import ProtocolViolation
from pando_shared.limits import MAX_FRAME_BYTES, MIN_PART_BYTES

FIRST = 0x01
NEXT = 0x02
HEADER = 4
"""Bytes of the header of a message, and of a next part."""
FIRST_HEADER = 8

CONTROL = frozenset({0x10, 0x12, 0x13, 0x14, 0x16, 0x20, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28})
"""Types of the messages that may come between the parts of a long one."""

_TOTAL = struct.Struct("<I")
_FIRST_HEAD = struct.Struct("<BBBBI")
_NEXT_HEAD = bytes((NEXT, 0, 0, 0))


class Splitter:
    """Cuts a message (type, three bytes, body) into the frames that carry it.

    Args:
        message: of any length.
    """

    def __init__(self, message: bytes) -> None:
        self._message = memoryview(message)
        self._at = 0

    def __repr__(self) -> str:
        return f"<Splitter at {self._at} of {len(self._message)} bytes>"

    @property
    def is_done(self) -> bool:
        """Whether there is no further frame."""
        return self._at >= len(self._message)

    def next_frame(self, most: int = MAX_FRAME_BYTES) -> bytes:
        """Returns the next frame, of at most `most` bytes if it is a part; at least one is left.

        Args:
            most: from `FIRST_HEADER + MIN_PART_BYTES` to `MAX_FRAME_BYTES`.
        """
        total = len(self._message)
        if total <= MAX_FRAME_BYTES:
            self._at = total
            return bytes(self._message)
        head = _NEXT_HEAD if self._at else _FIRST_HEAD.pack(FIRST, 0, 0, 0, total)
        part = self._message[self._at : self._at + most - len(head)]
        self._at += len(part)
        return head + part


def split(message: bytes) -> Iterator[bytes]:
    """Yields the frames that carry `message`, as long as they may be, in order."""
    splitter = Splitter(message)
    while not splitter.is_done:
        yield splitter.next_frame()


class Joiner:
    """Joins frames to messages, for one direction of one channel.

    Args:
        limit: the largest message in bytes, checked against the total that the first part announces, so that
            nothing is kept for a message that would be refused.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._total = 0
        self._received = 0

    def __repr__(self) -> str:
        return f"<Joiner {self._received} of {self._total} bytes>" if self._parts else "<Joiner idle>"

    def receive(self, frame: bytes) -> bytes | None:
        """Returns the message that `frame` completes, or None.

        Raises:
            ProtocolViolation: the frame is not one, or may not come now.
        """
        if not HEADER <= len(frame) <= MAX_FRAME_BYTES:
            raise ProtocolViolation(f"a frame of {len(frame)} bytes")
        kind = frame[0]
        if kind == NEXT:
            return self._next_part(frame)
        if kind == FIRST:
            self._first_part(frame)
            return None
        if self._parts and kind not in CONTROL:
            raise ProtocolViolation("a bulk message inside a long one")
        return frame

    def _first_part(self, frame: bytes) -> None:
        if self._parts:
            raise ProtocolViolation("a long message inside a long one")
        if len(frame) < FIRST_HEADER + MIN_PART_BYTES:
            raise ProtocolViolation("a first part that is too short")
        (total,) = _TOTAL.unpack_from(frame, HEADER)
        if total <= MAX_FRAME_BYTES:
            raise ProtocolViolation("parts of a message that fits a frame")
        if total > self._limit:
            raise ProtocolViolation(f"a message of {total} bytes; the limit is {self._limit}")
        if frame[1:HEADER] != b"\0\0\0":
            raise ProtocolViolation("a first part with an unknown flag")
        self._parts = [frame[FIRST_HEADER:]]
        self._total = total
        self._received = len(frame) - FIRST_HEADER

    def _next_part(self, frame: bytes) -> bytes | None:
        if not self._parts:
            raise ProtocolViolation("a part without a first")
        size = len(frame) - HEADER
        missing = self._total - self._received
        # Not too short, but for the last: otherwise a peer could send a long message a byte at a time.
        if not min(missing, MIN_PART_BYTES) <= size <= missing:
            raise ProtocolViolation(f"a part of {size} bytes where {missing} are missing")
        if frame[:HEADER] != _NEXT_HEAD:
            raise ProtocolViolation("a part with an unknown flag")
        self._parts.append(frame[HEADER:])
        self._received += size
        if self._received < self._total:
            return None
        message = b"".join(self._parts)
        self._parts = []
        # What cannot be inside a long message: a frame's own types, and control, which is always short.
        if message[0] in (FIRST, NEXT) or message[0] in CONTROL:
            raise ProtocolViolation("a long message of a type that is never long")
        return message
