"""Every size, count and time that both ends of a wire must agree on, once (PROTOCOL.md).

The volunteer page has the same numbers; `limits.json` in the folder above binds both, as the vectors bind the codecs.
A name ends in the unit of its number. What only one program limits stays beside the code that limits it.
"""

KIB = 1024
MIB = 1024 * KIB

# Frames and messages of the data plane, in bytes.

MAX_FRAME_BYTES = 60 * KIB
"""A frame. aiortc joins SCTP fragments in quadratic time, so larger ones cost more than they carry."""
MAX_MESSAGE_TO_VOLUNTEER_BYTES = 64 * MIB
"""A message towards the volunteer."""
RESULT_OVERHEAD_BYTES = 64 * KIB
"""What a message towards the client may have above the largest result that it carries."""
DEFAULT_RESULT_BYTES = 16 * MIB
"""One result, unless the client says otherwise in its `hello`."""
MAX_RESULT_BYTES = 64 * MIB
"""One result, at most: what a client may say in its `hello`."""
MAX_ERROR_BYTES = 64 * KIB
"""The JSON of one error of the function."""
MAX_JSON_BODY_BYTES = 64 * KIB
"""The JSON of one message."""
MIN_PART_BYTES = KIB
"""What a part of a long message carries at least, but for the last."""
MAX_BLOB_BYTES = 60 * MIB
"""A blob: what is large, and sent to whom asks for it."""
MAX_PACKED_BUNDLE_BYTES = MAX_BLOB_BYTES
"""The function as it travels."""
RECEIVED_EVERY_BYTES = 16 * KIB
"""A volunteer says that metered frames have arrived when there are so many bytes of them, at the latest."""
MAX_UNPACKED_BUNDLE_BYTES = 64 * MIB
"""The function once unpacked: a volunteer unpacks no more."""

# Texts, in characters.

MAX_JOB_CHARACTERS = 32
"""The name of a job."""
MAX_TITLE_CHARACTERS = 200
"""The name of the function, for the owner of a device."""
MAX_VERSION_CHARACTERS = 64
"""The version of a program."""
MAX_DEVICE_CHARACTERS = 64
"""The name of a device."""
MAX_AGENT_CHARACTERS = 200
MAX_LIFE_CHARACTERS = 32
MAX_TAB_CHARACTERS = 32
"""The name of a browser."""
MAX_GOODBYE_CHARACTERS = 200
"""The text of a goodbye."""
MAX_UNITS_CHARACTERS = 32
"""The name of what a report counts."""
MAX_NO_TEXT_CHARACTERS = 100
"""What is said of a result that has no text of its own."""
MAX_HOST_CHARACTERS = 300
"""A host that the function may reach, with its scheme and its port."""
MAX_REFUSAL_CHARACTERS = 300
"""The text of a refusal by the server."""
MAX_CREDENTIAL_CHARACTERS = 200
"""The user or the password of a TURN server."""
MAX_VOLUNTEER_ID_CHARACTERS = 64
"""The id under which server and client know a volunteer."""

# Counts.

MAX_SLOTS = 1024
"""Slots that one volunteer can lend."""
MAX_BLOBS_WANTED = 8
"""Blobs that a volunteer may ask for at once."""
MAX_LEASES_NAMED = 10_000
"""Leases that one `withdraw` or `return` may name."""
MAX_ALLOWED_HOSTS = 32
"""Hosts that a function may reach."""
MAX_REPORTED = 10**15
"""Each number of a report."""
MAX_REPORTS_PER_SECOND = 2
"""Reports that a volunteer may send in a second."""
MAX_REPORTS_AT_ONCE = 100
"""Reports besides these: a connection that stalled for a while brings all of them together."""
MAX_VOLUNTEERS = 1_000_000
"""Volunteers that a client may say that it has."""

# Times.

MIN_HEARTBEAT_MS = 50
MAX_HEARTBEAT_MS = 3_600_000
DEFAULT_HEARTBEAT_MS = 2500
"""The silence after which the client asks for a sign of life: what it may choose, and what holds if it says nothing."""
MAX_TIMEOUT_MS = 86_400_000
"""The time that one item may be given, at most: a day."""
RESULTS_WITHIN_MS = 50
"""A volunteer sends results at least this often while there are any."""

# Signaling.

MAX_SIGNAL_BYTES = 64 * KIB
"""One signaling message."""
MAX_OFFERS = 3
"""Offers that a volunteer may make on one socket."""
OFFER_TIMEOUT_MS = 20_000
"""The time within which a client has to answer an offer."""
MAX_ICE_SERVERS = 8
"""STUN and TURN servers that a client may name."""
MAX_SDP_BYTES = 16 * KIB
"""One session description. It is ASCII, so characters are counted."""
MAX_CANDIDATES = 20
"""ICE candidates in one session description: each makes the other end send packets to an address."""
NONCE_LIFETIME_SECONDS = 30
"""The time in which a nonce can be used."""
