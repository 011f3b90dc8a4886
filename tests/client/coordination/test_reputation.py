"""Who may come in."""

from __future__ import annotations

from pando_client.coordination.connected_volunteer import OWN_KIND, ConnectedVolunteer
from pando_client.coordination.quarantine import FIRST_SECONDS
from pando_client.coordination.reputation import BREACHES_FORGIVEN, LONGEST_FOR_ADDRESS_SECONDS, Reputation
from pando_client.session.flow_control import FixedCredit
from pando_client.session.session import Session, SessionLimits


def volunteer(device: str = "phone", peer: str = "there", kind: str = "fake") -> ConnectedVolunteer:
    session = Session(b"hello", FixedCredit(), SessionLimits(), 0.0)
    return ConnectedVolunteer("v", peer, kind, session, 0.0, device=device)


def test_a_name_is_refused_after_a_breach_or_a_quarantine_and_only_at_its_address() -> None:
    reputation = Reputation()
    reputation.breach(volunteer("a"), 0.0)
    assert reputation.quarantine(volunteer("b"), 0.0) == FIRST_SECONDS
    for name in ("a", "b"):
        assert reputation.refuse_name(volunteer(name), 4.0) == "set aside for another 6 s"
        assert reputation.refuse_name(volunteer(name), FIRST_SECONDS) is None
        assert reputation.refuse_name(volunteer(name, peer="elsewhere"), 4.0) is None
    assert reputation.refuse_name(volunteer("c"), 4.0) is None
    assert reputation.quarantine(volunteer("a"), 4.0) == 2 * FIRST_SECONDS, "both count"


def test_an_address_is_refused_after_several_breaches_but_not_for_long() -> None:
    reputation = Reputation()
    for number in range(BREACHES_FORGIVEN):
        reputation.breach(volunteer(f"a{number}"), 0.0)
        assert reputation.refuse_address("there", 0.0) is None
    reputation.breach(volunteer("b"), 0.0)
    assert reputation.refuse_address("there", 1.0) == "its address is set aside for another 9 s"
    assert reputation.refuse_address("elsewhere", 1.0) is None
    for _ in range(10):
        reputation.breach(volunteer("b"), 0.0)
    assert reputation.refuse_address("there", LONGEST_FOR_ADDRESS_SECONDS) is None


def test_quarantine_for_harm_says_nothing_of_the_address() -> None:
    reputation = Reputation()
    for number in range(2 * BREACHES_FORGIVEN):
        reputation.quarantine(volunteer(f"a{number}"), 0.0)
    assert reputation.refuse_address("there", 0.0) is None


def test_no_address_is_refused_while_anybody_from_there_is_connected_that_has_done_something() -> None:
    reputation = Reputation()
    for number in range(BREACHES_FORGIVEN + 1):
        reputation.breach(volunteer(f"a{number}"), 0.0)
    good, better, idle = volunteer(), volunteer(), volunteer()
    for found in (good, good, better):
        reputation.productive(found)
    assert reputation.refuse_address("there", 0.0) is None
    for found in (idle, good):
        reputation.disconnected(found)
        assert reputation.refuse_address("there", 0.0) is None
    reputation.disconnected(better)
    assert reputation.refuse_address("there", 0.0) is not None


def test_nothing_is_held_against_the_volunteer_on_this_machine() -> None:
    reputation = Reputation()
    own = volunteer(peer="this machine", kind=OWN_KIND)
    for _ in range(2 * BREACHES_FORGIVEN):
        reputation.breach(own, 0.0)
    assert reputation.refuse_name(own, 0.0) is None
    assert reputation.refuse_address("this machine", 0.0) is None
    assert repr(reputation) == "<Reputation of <Quarantines 0 remembered>, of addresses <Quarantines 0 remembered>>"
