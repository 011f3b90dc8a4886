"""Decisions and instructions are values: equal by content, and unchangeable."""

from __future__ import annotations

import dataclasses

import pytest

from pando_server.relay.instructions import GRANTED, Decision, Drop, Refused, Wait
from pando_shared.signaling import Code


def test_a_decision_grants_unless_it_says_why_not() -> None:
    assert GRANTED.refused is None
    assert GRANTED.instructions == ()
    assert Decision(instructions=(Wait("v"),)).refused is None
    assert Decision(Refused(Code.FULL, "no room"), (Drop("s", "why"),)) == Decision(
        Refused(Code.FULL, "no room"), (Drop("s", "why"),)
    )


@pytest.mark.parametrize("value", [GRANTED, Refused(Code.FULL, "no room"), Wait("v")])
def test_they_cannot_be_changed(value: object) -> None:
    [field, *_] = dataclasses.fields(value)  # type: ignore[arg-type]  # each of them is a dataclass
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field.name, None)
