"""Stacks of volunteers, which may be anything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pando_client.function import deno
from pando_client.function.stack_trace import frames, traced

MAP = '{"version":3,"sources":["fn.js"],"names":[],"mappings":"AAAA"}'


@pytest.mark.parametrize(
    ("stack", "found"),
    [
        ("Error: x\n    at f (fn.js:3:9)\n    at fn.js:1:2", ["f (jobs/fn.js:3:9)", "jobs/fn.js:1:2"]),
        ("f@fn.js:3:9\n@../lib.js:1:2\n", ["f (jobs/fn.js:3:9)", "lib.js:1:2"]),
        ("    at async Promise.all (index 0)\n    at Array.map (<anonymous>)", []),
        ("    at new A [as b] (node_modules/c/index.js:10:11)", ["new A [as b] (jobs/node_modules/c/index.js:10:11)"]),
        ("at\nat (\n@\nat ()\n::1:2\nmail@example.org", []),
        ("", []),
        (" " * 60_000, []),
        ("at " * 20_000, []),
        ("\n".join([" " * 990] * 60), []),
    ],
)
def test_the_calls_of_a_stack(stack: str, found: list[str]) -> None:
    assert frames(stack, Path("jobs")) == found


@pytest.mark.parametrize("stack", ["at f (pando-function.js:999999999999:1)", "\0\ud800 @@@", "x" * 100_000])
async def test_what_cannot_be_mapped_stays(stack: str) -> None:
    assert (await traced(stack, MAP)).replace("\ufffd", "\ud800") == stack
    assert await traced("at f (pando-function.js:1:1)", "no map") == "at f (pando-function.js:1:1)"


async def test_without_the_tracer_the_stack_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(deno, "ASSETS", tmp_path)
    assert await asyncio.wait_for(traced("at f (pando-function.js:1:1)", MAP), 5) == "at f (pando-function.js:1:1)"
