"""Where a function runs, and what its user is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pando_client import console
from pando_client.function.bundle import Bundle, PageGuess
from pando_client.function.module import Module
from pando_client.options import Options
from pando_client.run.placement import settled
from pando_shared.errors import FunctionError
from pando_shared.wire.messages import Context

MODULE = Module("f.js", "f.js", Path())
USES = PageGuess("/me/f.js:3:8", "document")
NEEDS = PageGuess("/me/f.js:1:9", None)
IN_BROWSERS = "pando: this machine has no page for the function: it computes in browsers only (context page)"


def options(*, local: bool = False, start_idle: bool = True) -> Options:
    return Options(module="f.js", local=local, start_idle=start_idle)


def function(context: Context = "page", guess: PageGuess | None = None) -> Bundle:
    return Bundle(b"", "{}", ("f.js",), context, guess)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(console, "say", lines.append)
    return lines


@pytest.mark.parametrize("given", [options(), options(local=True), options(start_idle=False)])
def test_of_a_worker_nothing_is_said(said: list[str], given: Options) -> None:
    assert settled(function("worker"), MODULE, given) == function("worker")
    assert said == []


@pytest.mark.parametrize(
    ("guess", "text"),
    [
        (None, []),
        (
            USES,
            ["pando: /me/f.js:3:8 uses document: the function runs in a page; --context=worker runs it in a worker"],
        ),
        (NEEDS, ["pando: /me/f.js:1:9 needs a page while the module loads: the function runs in a page"]),
    ],
)
def test_a_page_that_nobody_has_asked_for_is_said(said: list[str], guess: PageGuess | None, text: list[str]) -> None:
    assert settled(function(guess=guess), MODULE, options()).context == "page"
    assert said == text
    said.clear()
    assert settled(function(guess=guess), MODULE, options(start_idle=False)).context == "page"
    assert said == [*text, IN_BROWSERS]


def test_here_a_page_is_refused_if_it_is_known_to_be_needed(said: list[str]) -> None:
    with pytest.raises(FunctionError, match=r"^f\.js needs a page \(context page\), and --local has none"):
        settled(function(), MODULE, options(local=True))
    with pytest.raises(FunctionError, match=r"^/me/f\.js:1:9 needs a page while the module loads, and --local has"):
        settled(function(guess=NEEDS), MODULE, options(local=True))
    assert said == []


def test_here_a_function_that_only_seems_to_want_a_page_is_tried_in_a_worker(said: list[str]) -> None:
    assert settled(function(guess=USES), MODULE, options(local=True)).context == "worker"
    assert said == [
        "pando: /me/f.js:3:8 uses document, and --local has no page: "
        "the function runs in a worker, where there is no document"
    ]
