"""What a client signs to prove whose job it is (PROTOCOL.md, 2.5): pure text, the same at both ends.

A signature alone could be copied to another channel. So it covers what is known to both ends of this channel and to
nobody who stands between two: the fingerprints of both DTLS certificates, or the hash of the relay's handshake.
"""

from __future__ import annotations

import re

FINGERPRINT = re.compile(r"^a=fingerprint:sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})\s*$", re.IGNORECASE | re.MULTILINE)
"""A line of a session description (RFC 8122, section 5)."""


def fingerprint_of(sdp: str) -> str | None:
    """Returns the SHA-256 fingerprint of the certificate that a session description names, in upper case.

    None if it names none, or several different ones: then it is not known which of them is used.
    """
    found = {match.upper() for match in FINGERPRINT.findall(sdp)}
    return found.pop() if len(found) == 1 else None


def webrtc_binding(offer: str, answer: str) -> str | None:
    """Returns what binds a signature to a WebRTC connection, from its session descriptions; None if it cannot be known.

    Args:
        offer: of the volunteer.
        answer: of the client.
    """
    volunteer, client = fingerprint_of(offer), fingerprint_of(answer)
    return f"webrtc {client} {volunteer}" if volunteer and client else None


def relay_binding(handshake_hash: bytes) -> str:
    """Returns what binds a signature to a relayed channel: `handshake_hash` is Noise's *h*, 32 bytes."""
    return f"relay {handshake_hash.hex()}"


def signed_text(job: str, binding: str) -> bytes:
    """Returns the bytes that the client signs: of a job by its name, on the channel that `binding` tells."""
    return f"pando/2 hello\n{job}\n{binding}".encode()
