"""A volunteer whose channel is open."""

from __future__ import annotations

from pando_client.coordination.connected_volunteer import OWN_KIND, ConnectedVolunteer
from pando_client.session.flow_control import FixedCredit
from pando_client.session.session import Session, SessionLimits
from pando_shared.wire.codec import encode
from pando_shared.wire.messages import Ready, ReadyInfo


def volunteer(peer: str = "there", kind: str = "fake", device: str = "") -> ConnectedVolunteer:
    session = Session(b"hello", FixedCredit(), SessionLimits(heartbeat=1.0), 0.0)
    return ConnectedVolunteer("v1", peer, kind, session, 0.0, device=device)


def test_it_is_called_what_its_owner_calls_it_made_safe_to_show() -> None:
    assert volunteer(device="a\x1b\nb").name == "a\\x1b\\nb"
    assert volunteer(peer="h\x07").name == "the volunteer at h\\x07"
    assert len(volunteer(device="x" * 1000).name) == 64


def test_it_is_recognised_by_its_address_and_name() -> None:
    assert volunteer("here", device="phone").known_as == "here phone"
    assert volunteer("there", device="phone").known_as != volunteer("here", device="phone").known_as


def test_only_one_at_a_pipe_is_our_own() -> None:
    assert volunteer(kind=OWN_KIND).is_own
    assert not volunteer(kind="webrtc").is_own


def test_it_is_ready_when_it_has_joined_lends_slots_is_no_suspect_and_has_not_ended() -> None:
    found = volunteer()
    session = found.session

    def say(slots: int) -> None:
        session.receive(encode(Ready(ReadyInfo(slots=slots))), 0.0)

    say(2)
    assert not found.is_ready, "it may still be refused"
    found.joined = True
    assert found.is_ready
    say(0)
    assert not found.is_ready
    say(1)
    session.tick(1.0)
    session.tick(2.0)
    assert not found.is_ready, "it is a suspect"
    say(1)
    assert found.is_ready
    session.closed()
    assert not found.is_ready
