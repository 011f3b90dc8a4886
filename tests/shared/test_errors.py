"""The tree of errors and their exit statuses."""

from __future__ import annotations

import inspect
import re

import pytest

from pando_shared import errors

CLASSES = {name: value for name, value in vars(errors).items() if inspect.isclass(value)}


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert errors.__doc__ is not None
    path: list[str] = []
    drawn: dict[str, str | None] = {}
    for indent, name in re.findall(r"^    ([│├└─ ]*)([A-Z]\w+)  ", errors.__doc__, re.MULTILINE):
        path[len(indent) // 4 :] = [name]
        drawn[name] = path[-2] if len(path) > 1 else None
    bases = {name: value.__mro__[1].__name__ for name, value in CLASSES.items()}
    assert drawn == {name: None if base == "Exception" else base for name, base in bases.items()}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_has_an_exit_status_but_the_one_that_ends_no_run(name: str) -> None:
    status = getattr(CLASSES[name], "exit_status", None)
    assert status == {"UsageError": 2, "ProtocolViolation": None}.get(name, 1)


def test_the_text_of_an_error_is_what_it_was_given() -> None:
    assert str(errors.FunctionError("one line")) == "one line"
    assert errors.FunctionError("one line").files == ()
