"""The event loop of the program, its signals and its limits."""

from __future__ import annotations

import asyncio
import builtins
import os
import resource
import signal
from collections.abc import Iterator

import pytest

from pando_client import console
from pando_client.run.process import (
    ENDING_SIGNALS,
    Interrupted,
    Interruption,
    catch_signals,
    loop_factory,
    raise_descriptor_limit,
    run_in_event_loop,
)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Leaves the signals as they were."""
    before = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_exit_status_is_that_of_the_program() -> None:
    async def program(interrupted: Interruption) -> int:
        assert not interrupted.done()
        return 7

    assert run_in_event_loop(program) == 7


@pytest.mark.parametrize("number", ENDING_SIGNALS)
def test_a_signal_interrupts_the_program(number: signal.Signals) -> None:
    async def program(interrupted: Interruption) -> int:
        os.kill(os.getpid(), number)
        raise await interrupted

    assert run_in_event_loop(program) == 128 + number
    assert str(Interrupted(number)) == number.name


def test_a_second_signal_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)

    async def program(interrupted: Interruption) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        first = await interrupted
        os.kill(os.getpid(), signal.SIGINT)
        while not ended:  # noqa: ASYNC110 - the handler is called in some turn of the loop
            await asyncio.sleep(0.01)
        raise first

    assert run_in_event_loop(program) == 128 + signal.SIGTERM
    assert ended == [128 + signal.SIGINT]


async def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interrupted = catch_signals()
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.sleep(0.05)
    assert not interrupted.done()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().remove_signal_handler(number)


def test_a_pipe_that_is_closed_is_a_quiet_end() -> None:
    async def program(interrupted: Interruption) -> int:
        raise BrokenPipeError

    assert run_in_event_loop(program) == 128 + signal.SIGPIPE


def test_other_errors_are_raised() -> None:
    async def program(interrupted: Interruption) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_in_event_loop(program)


def test_an_exception_that_is_not_awaited_is_a_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(console, "debug", said.append)

    async def program(interrupted: Interruption) -> int:
        asyncio.get_running_loop().call_exception_handler({"message": "lost", "exception": KeyError("peer")})
        return 0

    assert run_in_event_loop(program) == 0
    assert said == ["lost: KeyError('peer')"]


def test_the_limit_of_descriptors_is_the_hard_one() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before[1]), before[1]))
    try:
        raise_descriptor_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_system_without_limits_or_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    own = builtins.__import__

    def without(name: str, *arguments: object) -> object:
        if name in ("resource", "uvloop"):
            raise ImportError(name)
        return own(name, *arguments)  # type: ignore[arg-type]  # as they came

    factory = loop_factory()
    assert factory is not None
    assert type(factory()).__module__ == "uvloop"
    monkeypatch.setattr(builtins, "__import__", without)
    assert loop_factory() is None
    raise_descriptor_limit()
