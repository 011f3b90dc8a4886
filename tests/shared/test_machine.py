"""What this machine refuses is said in words that name the way out."""

from __future__ import annotations

import errno

import pytest

from pando_shared import machine


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "x"), "ulimit -n"),
        (OSError(errno.ENFILE, "x"), "close other programs"),
        (OSError(errno.ENOSPC, "x", "/a"), "no space left for /a"),
        (OSError(errno.EACCES, "x", "/a"), "/a is not for this user"),
        (OSError(errno.EROFS, "x", "/a"), "read-only"),
        (OSError(errno.ENOEXEC, "x", "/a"), "this kind of machine"),
        (OSError(errno.EIO, "Odd", "/a"), "/a cannot be used: odd"),
        (OSError(errno.EIO, "Odd"), "the system says: odd"),
        (MemoryError(), "memory"),
        (ImportError("failed to map segment from shared object"), "memory"),
    ],
)
def test_refusals_are_said_in_words(error: BaseException, words: str) -> None:
    said = machine.in_words(error)
    assert said is not None
    assert words in said
    assert "\n" not in said


@pytest.mark.parametrize("error", [ValueError("x"), ImportError("no module"), RuntimeError("other")])
def test_other_errors_are_not_of_the_machine(error: BaseException) -> None:
    assert machine.in_words(error) is None


def test_the_cause_of_an_error_of_a_runtime_counts() -> None:
    error = RuntimeError("no loop")
    error.__cause__ = OSError(errno.EMFILE, "x")
    assert "ulimit -n" in str(machine.in_words(error))


def test_texts_of_programs_tell_of_errors() -> None:
    assert machine.number_in("Too many open files (os error 24)") == errno.EMFILE
    assert machine.number_in("No space left on device") == errno.ENOSPC
    assert machine.number_in("fine") is None


def test_the_name_of_a_machine_is_printable_and_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "a" * 100)
    assert 0 < len(machine.name()) <= machine.NAME_CHARACTERS
