"""What the function writes on this machine, from the volunteer's standard error to ours."""

from __future__ import annotations

import asyncio
import json

import pytest

from pando_client import console
from pando_client.rendezvous.function_console import LINE_CHARACTERS, pass_on


async def printed(data: bytes, monkeypatch: pytest.MonkeyPatch, *, debug: bool = False) -> list[str]:
    said: list[str] = []
    monkeypatch.setenv("DEBUG", "pando-computing" if debug else "")
    monkeypatch.setattr(console, "say", said.append)
    errors = asyncio.StreamReader(limit=5000)
    errors.feed_data(data)
    errors.feed_eof()
    await pass_on(errors)
    return said


def line(text: object) -> bytes:
    return json.dumps({"console": text}).encode() + b"\n"


async def test_its_lines_are_printed_and_cannot_act_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    data = line("hello") + line("a\tb\x1b[2J\u2028") + line("") + line("x" * 600) + line("日本 🎉")
    assert await printed(data, monkeypatch) == [
        "console: hello",
        "console: a   b\\x1b[2J\\u2028",
        "console: ",
        f"console: {'x' * (LINE_CHARACTERS - 1)}…",
        "console: 日本 🎉",
    ]


async def test_what_else_the_volunteer_says_is_for_whoever_debugs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    others = b"pando-volunteer: a worker crashed\n<--- Last few GCs --->\n[1]\n\xff\n" + line(7) + b"x" * 9000 + b"\n"
    data = others + line("still read") + b"unfinished"
    assert await printed(data, monkeypatch) == ["console: still read"]
    said = await printed(data, monkeypatch, debug=True)
    assert said[:2] == [
        "pando-computing pando-volunteer: a worker crashed",
        "pando-computing <--- Last few GCs --->",
    ]
    assert said[-2:] == ["console: still read", "pando-computing unfinished"]
