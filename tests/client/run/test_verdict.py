"""How a run ends, in words and as a number."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from pando_client import console
from pando_client.function.bundle import Bundle
from pando_client.function.stack_trace import Call, Trace
from pando_client.job.job import Job
from pando_client.lending.instructions import Failure, Finish
from pando_client.run import verdict
from pando_client.run.process import Interrupted, Interruption
from pando_client.run.verdict import exit_status
from pando_shared.errors import InputError, ItemFailed

FUNCTION = Bundle(b"", "{}")
STACK = "\n".join(f"at f{n} (pando-function.js:{n}:1)" for n in range(1, 7))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(console, "error", said.append)

    async def traced(stack: str, source_map: str) -> Trace:
        calls = [Call(name=f"f{n}", file="g.js", line=n, column=1) for n in range(1, stack.count("at ") + 1)]
        return Trace(stack, tuple(calls))

    monkeypatch.setattr(verdict, "traced", traced)
    return said


def interruption() -> Interruption:
    return asyncio.get_running_loop().create_future()


async def status_of(finish: Finish, failed: list[int] | None = None, names: dict[str, str] | None = None) -> int:
    lender = SimpleNamespace(failed_count=len(failed or []), failed=failed or [])
    job = cast("Job", SimpleNamespace(coordinator=SimpleNamespace(lender=lender, name_of=(names or {}).get)))
    return await exit_status(job, finish, FUNCTION, Path("g.js"), interruption())


async def test_all_is_done(said: list[str]) -> None:
    assert await status_of(Finish()) == 0
    assert said == []


@pytest.mark.parametrize(
    ("failed", "says"),
    [
        ([4], "the function failed on 1 item, which has no result: 5"),
        ([0, 1], "the function failed on 2 items, which have no result: 1, 2"),
        (
            list(range(25)),
            f"the function failed on 25 items, which have no result: {', '.join(map(str, range(1, 21)))}, …",
        ),
    ],
)
async def test_some_items_have_no_result(said: list[str], failed: list[int], says: str) -> None:
    assert await status_of(Finish(), failed) == 1
    assert said == [says]


async def test_an_input_that_could_not_be_read(said: list[str]) -> None:
    with pytest.raises(InputError, match="line 3"):
        await status_of(Finish(input_error=InputError("line 3 of standard input is too long")))


def failure(stack: str = "", volunteers: tuple[str, ...] = ("v1",)) -> Finish:
    error = json.dumps({"message": "no\nway", "stack": stack}).encode()
    return Finish(failure=Failure(4, b"seven", error, volunteers))


@pytest.mark.parametrize(
    ("finish", "names", "says"),
    [
        (failure(), {}, "the function failed on item 5 (seven), once: no\\nway"),
        (
            failure(volunteers=("v1", "v2", "v1")),
            {"v1": "phone", "v2": "laptop"},
            "the function failed on item 5 (seven), 3 times: no\\nway (on laptop, phone)",
        ),
        (
            failure("at f1 (pando-function.js:1:1)"),
            {"v1": "phone"},
            "the function failed on item 5 (seven), once: no\\nway, at f1 (g.js:1:1) (on phone)",
        ),
        (
            failure(STACK),
            {},
            "the function failed on item 5 (seven), once: no\\nway"
            + "".join(f", at f{n} (g.js:{n}:1)" for n in range(1, 5))
            + ", …",
        ),
    ],
)
async def test_an_item_that_failed(said: list[str], finish: Finish, names: dict[str, str], says: str) -> None:
    with pytest.raises(ItemFailed) as caught:
        await status_of(finish, names=names)
    assert str(caught.value) == says


async def test_a_signal_ends_the_explanation(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(stack: str, source_map: str) -> Trace:
        await asyncio.get_running_loop().create_future()
        return Trace()

    monkeypatch.setattr(verdict, "traced", never)
    interrupted = interruption()
    interrupted.set_result(Interrupted(2))
    job = cast("Job", SimpleNamespace())
    with pytest.raises(Interrupted):
        await exit_status(job, failure(STACK), FUNCTION, Path("g.js"), interrupted)
