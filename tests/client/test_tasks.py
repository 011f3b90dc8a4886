"""Tasks: how they end, and who owns them."""

from __future__ import annotations

import asyncio

import pytest

from pando_client.tasks import RunScope, cancel, first_of


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def fail() -> None:
    raise ZeroDivisionError


async def test_cancelled_tasks_have_ended() -> None:
    ended: list[str] = []

    async def tidy() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(0)
            ended.append("tidy")

    tasks = [asyncio.create_task(tidy()), asyncio.create_task(fail()), asyncio.create_task(forever())]
    await asyncio.sleep(0)
    await cancel(*tasks)
    assert all(task.done() for task in tasks)
    assert ended == ["tidy"]


async def test_the_result_of_a_task_that_ends_first() -> None:
    interrupted: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def answer() -> int:
        return 42

    assert await first_of(asyncio.create_task(answer()), interrupted) == 42
    with pytest.raises(ZeroDivisionError):
        await first_of(asyncio.create_task(fail()), interrupted)


async def test_a_task_that_is_interrupted_is_cancelled() -> None:
    interrupted: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(forever())
    asyncio.get_running_loop().call_soon(interrupted.set_result, KeyError("signal"))
    with pytest.raises(KeyError, match="signal"):
        await first_of(task, interrupted)
    assert task.cancelled()


async def test_a_scope_closes_what_was_started_the_last_first() -> None:
    order: list[str] = []

    async def close(name: str) -> None:
        order.append(name)

    async def work() -> None:
        try:
            await forever()
        finally:
            order.append("task")

    async with RunScope() as scope:
        scope.push_async_callback(close, "first")
        scope.start(work())
        scope.push_async_callback(close, "last")
        await asyncio.sleep(0)
        [task] = scope.tasks
        assert not task.done()
    assert order == ["last", "task", "first"]
    assert task.cancelled()


async def test_a_task_that_fails_does_not_end_the_others() -> None:
    async with RunScope() as scope:
        scope.start(fail())
        scope.start(forever())
        await asyncio.sleep(0.01)
        assert [task.done() for task in scope.tasks] == [True, False]
        with pytest.raises(ZeroDivisionError):
            scope.tasks[0].result()


async def test_a_task_that_takes_a_cancellation_for_something_else_is_cancelled_again() -> None:
    taken = 0

    async def deaf() -> None:
        nonlocal taken
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                taken += 1
                if taken == 2:
                    raise

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await cancel(task)
    assert (taken, task.cancelled()) == (2, True)
