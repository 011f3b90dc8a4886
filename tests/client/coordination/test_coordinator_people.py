"""The promises of the coordinator about people: who is quarantined (C6), and what is said of it (C9)."""

from __future__ import annotations

import pytest

from pando_client.coordination.connected_volunteer import OWN_KIND
from pando_client.coordination.coordinator import Coordinator
from pando_client.coordination.instructions import Level
from pando_client.coordination.notices import MAX_COMPLAINTS
from pando_client.coordination.quarantine import FIRST_SECONDS, LONGEST_SECONDS
from pando_client.coordination.reputation import BREACHES_FORGIVEN
from pando_client.lending.conduct import MAX_STRIKES
from pando_client.lending.instructions import Policy
from pando_client.session.flow_control import FixedCredit
from pando_client.session.session import SessionLimits
from pando_shared.wire.codec import from_client
from pando_shared.wire.messages import (
    ERROR,
    Broken,
    ClientGoodbye,
    ErrorInfo,
    Hello,
    JobProof,
    Pong,
    Ready,
    ReadyInfo,
    Received,
    Report,
    ReportInfo,
    Results,
    VolunteerGoodbye,
)
from tests.support.coordinator_driver import HELLO, Driver, hung_up, notices

BEAT = 2.5
NO = b'{"message": "no", "stack": ""}'


def breach(driver: Driver, device: str, peer: str = "there", kind: str = "fake") -> None:
    driver.join("hostile", device=device, peer=peer, kind=kind)
    driver.say_raw("hostile", b"")
    driver.disconnect("hostile")


def goodbye_on_joining(driver: Driver, device: str, peer: str = "there", kind: str = "fake") -> ClientGoodbye | None:
    """Returns what one that joins under this name is told; it is gone after that."""
    driver.join("guest", device=device, peer=peer, kind=kind)
    goodbyes = [message for message in driver.heard("guest") if isinstance(message, ClientGoodbye)]
    driver.leave("guest")
    return goodbyes[0] if goodbyes else None


def test_c6_who_broke_the_protocol_is_not_let_in_under_its_name_for_a_while_longer_each_time() -> None:
    driver = Driver()
    seconds = FIRST_SECONDS
    for _ in range(3):
        breach(driver, "Mallory")
        told = goodbye_on_joining(driver, "Mallory")
        assert told == ClientGoodbye("full", f"set aside for another {seconds:.0f} s")
        assert goodbye_on_joining(driver, "Alice") is None, "another name"
        assert goodbye_on_joining(driver, "Mallory", peer="elsewhere") is None, "another address"
        driver.now += seconds
        assert goodbye_on_joining(driver, "Mallory") is None
        seconds = min(LONGEST_SECONDS, 2 * seconds)


def test_c6_one_that_is_refused_joins_nothing_and_is_counted_nowhere() -> None:
    driver = Driver(b"1")
    breach(driver, "Mallory")
    left = driver.coordinator.left
    driver.join("guest", device="Mallory", peer="there")
    assert "guest" not in driver.coordinator.lender.volunteers
    assert driver.say("guest", Ready(ReadyInfo(slots=9, device="Alice"))) == []
    assert (driver.coordinator.ready, driver.coordinator.left) == (0, left)


def test_c6_a_breach_before_it_has_joined_counts_for_the_address_alone() -> None:
    driver = Driver()
    for number in range(BREACHES_FORGIVEN + 1):
        driver.connect(f"v{number}", peer="there")
        driver.say(f"v{number}", Received(1))
    assert hung_up(driver.connect("next", peer="there")) == ["next"]
    driver.now += FIRST_SECONDS
    assert goodbye_on_joining(driver, "Alice") is None, "it had not joined under that name"


def test_c6_the_name_is_the_one_with_which_it_joined() -> None:
    driver = Driver()
    driver.join("hostile", device="Mallory", peer="there")
    driver.say("hostile", Ready(ReadyInfo(slots=1, device="Alice")))
    driver.say_raw("hostile", b"")
    assert goodbye_on_joining(driver, "Alice") is None
    assert goodbye_on_joining(driver, "Mallory") is not None


def test_c6_an_address_is_refused_after_several_breaches_under_whatever_names() -> None:
    driver = Driver()
    for number in range(BREACHES_FORGIVEN):
        breach(driver, f"Mallory {number}")
        assert goodbye_on_joining(driver, "Alice") is None
    breach(driver, "Mallory")
    driver.connect("Alice", peer="there")
    assert driver.heard("Alice") == [ClientGoodbye("full", "its address is set aside for another 10 s")]
    assert hung_up(driver.said)[-1] == "Alice"
    assert goodbye_on_joining(driver, "Alice", peer="elsewhere") is None
    driver.now += FIRST_SECONDS
    assert goodbye_on_joining(driver, "Alice") is None


def test_c6_not_an_address_from_which_somebody_works_well_until_that_one_leaves() -> None:
    driver = Driver(b"1", b"2")
    driver.join("good", peer="there")
    driver.read()
    driver.answer("good", driver.lease("good"))
    for number in range(BREACHES_FORGIVEN + 1):
        breach(driver, f"Mallory {number}")
    assert goodbye_on_joining(driver, "Alice") is None
    assert not [text for text in driver.complaints if "has to wait" in text]
    driver.close("good")
    assert goodbye_on_joining(driver, "Alice") is None, "it is still connected"
    driver.disconnect("good")
    assert hung_up(driver.connect("Alice", peer="there")) == ["Alice"]


@pytest.mark.parametrize("kind", ["fake", OWN_KIND])
def test_c6_who_fails_where_others_succeed_is_quarantined_in_the_middle_of_a_lease_unless_it_is_our_own(
    kind: str,
) -> None:
    driver = Driver(*[b"%d" % n for n in range(9)], policy=Policy(retries=9))
    driver.join("bad", slots=MAX_STRIKES + 1, device="Mallory", peer="there", kind=kind)
    driver.read()
    driver.join("good", slots=0)
    *failing, held = driver.leases("bad")
    for lease in failing:
        driver.say("bad", Results(lease.lease, 0, 1, [NO], bytes([ERROR])))
    driver.say("good", Ready(ReadyInfo(slots=MAX_STRIKES)))
    for lease in driver.leases("good"):
        driver.answer("good", lease)
    lent = [item for lease in driver.leases("good") for item in lease.items]
    if kind == OWN_KIND:
        assert (hung_up(driver.said), driver.complaints, driver.coordinator.left) == ([], [], 0)
        assert "bad" in driver.coordinator.lender.volunteers
        assert held.items[0] not in lent
        return
    text = f"set aside for {FIRST_SECONDS:.0f} s: others did what it did not do"
    assert hung_up(driver.said) == ["bad"]
    assert driver.heard("bad") == [ClientGoodbye("full", text)]
    assert driver.complaints == [f"Mallory is {text}"]
    assert held.items[0] in lent
    assert driver.answer("bad", held) == driver.close("bad") == [], "it has ended already"
    assert driver.coordinator.left == 1
    assert goodbye_on_joining(driver, "Mallory") == ClientGoodbye("full", "set aside for another 10 s")


def test_c6_a_volunteer_that_this_client_started_is_let_in_again_whatever_it_did() -> None:
    driver = Driver(b"1")
    for _ in range(2 * BREACHES_FORGIVEN):
        breach(driver, "here", peer="this machine", kind=OWN_KIND)
    assert goodbye_on_joining(driver, "here", peer="this machine", kind=OWN_KIND) is None


def test_c9_a_complaint_is_said_once_and_at_most_a_hundred_in_a_run() -> None:
    driver = Driver()
    for number in range(MAX_COMPLAINTS + 20):
        for _ in range(2):
            driver.connect("v", peer=f"{number}")
            driver.say("v", Broken(ErrorInfo(message="no")))
            driver.disconnect("v")
    assert driver.complaints == [
        f"the volunteer at {number} cannot load the function: no" for number in range(MAX_COMPLAINTS)
    ]


def test_c9_foreign_strings_are_printable() -> None:
    driver = Driver()
    evil = "a\x1b[2J\nb"
    driver.join("1", device=evil, peer="p\x1b")
    driver.say("1", VolunteerGoodbye("left", evil))
    driver.join("2", device=evil)
    driver.say("2", Broken(ErrorInfo(message=evil)))
    driver.join("3", device=evil)
    driver.say("3", VolunteerGoodbye("declined", evil))
    for number in range(BREACHES_FORGIVEN + 1):
        breach(driver, f"{evil}{number}", peer=evil)
    texts = driver.complaints + notices(driver.said, Level.EVENT)
    assert len(texts) > 8
    assert all(text.isprintable() for text in texts)
    assert str(driver.coordinator.name_of("1")).isprintable()


def test_c9_who_watches_hears_of_coming_silence_and_leaving() -> None:
    driver = Driver()
    driver.join("a", slots=2, device="phone")
    driver.tick(BEAT)
    driver.tick(2 * BEAT)
    driver.say("a", Pong(bytes(8)))
    driver.close("a")
    assert notices(driver.said, Level.EVENT) == [
        "phone joined with 2 cores (fake)",
        "nothing is heard from phone; its items are lent again",
        "phone is heard again",
        "phone left (the connection was lost)",
    ]
    assert driver.complaints == []


def test_c9_names_can_be_said_after_the_end_but_not_of_our_own() -> None:
    driver = Driver()
    driver.join("a", device="phone")
    driver.join("own", device="here", kind=OWN_KIND)
    driver.leave("a")
    driver.leave("own")
    names = [driver.coordinator.name_of(name) for name in ("a", "own", "nobody")]
    assert names == ["phone", None, None]


def test_c9_a_result_without_a_text_is_said_once_wherever_it_comes_from() -> None:
    driver = Driver(b"1")
    said: list[str] = []
    for name in ("a", "b"):
        driver.join(name, device=name)
        said += notices(driver.say(name, Report(ReportInfo(no_text="[object Object]"))), Level.COMPLAINT)
    assert [text.split(",")[0] for text in said] == ["a result is an object"]


def test_c9_volunteers_of_another_version_are_said_once_and_then_with_a_number() -> None:
    driver = Driver()
    for number in range(11):
        driver.connect(f"v{number}", peer="there")
        driver.say(f"v{number}", Ready(ReadyInfo(protocol=1, slots=1)))
    text = "another version of Pando, and cannot help: reload the page there, or update Pando"
    assert driver.complaints == [f"1 volunteer has {text}", f"10 volunteers have {text}"]


def test_c6_of_several_with_one_name_only_the_tab_that_gave_cause_is_set_aside() -> None:
    driver = Driver(b"1")
    driver.connect("bad", peer="there")
    driver.say("bad", Ready(ReadyInfo(slots=1, device="iPad", tab="one")))
    driver.say_raw("bad", b"")
    for tab, goodbye in (("one", True), ("two", False)):
        driver.connect(tab, peer="there")
        driver.say(tab, Ready(ReadyInfo(slots=1, device="iPad", tab=tab)))
        assert any(isinstance(message, ClientGoodbye) for message in driver.heard(tab)) == goodbye


def test_whose_job_it_is_is_proven_on_channels_that_can_be_told_from_others() -> None:
    proof = JobProof(key="A" * 43, signature="B" * 86)
    bound: list[str] = []

    def prove(binding: str) -> JobProof:
        bound.append(binding)
        return proof

    coordinator = Coordinator(HELLO, Policy(), SessionLimits(), FixedCredit, bytes, prove=prove)
    for name, binding, said in (("a", None, None), ("b", "relay 00", proof)):
        coordinator.connected(name, name, "fake", 0.0, binding)
        frame = coordinator.next_frame(name, 0.0)
        assert frame is not None
        hello = from_client(frame)
        assert isinstance(hello, Hello)
        assert hello.info.client == said
    assert bound == ["relay 00"]
