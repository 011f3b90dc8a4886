"""How much of what is large is on its way to a volunteer, and what slow lines do to a session."""

from __future__ import annotations

import hashlib
from collections import deque

import pytest

from pando_client.session.events import Ended, Event
from pando_client.session.flow_control import FixedCredit
from pando_client.session.session import Session, SessionLimits
from pando_shared.wire.codec import encode, from_client
from pando_shared.wire.messages import (
    Accept,
    Blob,
    Ping,
    Pong,
    Received,
    Wanted,
)
from tests.support.sessions import BEAT, HELLO, frames, new, ready, receive, sent


def test_control_goes_before_bulk_even_between_the_parts_of_a_lease() -> None:
    session = ready(slots=1)
    session.lend(1, [bytes(200_000)])
    first = session.next_frame(0.0)
    session.tick(BEAT)
    assert first is not None
    rest = frames(session)
    assert [frame[0] for frame in [first, *rest]] == [0x01, Ping.TYPE, *[0x02] * 7]
    # What arrives makes room for the rest.
    receive(session, Received(sum(len(frame) for frame in [first, *rest[1:]])))
    assert {frame[0] for frame in frames(session)} == {0x02}


def test_more_than_was_sent_cannot_have_been_received() -> None:
    session = ready(slots=1)
    session.lend(1, [b"x"])
    [lend] = frames(session)
    assert receive(session, Received(len(lend))) == []
    [ended] = receive(session, Received(1))
    assert isinstance(ended, Ended)
    assert ended.reason == "protocol"


BLOB = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(BLOB).hexdigest()


def asked(start: int = 0) -> Session:
    session = Session(encode(HELLO), FixedCredit(), SessionLimits(), 0.0, {DIGEST: BLOB})
    sent(session)
    assert receive(session, Accept((Wanted(digest=DIGEST, **{"from": start}),))) == []
    return session


@pytest.mark.parametrize("start", [0, 1, len(BLOB) - 1, len(BLOB)])
def test_a_blob_is_sent_from_the_byte_that_was_asked_for(start: int) -> None:
    session = asked(start)
    data = b""
    while pieces := sent(session):
        for piece in pieces:
            assert isinstance(piece, Blob)
            assert piece.offset == start + len(data)
            data += piece.data
            receive(session, Received(len(encode(piece))))
    assert data == BLOB[start:]


def test_a_blob_is_asked_for_once_and_only_if_it_was_offered() -> None:
    for wanted in (
        (Wanted(digest=DIGEST, **{"from": 0}),),
        (Wanted(digest="0" * 64, **{"from": 0}),),
        (Wanted(digest=DIGEST, **{"from": len(BLOB) + 1}),),
    ):
        session = asked() if wanted[0].start == 0 else new()
        [ended] = receive(session, Accept(wanted))
        assert isinstance(ended, Ended)
        assert ended.reason == "protocol"


def test_a_slow_line_is_no_silence_and_takes_nothing_from_the_time_to_get_ready() -> None:
    """30 kB/s: a function of a megabyte takes 34 s, and the time to get ready is ten."""
    limits = SessionLimits(heartbeat=BEAT, ready_timeout=10.0)
    session = Session(encode(HELLO), FixedCredit(), limits, 0.0, {DIGEST: BLOB})
    sent(session)
    receive(session, Accept((Wanted(digest=DIGEST, **{"from": 0}),)))
    line: deque[bytes] = deque()
    now, most_ahead_of_a_ping = 0.0, 0.0
    while (frame := session.next_frame(now)) is not None or line:
        if frame is not None:
            if frame[0] == Ping.TYPE:
                most_ahead_of_a_ping = max(most_ahead_of_a_ping, sum(map(len, line)) / 30_000)
            line.append(frame)
            continue
        arrived = line.popleft()
        now += len(arrived) / 30_000
        assert session.tick(now) == [], "neither suspected nor given up"
        if arrived[0] == Blob.TYPE:
            assert receive(session, Received(len(arrived)), now) == []
        else:
            [ping] = [from_client(arrived)]
            assert isinstance(ping, Ping)
            receive(session, Pong(ping.token), now)
    assert now > 30
    assert most_ahead_of_a_ping < 2 * BEAT
    # When everything is there its time begins.
    events: list[Event] = []
    while not events:
        now += 1
        events = session.tick(now)
        for ping in sent(session)[:-1] if events else sent(session):
            receive(session, Pong(ping.token), now)
    assert events == [Ended("silent", "it was not ready in time")]
