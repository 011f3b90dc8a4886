"""The volunteer on this machine: another one when it dies, but not for ever."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

import pytest

from pando_client import console
from pando_client.channels.pipe import PipeChannel
from pando_client.options import Options
from pando_client.rendezvous import this_machine
from pando_client.rendezvous.this_machine import MAX_CRASHES, compute_on_this_machine, keep_volunteer
from pando_client.tasks import RunScope
from pando_shared.allowed_hosts import addresses
from pando_shared.errors import ToolError
from tests.support.shells import job_of


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(this_machine, "RESTART_DELAY_SECONDS", 0.0)


def program(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(
        this_machine, "command", lambda name, permissions, arguments: [sys.executable, "-c", code, *arguments]
    )


async def test_a_volunteer_that_never_runs_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "raise SystemExit(7)")
    lives = 0

    async def attend(channel: PipeChannel) -> bool:
        nonlocal lives
        lives += 1
        assert await channel.receive() is None
        await channel.close()
        return False

    with pytest.raises(ToolError, match=r"ended 3 times in a row \(exit status 7\)"):
        await keep_volunteer(attend, lambda: True, 2, "here")
    assert lives == MAX_CRASHES


async def test_crashes_that_are_far_apart_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "pass")
    monkeypatch.setattr(this_machine, "CRASH_SECONDS", 0.0)
    lives = 0

    async def attend(channel: PipeChannel) -> bool:
        nonlocal lives
        lives += 1
        await channel.close()
        return False

    await keep_volunteer(attend, lambda: lives < 5, 1, "here")
    assert lives == 5


async def test_none_is_left_when_attending_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "import signal\nwhile True: signal.pause()")
    numbers: list[int] = []

    async def attend(channel: PipeChannel) -> bool:
        numbers.append(channel.process.pid)
        raise KeyError

    with pytest.raises(KeyError):
        await keep_volunteer(attend, lambda: True, 1, "here")
    with pytest.raises(ChildProcessError):
        os.waitpid(numbers[0], os.WNOHANG)  # noqa: ASYNC222 - it does not wait


async def test_it_gets_its_cores_and_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    program(
        monkeypatch,
        "import sys\nsys.stdout.buffer.write(b'%c\\0\\0\\0' % len(sys.argv[1] + sys.argv[2]))\n"
        "print(sys.argv[1] + sys.argv[2], end='')",
    )
    heard: list[bytes | None] = []

    async def attend(channel: PipeChannel) -> bool:
        heard.append(await channel.receive())
        await channel.close()
        return False

    await keep_volunteer(attend, lambda: not heard, 3, "a name")
    assert heard == [b"--cores=3--device=a name"]


async def test_it_may_reach_what_the_function_may(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[list[str], list[str]]] = []

    def command(name: str, permissions: list[str], arguments: list[str]) -> list[str]:
        given.append((permissions, arguments))
        return [sys.executable, "-c", "pass"]

    monkeypatch.setattr(this_machine, "command", command)

    async def attend(channel: PipeChannel) -> bool:
        await channel.close()
        return False

    for hosts in ((), ("*",), ("a.example", "https://b.example:8443")):
        await keep_volunteer(attend, lambda: False, 1, "here", hosts)
    shown = ["--cores=1", "--device=here"]
    assert given == [
        ([], shown),
        (["--allow-net"], [*shown, "--allow-net=*"]),
        (
            [f"--allow-net={','.join(addresses(('a.example', 'https://b.example:8443')))}"],
            [*shown, "--allow-net=a.example,https://b.example:8443"],
        ),
    ]


async def test_what_the_function_wrote_last_is_printed_before_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(console, "say", said.append)
    write = 'sys.stderr.write(\'{"console": "line %d"}\\n\' % n)'
    program(monkeypatch, f"import sys\nsys.stdout.close()\nfor n in range(3000): {write}")

    async def attend(channel: PipeChannel) -> bool:
        assert await channel.receive() is None
        await channel.close()
        return False

    await keep_volunteer(attend, lambda: False, 1, "here")
    assert said == [f"console: line {n}" for n in range(3000)]


@pytest.mark.parametrize("local", [True, False])
async def test_the_run_goes_on_without_it_unless_there_is_no_other(
    local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    cores: list[int] = []
    monkeypatch.setattr(console, "say", said.append)

    async def keep(attend: object, wanted: Callable[[], bool], slots: int, device: str, allow_net: object) -> None:
        assert wanted()
        cores.append(slots)
        raise ToolError("Deno is missing")

    monkeypatch.setattr(this_machine, "keep_volunteer", keep)
    job, _ = job_of("1")
    async with RunScope() as scope:
        compute_on_this_machine(Options(module="f.js", local=local), job, scope)
        await asyncio.sleep(0.01)
        [task] = scope.tasks
        assert task.done() == local
        if local:
            with pytest.raises(ToolError, match="Deno is missing"):
                task.result()
    assert cores == [1 if local else os.cpu_count()]
    assert said == ([] if local else ["pando: Deno is missing; the run goes on without it"])
