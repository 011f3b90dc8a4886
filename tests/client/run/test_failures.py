"""Items that have failed for good, in words, as it happens."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from pando_client import console
from pando_client.function.bundle import Bundle
from pando_client.function.stack_trace import Call, Trace
from pando_client.job.job import Job
from pando_client.lending.instructions import Failure
from pando_client.run import failures as failures_module
from pando_client.run.failures import MAX_SAID, Failures

STACK = "\n".join(f"at f{n} (g.js:{n}:1)" for n in range(1, 7))
NAMES = {"v1": "phone", "v2": "laptop", **{f"w{n}": f"desk {n:02}" for n in range(12)}}


class Scene:
    """What is said, and how often a stack was traced."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.traced = 0
        job = cast("Job", SimpleNamespace(coordinator=SimpleNamespace(name_of=NAMES.get)))
        self.failures = Failures(job, Bundle(b"", "{}"), Path("g.js"))


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    scene = Scene()

    async def traced(stack: str, source_map: str) -> Trace:
        scene.traced += 1
        found = re.findall(r"(\w+)(?: \(|@)(g\.js):(\d+):(\d+)", stack)
        return Trace(
            stack, tuple(Call(name=name, file=file, line=int(line), column=int(at)) for name, file, line, at in found)
        )

    monkeypatch.setattr(console, "error", scene.said.append)
    monkeypatch.setattr(failures_module, "traced", traced)
    return scene


def failed(
    stack: str = "", volunteers: tuple[str, ...] = ("own",), index: int = 4, message: str = "no\nway"
) -> Failure:
    return Failure(index, b"seven", json.dumps({"message": message, "stack": stack}).encode(), volunteers)


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (failed(), "the function failed on item 5 (seven), once: no\\nway"),
        (
            failed(volunteers=("v1", "v2", "v1")),
            "the function failed on item 5 (seven), 3 times: no\\nway (on laptop, phone)",
        ),
        (
            failed("Error: no\nway\n at f (g.js:1:2)", ("v1", "own")),
            "the function failed on item 5 (seven), 2 times: no\\nway, at f (g.js:1:2) (on phone, this machine)",
        ),
        (
            failed(STACK),
            "the function failed on item 5 (seven), once: no\\nway"
            + "".join(f", at f{n} (g.js:{n}:1)" for n in range(1, 5))
            + ", …",
        ),
        (
            Failure(4, b"\x1b[2J" + b"x" * 99, b"", ("v1", "v2", "own"), deaths=3),
            f"item 5 (\\x1b[2J{'x' * 52}…) ended 3 volunteers that worked on it (on laptop, phone, this machine), so "
            "it counts as failed. Perhaps it needs more memory than there is",
        ),
        (
            Failure(4, b"seven", b"", ("own", "own", "own"), deaths=3),
            "item 5 (seven) ended the volunteer on this machine 3 times, so it counts as failed. "
            "Perhaps it needs more memory than there is",
        ),
        (
            failed(volunteers=tuple(f"w{n}" for n in range(12))),
            "the function failed on item 5 (seven), 12 times: no\\nway "
            f"(on {', '.join(f'desk {n:02}' for n in range(10))} and 2 more)",
        ),
    ],
)
async def test_a_failure_in_words(scene: Scene, failure: Failure, says: str) -> None:
    assert await scene.failures.in_words(failure) == says


async def test_each_is_said_once_in_its_order_and_places_are_traced_once(scene: Scene) -> None:
    telling = asyncio.create_task(scene.failures.tell())
    for index in range(3):
        scene.failures.on_failure(failed(f"Error: {index}\n at f (g.js:1:2)", index=index, message=f"{index}"))
    await scene.failures.told()
    telling.cancel()
    assert scene.said == [
        f"the function failed on item {index + 1} (seven), once: {index}, at f (g.js:1:2)" for index in range(3)
    ]
    assert scene.traced == 1


async def test_of_very_many_the_last_ones_are_counted(scene: Scene) -> None:
    telling = asyncio.create_task(scene.failures.tell())
    for index in range(MAX_SAID + 7):
        scene.failures.on_failure(failed(index=index))
    await scene.failures.told()
    telling.cancel()
    assert len(scene.said) == MAX_SAID + 1
    assert scene.said[-1] == "7 more items failed"


async def test_only_so_many_places_are_traced(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures_module, "MAX_TRACED", 2)
    for number in range(4):
        await scene.failures.in_words(failed(f"f@g.js:{number}:1"))
    assert scene.traced == 2
    assert ", at f (g.js:1:1)" in await scene.failures.in_words(failed("f@g.js:1:1"))
