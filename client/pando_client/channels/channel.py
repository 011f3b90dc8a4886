"""Channels: the two-way pipe to a volunteer. Nothing above this interface knows which kind it is.

Each kind is in a module of its own: `pipe` (a headless volunteer that this client started), `websocket` (the local
network) and `webrtc`, so that a run without WebRTC does not wait for aiortc to load.
"""

from __future__ import annotations

from typing import Protocol

CLOSE_SECONDS = 2.0
"""Time in which a channel that is closed may still deliver what was sent."""


class Channel(Protocol):
    """A pipe that keeps frames whole and in order."""

    kind: str
    """`pipe`, `websocket` or `webrtc`, for the monitoring page."""
    peer: str
    """Where the volunteer is, for a person."""
    binding: str | None
    """What tells this channel from others, for a proof (PROTOCOL.md, 2.5); None if nothing does."""

    async def send(self, frame: bytes) -> None:
        """Sends a frame, when there is room for it.

        Raises:
            ConnectionError: the channel is closed.
        """

    async def receive(self) -> bytes | None:
        """Returns the next frame, or None when the channel is closed. What is no frame at all is returned as `b""`."""

    async def close(self) -> None:
        """Delivers what was sent, within `CLOSE_SECONDS`, and closes; may be called twice."""
