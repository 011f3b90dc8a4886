"""What waits to be sent to one volunteer: control before bulk, and of bulk one message at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from pando_shared.wire.framing import split


class Outbox:
    """Messages go in, frames come out. A control message may come between the frames of a bulk message."""

    def __init__(self) -> None:
        self._control: deque[bytes] = deque()
        self._bulk: deque[bytes] = deque()
        self._open: Iterator[bytes] | None = None  # frames of the bulk message that was begun

    def __repr__(self) -> str:
        return f"<Outbox {len(self._control)} control, {len(self._bulk)} bulk>"

    def __bool__(self) -> bool:
        """Whether there may be a frame to send."""
        return bool(self._control or self._bulk or self._open)

    def put_control(self, message: bytes) -> None:
        """Queues a message that fits a frame."""
        self._control.append(message)

    def put_bulk(self, message: bytes) -> None:
        """Queues a message of any size."""
        self._bulk.append(message)

    def clear(self) -> None:
        """Forgets everything, also what is left of a message that was begun: only control may come after that."""
        self._control.clear()
        self._bulk.clear()
        self._open = None

    def next_frame(self) -> bytes | None:
        """Returns the next frame, or None."""
        if self._control:
            return self._control.popleft()
        while True:
            if self._open is None:
                if not self._bulk:
                    return None
                self._open = split(self._bulk.popleft())
            frame = next(self._open, None)
            if frame is not None:
                return frame
            self._open = None
