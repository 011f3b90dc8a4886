"""What does not go together, and what is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pando_client.command import usage
from pando_client.command.usage import check
from pando_client.options import Options
from pando_shared.errors import UsageError


def refused(**given: object) -> str:
    with pytest.raises(UsageError) as caught:
        check(Options.model_validate({"module": "f.js", **given}))
    return str(caught.value)


@pytest.fixture(autouse=True)
def waiting(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What standard input is; a terminal unless a test says otherwise."""
    found: list[str | None] = [None]
    monkeypatch.setattr(usage, "what_waits_in", lambda: found[0])
    return found


@pytest.mark.parametrize(
    "given",
    [
        {"items": ["1"]},
        {"stdin": True},
        {"sync_stdio": True},
        {"stdin": True, "sync_stdio": True},
        {"items": ["1"], "local": True, "watch": True},
        {"module": "-", "items": ["1"]},
        {"module": None, "eval": "x => x", "stdin": True},
        {"module": None, "eval": "x => x", "items": [""]},
    ],
)
def test_what_goes_together(given: dict[str, object]) -> None:
    check(Options.model_validate({"module": "f.js", **given}))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"items": ["1"], "stdin": True}, "items come from the command line or from standard input, not from both"),
        (
            {"items": ["1"], "sync_stdio": True},
            "items come from the command line or from standard input, not from both",
        ),
        ({"sync_stdio": True, "binary_output": True}, "--binary-output does not go with --sync-stdio"),
        (
            {"watch": True, "items": ["1"]},
            "--watch runs the items of the command line again and again: it needs --local",
        ),
        ({"watch": True, "local": True, "stdin": True}, "--watch runs the items of the command line again and again"),
        ({"module": None, "items": ["1"]}, "there is no function: name the file of its module before the items"),
        ({"module": "", "items": ["1"]}, "there is no function: name the file of its module before the items"),
    ],
)
def test_what_does_not_go_together(given: dict[str, object], says: str) -> None:
    assert refused(**given).startswith(says)


@pytest.mark.parametrize("more", [{}, {"local": True}, {"start_idle": False}, {"host": "h"}])
def test_without_items_it_is_said_how_to_give_some(more: dict[str, object], waiting: list[str | None]) -> None:
    assert refused(**more) == (
        "there are no items: give some after MODULE, or --stdin to read them from standard input"
    )
    waiting[0] = "a pipe"
    assert refused(**more) == (
        "there are no items: standard input is a pipe, and only --stdin reads items from it"
        " (otherwise give some after MODULE)"
    )
    assert refused(module=None, eval="x => x", **more).endswith("(otherwise give some after the function)")


@pytest.mark.parametrize("module", ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_standard_input_cannot_hold_the_function_and_the_items(module: str) -> None:
    assert refused(module=module) == (
        "there are no items: standard input holds the function, so give the items as arguments"
    )
    for more in ({"stdin": True}, {"sync_stdio": True}):
        assert refused(module=module, **more) == (
            f"standard input cannot hold both the function ({module}) and the items (--stdin):"
            " give the function as a file or with -e, or the items as arguments"
        )


def test_a_pipe_is_standard_input_by_whatever_name(tmp_path: Path, waiting: list[str | None]) -> None:
    os.mkfifo(tmp_path / "pipe")
    other = os.open(tmp_path / "pipe", os.O_RDWR)
    before = os.dup(0)
    waiting[0] = "a pipe"
    try:
        check(Options(module=str(tmp_path / "pipe"), stdin=True))
        os.dup2(other, 0)
        assert "cannot hold both" in refused(module=str(tmp_path / "pipe"), stdin=True)
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(other)
