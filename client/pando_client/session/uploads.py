"""What of a job's blobs one volunteer has asked for, and has not been sent yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from pando_shared.errors import ProtocolViolation
from pando_shared.wire.codec import BLOB_HEADER, encode
from pando_shared.wire.messages import Blob, Wanted


class Uploads:
    """The blobs under way to one volunteer, one after the other.

    Args:
        blobs: what may be asked for, by digest; the same object for all volunteers.
    """

    def __init__(self, blobs: Mapping[str, bytes]) -> None:
        self._blobs = blobs
        self._asked: set[str] = set()
        self._waiting: deque[tuple[str, int]] = deque()

    def __repr__(self) -> str:
        return f"<Uploads, {len(self._waiting)} of {len(self._blobs)} blobs to be sent>"

    def __bool__(self) -> bool:
        """Whether something is to be sent."""
        return bool(self._waiting)

    def ask(self, wanted: Wanted) -> None:
        """The volunteer asks for a blob.

        Raises:
            ProtocolViolation: there is no such blob, or it was asked for before, or it is shorter.
        """
        blob = self._blobs.get(wanted.digest)
        if blob is None:
            raise ProtocolViolation("it asks for a blob that was not offered")
        if wanted.digest in self._asked:
            raise ProtocolViolation("it asks for the same blob again")
        if wanted.start > len(blob):
            raise ProtocolViolation(f"it asks for byte {wanted.start} of {len(blob)}")
        self._asked.add(wanted.digest)
        if wanted.start < len(blob):
            self._waiting.append((wanted.digest, wanted.start))

    def next_frame(self, most: int) -> bytes:
        """Returns the next `blob` message, in at most `most` bytes; something is to be sent."""
        digest, offset = self._waiting[0]
        blob = self._blobs[digest]
        data = blob[offset : offset + most - BLOB_HEADER]
        if offset + len(data) == len(blob):
            self._waiting.popleft()
        else:
            self._waiting[0] = (digest, offset + len(data))
        return encode(Blob(bytes.fromhex(digest), offset, data))

    def clear(self) -> None:
        """Nothing more is to be sent."""
        self._waiting.clear()
