"""How a run ends, in words and as a number."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from pando_client import console
from pando_client.job.job import Job
from pando_client.lending.instructions import Failure, Finish
from pando_client.run.failures import Failures
from pando_client.run.process import Interrupted, Interruption
from pando_client.run.verdict import exit_status
from pando_shared.errors import InputError, ItemFailed


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(console, "error", said.append)
    return said


def interruption() -> Interruption:
    return asyncio.get_running_loop().create_future()


async def status_of(finish: Finish, failed: list[int] | None = None) -> int:
    async def in_words(failure: Failure) -> str:
        return f"item {failure.index + 1} failed"

    outcomes = SimpleNamespace(failed_count=len(failed or []), failed=failed or [])
    job = cast("Job", SimpleNamespace(coordinator=SimpleNamespace(lender=SimpleNamespace(outcomes=outcomes))))
    return await exit_status(job, finish, cast("Failures", SimpleNamespace(in_words=in_words)), interruption())


async def test_all_is_done(said: list[str]) -> None:
    assert await status_of(Finish()) == 0
    assert said == []


@pytest.mark.parametrize(
    ("failed", "says"),
    [
        ([4], "1 item has no result: 5"),
        ([0, 1], "2 items have no result: 1, 2"),
        (
            list(range(25)),
            f"25 items have no result: {', '.join(map(str, range(1, 21)))}, …",
        ),
    ],
)
async def test_some_items_have_no_result(said: list[str], failed: list[int], says: str) -> None:
    assert await status_of(Finish(), failed) == 1
    assert said == [says]


async def test_an_input_that_could_not_be_read(said: list[str]) -> None:
    with pytest.raises(InputError, match="line 3"):
        await status_of(Finish(input_error=InputError("line 3 of standard input is too long")))


async def test_an_item_that_failed(said: list[str]) -> None:
    with pytest.raises(ItemFailed, match="item 5 failed"):
        await status_of(Finish(failure=Failure(4, b"seven", b"{}", ("v1",))))
    assert said == []


async def test_a_signal_ends_the_explanation(said: list[str]) -> None:
    async def never(failure: Failure) -> str:
        return str(await asyncio.get_running_loop().create_future())

    interrupted = interruption()
    interrupted.set_result(Interrupted(2))
    job, failures = cast("Job", SimpleNamespace()), cast("Failures", SimpleNamespace(in_words=never))
    with pytest.raises(Interrupted):
        await exit_status(job, Finish(failure=Failure(4, b"seven", b"{}", ("v1",))), failures, interrupted)
