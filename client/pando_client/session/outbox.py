"""What waits to be sent to one volunteer: control before bulk, and of bulk one message at a time, by the window."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from pando_client.session.uploads import Uploads
from pando_client.session.window import Window
from pando_shared.wire.framing import Splitter


class Outbox:
    """Messages go in, frames come out.

    A control message may come between the frames of a bulk message. Bulk (leases and blobs) goes by the window, leases
    before blobs.

    Args:
        blobs: what the volunteer may ask for, by digest.
    """

    def __init__(self, blobs: Mapping[str, bytes]) -> None:
        self.window = Window()
        self.uploads = Uploads(blobs)
        self._control: deque[bytes] = deque()
        self._bulk: deque[bytes] = deque()
        self._open: Splitter | None = None  # of the bulk message that was begun

    def __repr__(self) -> str:
        return f"<Outbox {len(self._control)} control, {len(self._bulk)} bulk, {self.uploads!r}, {self.window!r}>"

    def __bool__(self) -> bool:
        """Whether there is a frame that may be sent."""
        return bool(self._control) or (self.window.is_open and bool(self._open or self._bulk or self.uploads))

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
        self.uploads.clear()

    def next_frame(self, now: float) -> bytes | None:
        """Returns the next frame that may be sent, or None."""
        if self._control:
            return self._control.popleft()
        if not self.window.is_open:
            return None
        frame = self._next_metered()
        if frame is not None:
            self.window.sent(len(frame), now)
        return frame

    def _next_metered(self) -> bytes | None:
        most = self.window.longest_frame
        if self._open is None and self._bulk:
            self._open = Splitter(self._bulk.popleft())
        if self._open is not None:
            frame = self._open.next_frame(most)
            if self._open.is_done:
                self._open = None
            return frame
        return self.uploads.next_frame(most) if self.uploads else None
