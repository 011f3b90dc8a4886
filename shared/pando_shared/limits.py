"""Every size and count that both ends of a wire must agree on, once (PROTOCOL.md).

`limits.json` in the folder above binds the volunteer page to the same numbers. A name ends in the unit of its number.
What only one program limits stays beside the code that limits it.
"""

MAX_SHORT_TEXT_CHARS = 200
"""Characters of a text for a person: a title, the reason of a goodbye, the name of a browser."""
MAX_VERSION_CHARS = 64
"""Characters of the version of a program."""

# Signaling.

MAX_SIGNAL_BYTES = 64 * 1024
"""Bytes of one signaling message."""
MAX_SDP_CHARS = 16 * 1024
"""Characters of one session description."""
MAX_CANDIDATES = 20
"""ICE candidates in one session description: each makes the other end send packets to an address."""
MAX_ATTEMPTS = 3
"""Offers that a volunteer may make on one socket."""
MAX_ICE_SERVERS = 8
"""STUN and TURN servers that a client may name."""
MAX_JOB_CHARS = 32
"""Characters of the name of a job."""
MAX_VOLUNTEER_ID_CHARS = 64
"""Characters of the name by which server and client know a volunteer."""
MAX_ERROR_TEXT_CHARS = 300
"""Characters of the text of a refusal."""
MAX_VOLUNTEERS = 1_000_000
"""Volunteers that a client may say that it has."""
NONCE_LIFETIME_S = 30
"""Seconds in which a nonce can be used."""

# Frames and messages of the data plane.

MAX_FRAME_BYTES = 60 * 1024
"""Bytes of a frame. aiortc joins SCTP fragments in quadratic time, so larger ones cost more than they carry."""
MAX_TO_VOLUNTEER_BYTES = 64 * 1024 * 1024
"""Bytes of a message towards the volunteer."""
DEFAULT_RESULT_BYTES = 16 * 1024 * 1024
"""Bytes of one result, unless the client says otherwise in its `hello`."""
MAX_RESULT_BYTES = 64 * 1024 * 1024
"""Bytes of one result that a client may allow."""
RESULT_OVERHEAD_BYTES = 64 * 1024
"""Bytes that a message towards the client may have above the largest result that it carries."""
MAX_ERROR_BYTES = 64 * 1024
"""Bytes of one error's JSON."""
MAX_LEASES_NAMED = 10_000
"""Leases that one `withdraw` or `return` may name."""

# The function and its settings.

MAX_BUNDLE_PACKED_BYTES = 60 * 1024 * 1024
"""Bytes of the function as it travels: a `hello` has room for it and for its JSON."""
MAX_BUNDLE_UNPACKED_BYTES = 64 * 1024 * 1024
"""Bytes of the function once unpacked: a volunteer unpacks no more."""
MAX_HOSTS = 32
"""Hosts that a function may reach."""
MAX_HOST_CHARS = 300
"""Characters of one of them, with its scheme and its port."""
MIN_HEARTBEAT_MS = 50
MAX_HEARTBEAT_MS = 3_600_000
DEFAULT_HEARTBEAT_MS = 2500
"""Milliseconds of silence after which the client asks for a sign of life."""
MAX_TIMEOUT_MS = 86_400_000
"""Milliseconds that one item may be given: a day."""

# What a volunteer says of itself.

MAX_SLOTS = 1024
"""Slots that one volunteer can lend."""
MAX_DEVICE_CHARS = 64
"""Characters of the name of a device."""
MAX_UNITS_CHARS = 32
"""Characters of the name of what a report counts."""
MAX_REPORTED = 10**15
"""The largest number in a report."""
REPORTS_PER_S = 2
"""Reports a second that a volunteer may send."""
REPORTS_AT_ONCE = 100
"""Reports besides these: a connection that stalled for a while brings all of them together."""
