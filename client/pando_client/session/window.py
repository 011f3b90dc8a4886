"""How much may be under way to one volunteer: what its line carries in about a second, and no more than that.

What is under way is what was sent and is not said to have arrived. A window keeps control messages from waiting behind
bulk, whatever lies between: a phone's line, an uplink that many share, the buffers of a proxy. It begins small, and
doubles as long as a whole window arrives in much less than a second.

A core of its own; time is a parameter, in seconds.
"""

from __future__ import annotations

from pando_shared.errors import ProtocolViolation
from pando_shared.limits import KIB, MAX_FRAME_BYTES, MIB, RECEIVED_EVERY_BYTES

FIRST_BYTES = 64 * KIB
LEAST_BYTES = RECEIVED_EVERY_BYTES
"""With less, a volunteer would owe no word of what has arrived, and nothing more could be sent."""
MOST_BYTES = 8 * MIB
SECONDS = 1.0
"""What a window should hold of a line's work."""
SHORTEST_FRAME_BYTES = 4 * KIB
FRAMES = 8
"""A frame is at most this part of a window: what comes between frames waits for one of them."""


class Window:
    """Counts what is under way, and learns what the line carries."""

    def __init__(self) -> None:
        self.size = FIRST_BYTES
        """Bytes that may be under way; the frame that reaches it may go beyond."""
        self.under_way = 0
        """Bytes that are."""
        self._arrived = 0
        self._since = 0.0
        self._was_full = False

    def __repr__(self) -> str:
        return f"<Window, {self.under_way} of {self.size} bytes under way>"

    @property
    def is_open(self) -> bool:
        """Whether another frame may be sent."""
        return self.under_way < self.size

    @property
    def longest_frame(self) -> int:
        """Bytes of a frame, at most, where it can be chosen."""
        return max(SHORTEST_FRAME_BYTES, min(MAX_FRAME_BYTES, self.size // FRAMES))

    def sent(self, size: int, now: float) -> None:
        """A metered frame of `size` bytes was sent; the window was open."""
        if self.under_way == 0:
            self._arrived, self._since, self._was_full = 0, now, False
        self.under_way += size
        self._was_full = self._was_full or not self.is_open

    def received(self, size: int, now: float) -> None:
        """The volunteer says that another `size` bytes have arrived.

        Raises:
            ProtocolViolation: so many are not under way.
        """
        if size > self.under_way:
            raise ProtocolViolation(f"{size} bytes received, where {self.under_way} are under way")
        self.under_way -= size
        self._arrived += size
        if self._arrived >= self.size:
            self._learn(now)

    def _learn(self, now: float) -> None:
        """A whole window has arrived. How long that took says something of the line only if the window was full."""
        seconds = now - self._since
        if self._was_full and seconds < SECONDS / 2:
            self.size = min(MOST_BYTES, 2 * self.size)
        elif seconds > 2 * SECONDS:
            self.size = max(LEAST_BYTES, min(self.size, int(self._arrived / seconds * SECONDS)))
        self._arrived, self._since, self._was_full = 0, now, not self.is_open
