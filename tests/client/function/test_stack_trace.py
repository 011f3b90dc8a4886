"""Stacks of volunteers, which may be anything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pando_client.function import deno
from pando_client.function.stack_trace import Call, Trace, traced

MAP = '{"version":3,"sources":["fn.js"],"names":[],"mappings":";AAAA"}'


@pytest.mark.parametrize(
    ("name", "file", "printed"),
    [
        ("f", "fn.js", "f (jobs/fn.js:3:9)"),
        ("", "../lib.js", "lib.js:3:9"),
        ("new A", "node_modules/c/index.js", "new A (jobs/node_modules/c/index.js:3:9)"),
        ("g", "npm:c@1/node_modules/c/index.js", "g (npm:c@1/node_modules/c/index.js:3:9)"),
    ],
)
def test_a_call_is_printed_with_its_place(name: str, file: str, printed: str) -> None:
    assert Call(name=name, file=file, line=3, column=9).beside(Path("jobs")) == printed


async def test_places_are_those_of_the_users_files_and_no_others() -> None:
    stack = "Error: x\n    at f (pando-function.js:2:1)\n    at #R (blob:null/4a:4:6209)\n    at g (fn.js:7:7)"
    trace = await traced(stack, MAP)
    assert trace.calls == (Call(name="f", file="fn.js", line=1, column=1),)
    assert trace.stack == stack.replace("pando-function.js:2:1", "fn.js:1:1")


@pytest.mark.parametrize("stack", ["at f (pando-function.js:999999999999:1)", "\0\ud800 @@@", "x" * 100_000])
async def test_what_cannot_be_mapped_stays(stack: str) -> None:
    trace = await traced(stack, MAP)
    assert (trace.stack.replace("\ufffd", "\ud800"), trace.calls) == (stack, ())
    known = "at f (pando-function.js:2:1)"
    assert await traced(known, "no map") == Trace(known)


async def test_without_the_tracer_the_stack_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(deno, "ASSETS", tmp_path)
    stack = "at f (pando-function.js:2:1)"
    assert await asyncio.wait_for(traced(stack, MAP), 5) == Trace(stack)
