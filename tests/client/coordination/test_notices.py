"""What people are told."""

from __future__ import annotations

import pytest

from pando_client.coordination.connected_volunteer import OWN_KIND, ConnectedVolunteer
from pando_client.coordination.instructions import Level, Notice
from pando_client.coordination.notices import MAX_COMPLAINTS, NAMES_REMEMBERED, Notices
from pando_client.session.events import Ended
from pando_client.session.flow_control import FixedCredit
from pando_client.session.session import Session, SessionLimits
from pando_shared.wire.messages import ErrorInfo, ReadyInfo


def volunteer(name: str = "v", device: str = "phone", kind: str = "fake", joined: bool = True) -> ConnectedVolunteer:
    session = Session(b"hello", FixedCredit(), SessionLimits(), 0.0)
    return ConnectedVolunteer(name, "there\x1b", kind, session, 0.0, joined=joined, device=device)


@pytest.mark.parametrize(
    ("ended", "level", "text"),
    [
        (Ended("protocol", "a\nb"), Level.COMPLAINT, "dropped phone, which broke the protocol: a\\nb"),
        (Ended("broken", "", ErrorInfo(message="x\n")), Level.COMPLAINT, "phone cannot load the function: x\\n"),
        (Ended("broken"), Level.COMPLAINT, "phone cannot load the function: "),
        (Ended("declined", "no\x07"), Level.COMPLAINT, "phone does not take this job: no\\x07"),
        (Ended("left", "bye\x07"), Level.EVENT, "phone left (bye\\x07)"),
        (Ended("left"), Level.EVENT, "phone left (left)"),
    ],
)
def test_why_a_session_ended(ended: Ended, level: Level, text: str) -> None:
    assert Notices().ended(volunteer(), ended) == [Notice(level, text)]


def test_of_one_that_never_joined_only_complaints_are_made() -> None:
    stranger = volunteer(device="", joined=False)
    assert Notices().ended(stranger, Ended("lost", "the connection was lost")) == []
    [notice] = Notices().ended(stranger, Ended("protocol", "no"))
    assert notice.text == "dropped the volunteer at there\\x1b, which broke the protocol: no"


def test_coming_silence_and_coming_back_are_said_each_time() -> None:
    notices = Notices()
    for _ in range(2):
        assert notices.joined(volunteer()) == [Notice(Level.EVENT, "phone joined and is paused (fake)")]
        [suspected] = notices.suspected(volunteer())
        assert suspected == Notice(Level.EVENT, "nothing is heard from phone; its items are lent again")
        assert notices.recovered(volunteer()) == [Notice(Level.EVENT, "phone is heard again")]


@pytest.mark.parametrize(
    ("slots", "says"), [(1, "phone joined with 1 core (fake)"), (2, "phone joined with 2 cores (fake)")]
)
def test_who_joins_is_said_with_its_cores(slots: int, says: str) -> None:
    phone = volunteer()
    phone.session.info = ReadyInfo(slots=slots, device="phone")
    assert Notices().joined(phone) == [Notice(Level.EVENT, says)]


def test_complaints_are_said_once_and_so_many_at_most() -> None:
    notices = Notices()
    said = [notices.address_quarantined(f"{number // 2}\n") for number in range(4 * MAX_COMPLAINTS)]
    assert [notice.text for found in said for notice in found] == [
        f"too many breaches of the protocol from {number}\\n: who comes from there has to wait"
        for number in range(MAX_COMPLAINTS)
    ]
    assert notices.quarantined(volunteer(), "set aside") == []
    assert Notices().quarantined(volunteer(), "set aside") == [Notice(Level.COMPLAINT, "phone is set aside")]
    assert repr(notices) == f"<Notices, {MAX_COMPLAINTS} complaints, 0 names>"


def test_names_are_remembered_up_to_a_limit_and_not_that_of_our_own() -> None:
    notices = Notices()
    notices.joined(volunteer("own", kind=OWN_KIND))
    assert notices.name_of("own") is None
    for number in range(NAMES_REMEMBERED + 1):
        notices.joined(volunteer(f"{number}", device=f"phone {number}"))
    assert notices.name_of("0") is None
    assert notices.name_of("1") == "phone 1"
    assert notices.name_of(f"{NAMES_REMEMBERED}") == f"phone {NAMES_REMEMBERED}"


TEXTLESS = {
    "[object Object]": "a result is an object, which is printed as [object Object]: ",
    "[object Map]": "a result is an object of type Map, which is printed as [object Map]: ",
    "[object Promise]": "the function called back with a promise, which is printed as [object Promise]: await it first",
    "[object Object],[object Object]": "a result is a list that holds objects, which is printed as [object Object],[",
    "(x) => {\n\x1b[2J}": "a result is a function, which is printed as (x) => {\\n\\x1b[2J}: ",
    f"[object {'x' * 80}]": f"a result is an object of type {'x' * 59}…, which is printed as [object {'x' * 51}…: ",
}


@pytest.mark.parametrize("text", TEXTLESS)
def test_a_result_without_a_text_is_said_once_with_what_is_printed(text: str) -> None:
    notices = Notices()
    [notice] = notices.textless(text)
    assert notice.level is Level.COMPLAINT
    assert notice.text.startswith(TEXTLESS[text])
    assert notice.text.endswith(("JSON.stringify(result)", "await it first"))
    assert notices.textless("another") == []
