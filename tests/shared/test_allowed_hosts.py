"""Hosts that a function may reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pando_shared.allowed_hosts import addresses, fault_of, sources
from pando_shared.limits import MAX_ALLOWED_HOSTS


def test_without_a_scheme_all_are_meant_and_without_a_port_the_usual_ones() -> None:
    hosts = ["a.example", "b.example:8080", "https://c.example", "ws://d.example:1"]
    assert sources(hosts) == (
        "http://a.example ws://a.example http://b.example:8080 ws://b.example:8080 https://c.example ws://d.example:1"
    )
    assert addresses(hosts) == ["a.example:80", "a.example:443", "b.example:8080", "c.example:443", "d.example:1"]


def test_everything_stands_alone() -> None:
    assert sources(["*"]) == "*"
    assert fault_of(["*", "a.example"])
    assert fault_of([]) is None


def test_there_is_a_limit() -> None:
    assert fault_of(["a.example"] * MAX_ALLOWED_HOSTS) is None
    assert fault_of(["a.example"] * (MAX_ALLOWED_HOSTS + 1))


@given(st.lists(st.text(), max_size=3))
def test_no_text_brings_more_into_a_policy_than_hosts(hosts: list[str]) -> None:
    if fault_of(hosts) is None:
        assert all(
            set(source) <= set("abcdefghijklmnopqrstuvwxyz0123456789.:/-*") for source in sources(hosts).split(" ")
        )
    else:
        with pytest.raises(ValueError, match=r"host|alone"):
            sources(hosts)
