"""What the user hears while nothing happens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pando_client import console
from pando_client.job.job import Job
from pando_client.lending.instructions import Policy
from pando_client.run import progress
from pando_client.run.progress import HowToJoin, say_what_we_wait_for
from pando_shared.errors import FunctionError

URLS = ("http://192.168.1.7:5000", "http://127.0.0.1:5000")
OPEN = "open http://192.168.1.7:5000 in a browser"


@pytest.mark.parametrize(
    ("how", "text"),
    [
        (HowToJoin(), "the volunteer on this machine"),
        (HowToJoin(hosts=("*",), needs_page=True), "the volunteer on this machine"),
        (HowToJoin(URLS), OPEN),
        (HowToJoin(URLS, ("a.example", "b.example")), f"{OPEN} and allow the function to reach a.example, b.example"),
        (HowToJoin(URLS, ("*",)), f"{OPEN} and allow the function to reach any host"),
        (HowToJoin(URLS, needs_page=True), f"{OPEN} (a volunteer without a browser has no page for the function)"),
        (
            HowToJoin(URLS, ("*",), needs_page=True),
            f"{OPEN} (a volunteer without a browser has no page for the function)"
            " and allow the function to reach any host",
        ),
    ],
)
def test_what_volunteers_have_to_do(how: HowToJoin, text: str) -> None:
    assert str(how) == text


class Situation:
    """What `say_what_we_wait_for` looks at, and what it has said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.lender = SimpleNamespace(declined_by_all=None, policy=Policy(), written_count=0, lent=0, held_back=0)
        self.coordinator = SimpleNamespace(ready=0, lender=self.lender)
        self.job = cast("Job", SimpleNamespace(coordinator=self.coordinator))

    async def passes(self) -> None:
        """Lets time pass for some looks."""
        await asyncio.sleep(0.05)


@pytest.fixture
def situation(monkeypatch: pytest.MonkeyPatch) -> Situation:
    monkeypatch.setattr(progress, "LOOK_EVERY_SECONDS", 0.001)
    monkeypatch.setattr(progress, "NOBODY_AFTER_SECONDS", 0.005)
    situation = Situation()
    monkeypatch.setattr(console, "say", situation.said.append)
    return situation


@contextmanager
def saying(situation: Situation, how: HowToJoin) -> Iterator[asyncio.Task[Any]]:
    task = asyncio.create_task(say_what_we_wait_for(situation.job, how))
    try:
        yield task
    finally:
        task.cancel()


async def test_that_nobody_is_there_is_said_once_each_time(situation: Situation) -> None:
    line = f"pando: waiting for a volunteer: {OPEN}"
    with saying(situation, HowToJoin(URLS)):
        await situation.passes()
        assert situation.said == [line]
        situation.coordinator.ready = 1
        await situation.passes()
        assert situation.said == [line]
        situation.coordinator.ready = 0
        await situation.passes()
        assert situation.said == [line, line]


async def test_nothing_is_said_at_first(situation: Situation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "NOBODY_AFTER_SECONDS", 60.0)
    with saying(situation, HowToJoin(URLS)):
        await situation.passes()
    assert situation.said == []


async def test_an_item_that_all_have_declined_is_named_once(situation: Situation) -> None:
    situation.coordinator.ready = 2
    with saying(situation, HowToJoin(URLS)):
        situation.lender.declined_by_all = 4
        await situation.passes()
        situation.lender.declined_by_all = 6
        await situation.passes()
    assert situation.said == [
        f"pando: every volunteer here has declined item {number}; waiting for another: {OPEN}; the function runs in a "
        "worker, and if it declines for want of a page, --context=page gives it one"
        for number in (5, 7)
    ]


async def test_who_declines_in_a_page_does_not_want_one(situation: Situation) -> None:
    situation.coordinator.ready = 1
    situation.lender.declined_by_all = 0
    how = HowToJoin(URLS, needs_page=True)
    with saying(situation, how):
        await situation.passes()
    assert situation.said == [f"pando: every volunteer here has declined item 1; waiting for another: {how}"]


async def test_nobody_declines_where_nobody_is(situation: Situation) -> None:
    situation.lender.declined_by_all = 4
    with saying(situation, HowToJoin(URLS)):
        await situation.passes()
    assert situation.said == [f"pando: waiting for a volunteer: {OPEN}"]


@pytest.mark.parametrize(
    ("ordered", "busy", "settled"),
    [
        (True, {"written_count": 3}, {"written_count": 4}),
        (False, {"lent": 1}, {"lent": 0}),
        (False, {"held_back": 1}, {"held_back": 0}),
    ],
)
async def test_an_item_that_this_machine_declines_ends_the_run_when_all_else_is_written(
    situation: Situation, ordered: bool, busy: dict[str, int], settled: dict[str, int]
) -> None:
    situation.coordinator.ready = 1
    situation.lender.policy = Policy(ordered=ordered)
    situation.lender.declined_by_all = 4
    vars(situation.lender).update(busy)
    with saying(situation, HowToJoin()) as task:
        await situation.passes()
        assert not task.done()
        vars(situation.lender).update(settled)
        with pytest.raises(FunctionError, match="declined item 5, and with --local there is nobody else to take it"):
            await asyncio.wait_for(task, 10)
    assert situation.said == []
