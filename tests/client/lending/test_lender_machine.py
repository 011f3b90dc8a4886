"""Everything that can happen to a lender, in any order, with the invariant after every step.

`PANDO_LENDER_EXAMPLES` is how many runs of 100 steps there are: 500 unless it says otherwise, in a soak 50,000.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from pando_client.lending.instructions import Failure, Instruction, OnError, Policy
from pando_client.lending.ledger import OBJECT_BYTES
from pando_shared.wire.messages import BINARY, DECLINED, ERROR, RESULT
from tests.support.lender_model import Shell, result_of

pytestmark = pytest.mark.untraced

NAMES = ["a", "b", "c", "d"]
EXAMPLES = int(os.environ.get("PANDO_LENDER_EXAMPLES", "500"))
AT_ONCE = 1000
"""Hypothesis remembers all that it has tried, 300 KB a run: a soak in one part would take 15 GB."""
STEPS = 100
T = TypeVar("T")

names = st.sampled_from(NAMES)
# Whole numbers cost Hypothesis the least: each chooses one of what is there, by its remainder.
picks = st.integers(0, 15)
few = st.integers(1, 5)
lease_open = precondition(lambda self: self.shell.leases)
somebody = precondition(lambda self: self.shell.here)
room = precondition(lambda self: len(self.shell.here) < len(NAMES) and not self.shell.stopped)


class LenderMachine(RuleBasedStateMachine):
    """Volunteers, an input and an output that do as they please."""

    ended_well = 0
    """Runs of all machines that came to their end."""

    @initialize(
        window=st.sampled_from([1, 4, 20, 20]),
        memory=st.sampled_from([1 << 20, 6 * OBJECT_BYTES]),
        retries=st.sampled_from([3, 2, 1, 3]),
        on_error=st.sampled_from(OnError),
        ordered=st.booleans(),
        copies=st.booleans(),
        total=st.sampled_from([60, 60, 60, 30, 10, 0]),
        breaks=st.integers(0, 3),
        stops=st.integers(0, 7),
        silent=st.booleans(),
        last_wants=st.sampled_from([(2, 3), (1, 1)]),
        deadly=st.sampled_from([(), (), (2,), (0, 5, 6, 20)]),
        by_chance=st.booleans(),
    )
    def begin(
        self,
        window: int,
        memory: int,
        retries: int,
        on_error: OnError,
        ordered: bool,
        copies: bool,
        total: int,
        breaks: int,
        stops: int,
        silent: bool,
        last_wants: tuple[int, int],
        deadly: tuple[int, ...],
        by_chance: bool,
    ) -> None:
        self.policy = Policy(
            window=window, memory=memory, retries=retries, on_error=on_error, ordered=ordered, copies=copies
        )
        self.total = total
        self.breaks = breaks == 0  # the input, where it would have ended
        self.may_stop = stops == 0  # the run, by its user
        self.silent = silent  # one of them at the end
        self.last_wants = last_wants
        self.deadly = {b"%d" % index for index in deadly}
        self.by_chance = by_chance  # volunteers die
        self.start()

    def start(self) -> None:
        self.shell = Shell(self.policy, self.deadly)
        self.now = 0.0
        self.ended = False
        self.error: OSError | None = None
        self.drains = True  # the output

    # The input

    @precondition(lambda self: self.shell.asked)
    @rule(count=st.integers(1, 20))
    def read(self, count: int) -> None:
        """The next items; or there is nothing any more, or an error instead."""
        if not self.exhausted:
            self.shell.read(min(count, self.total - len(self.shell.given)))
        elif not self.ended:
            self.ended = True
            self.error = OSError("read error") if self.breaks else None
            self.shell.end(self.error)

    @property
    def exhausted(self) -> bool:
        return len(self.shell.given) == self.total

    # The volunteers come and ask

    @room
    @rule(pick=picks)
    def join(self, pick: int) -> None:
        self.shell.join(self.one_of(self.absent, pick))

    @somebody
    @rule(pick=picks, leases=st.integers(0, 3), items=few, count=st.integers(0, 20))
    def ask(self, pick: int, leases: int, items: int, count: int) -> None:
        self.shell.want(self.one_of(self.here, pick), leases, items)
        self.read_at_once(count)

    @room
    @rule(pick=picks, leases=st.integers(1, 3), items=few, count=st.integers(0, 20))
    def join_and_ask(self, pick: int, leases: int, items: int, count: int) -> None:
        self.shell.join(self.one_of(self.absent, pick), leases, items)
        self.read_at_once(count)

    def read_at_once(self, count: int) -> None:
        if self.shell.asked and count:
            self.read(count)

    @property
    def absent(self) -> list[str]:
        return [name for name in NAMES if name not in self.shell.here]

    @property
    def here(self) -> list[str]:
        return sorted(self.shell.here)

    # They answer

    @lease_open
    @rule(pick=picks)
    def answer(self, pick: int) -> None:
        self.shell.answer(self.one_of(self.shell.leases, pick))

    @lease_open
    @rule(pick=picks, count=few, kind=st.sampled_from([RESULT, BINARY]))
    def answer_in_part(self, pick: int, count: int, kind: int) -> None:
        self.answer_as(pick, [kind] * count)

    @lease_open
    @rule(pick=picks, solved=st.integers(0, 3))
    def fail(self, pick: int, solved: int) -> None:
        self.answer_as(pick, [RESULT] * solved + [ERROR])

    @lease_open
    @rule(pick=picks, solved=st.integers(0, 3))
    def decline(self, pick: int, solved: int) -> None:
        self.answer_as(pick, [RESULT] * solved + [DECLINED])

    @lease_open
    @rule(pick=picks)
    def decline_the_rest(self, pick: int) -> None:
        self.answer_as(pick, [DECLINED] * 5)

    @lease_open
    @rule(pick=picks, kinds=st.integers(0, 4**5 - 1))
    def answer_anything(self, pick: int, kinds: int) -> None:
        self.answer_as(pick, [kinds >> 2 * place & 3 for place in range(5)])

    @lease_open
    @rule(pick=picks)
    def time_out(self, pick: int) -> None:
        """An item takes too long: after a while the page reports it as failed."""
        self.time_passes(2.0)
        if self.shell.leases:
            self.answer_as(pick, [ERROR])

    @precondition(lambda self: self.shell.lent_order)
    @rule(pick=picks, offset=st.integers(-1, 5), count=few)
    def answer_out_of_turn(self, pick: int, offset: int, count: int) -> None:
        """What was answered before, what comes later; or a lease that is handed back, withdrawn, lent to another."""
        lend = self.one_of(self.shell.lent_order[-16:], pick)
        done = self.shell.done[lend.lease]
        if lend.lease in self.shell.leases and offset in (-1, done):
            return
        values = [b"wrong"] * count
        place = done if offset < 0 else offset
        lender = self.shell.lender
        self.unchanged(lambda: lender.results(lend.volunteer, lend.lease, place, values, None, self.now))

    @precondition(lambda self: self.shell.lent_order)
    @rule(name=names, lease=st.integers(0, 60))
    def say_nonsense(self, name: str, lease: int) -> None:
        """Leases that were never lent, or to another; what is said of one that is not here, or not suspected."""
        lender, lend = self.shell.lender, self.shell.leases.get(lease)
        if lend is None or lend.volunteer != name:
            done = self.shell.done.get(lease, 0)
            self.unchanged(lambda: lender.results(name, lease, done, [b"forged"], None, self.now))
            self.unchanged(lambda: lender.hand_back(name, [lease], self.now))
        if name not in self.shell.here:
            said = (
                lender.suspect,
                lender.recover,
                lender.leave,
                lender.died,
                lambda name, now: lender.want(name, 1, 1, now),
            )
            self.unchanged(lambda: said[lease % 5](name, self.now))
        elif name not in self.shell.suspects:
            self.unchanged(lambda: lender.recover(name, self.now))

    # They go

    @lease_open
    @rule(pick=picks, count=few)
    def hand_back(self, pick: int, count: int) -> None:
        lease = self.one_of(self.shell.leases, pick)
        held = self.shell.of(name := self.holder(pick))
        self.shell.hand_back(name, held[held.index(lease) :][:count])

    @precondition(lambda self: self.shell.leases or len(self.shell.here) == len(NAMES))
    @rule(pick=picks)
    def leave(self, pick: int) -> None:
        in_the_middle = self.shell.leases and pick % 4
        self.shell.leave(self.holder(pick) if in_the_middle else self.one_of(self.here, pick))

    @precondition(lambda self: self.shell.leases and self.by_chance)
    @rule(pick=picks)
    def die(self, pick: int) -> None:
        self.shell.die(self.holder(pick))

    @precondition(lambda self: self.shell.leases and self.by_chance)
    @rule(pick=picks, again=st.booleans())
    def seem_dead(self, pick: int, again: bool) -> None:
        """Its connection is lost; it may come back, as another one."""
        self.shell.die(name := self.holder(pick))
        if again:
            self.shell.lender.came_back(name)
            self.shell.check()

    @lease_open
    @rule(pick=picks)
    def suspect(self, pick: int) -> None:
        self.shell.suspect(self.holder(pick))

    @precondition(lambda self: self.shell.suspects)
    @rule(pick=picks)
    def recover(self, pick: int) -> None:
        self.shell.recover(self.one_of(self.shell.suspects, pick))

    @precondition(lambda self: self.shell.leases)
    @rule(seconds=st.sampled_from([0.1, 1.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        """With the longest, leases that stay out are late, and copies of them are made."""
        self.now += seconds
        self.shell.tick(self.now)

    # The output

    @precondition(lambda self: self.shell.unwritten and self.drains)
    @rule(count=st.integers(1, 20))
    def write(self, count: int) -> None:
        self.shell.write(count)

    @precondition(lambda self: self.shell.unwritten and self.drains)
    @rule()
    def downstream_stops(self) -> None:
        self.drains = False

    @precondition(lambda self: not self.drains)
    @rule()
    def downstream_goes_on(self) -> None:
        self.drains = True
        self.shell.write()

    @precondition(lambda self: self.may_stop and not self.shell.stopped)
    @rule()
    def stop(self) -> None:
        """The run is ended by its user: everybody is parted with, and nothing is carried out any more."""
        self.shell.stopped = True
        self.shell.asked = 0
        for name in self.here:
            self.shell.leave(name)

    @precondition(lambda self: self.shell.finish or self.shell.stopped)
    @rule()
    def run_again(self) -> None:
        """Another run, so that no step is wasted."""
        self.end_well()
        self.start()

    # What the rules share

    def one_of(self, choices: Collection[T], pick: int) -> T:
        return list(choices)[pick % len(choices)]

    def holder(self, pick: int) -> str:
        return self.shell.leases[self.one_of(self.shell.leases, pick)].volunteer

    def answer_as(self, pick: int, kinds: list[int]) -> None:
        self.shell.answer(self.one_of(self.shell.leases, pick), len(kinds), bytes(kinds))

    def unchanged(self, stimulus: Callable[[], list[Instruction]]) -> None:
        before = repr(self.shell.lender)
        self.shell.carry_out(stimulus())
        assert repr(self.shell.lender) == before

    # The end

    def teardown(self) -> None:
        if hasattr(self, "shell"):
            self.end_well()
            type(self).ended_well += 1

    def end_well(self) -> None:
        """When somebody works, the job ends, and its output is exact (P2, P3, P4, P10, P11).

        The others may be gone, or, if copies are made, stay and say nothing. Where an item ends volunteers, or could be
        thought to, those that say nothing are dropped in the end, as a session does it: until then they may be dead of
        it, and the item may be lent to nobody else.
        """
        shell = self.shell
        if shell.stopped:
            shell.write()
            return
        for name in NAMES:
            if not (self.silent and name == "a" and self.policy.copies):
                shell.leave(name)
        for turn in range(1000):
            if shell.finish:
                break
            if turn == 100 and "a" in shell.here and (self.deadly or (self.by_chance and shell.suspects)):
                shell.die("a")
            if "last" not in shell.here:  # it died
                shell.join("last")
            self.now += 20.0
            shell.tick(self.now)
            shell.want("last", *self.last_wants)
            self.read_at_once(20)
            for lease in shell.of("last"):
                if lease in shell.leases:
                    shell.answer(lease)
            shell.write()
        self.check_output()

    def check_output(self) -> None:
        """That it is all there; that each line is right and in its place was checked when it was written."""
        shell = self.shell
        assert shell.finish is not None
        failure = shell.finish.failure
        if failure is not None:
            assert self.policy.on_error is OnError.STOP
            self.check_failed([failure])
            if self.policy.ordered:
                assert shell.output == [result_of(item) for item in shell.given[: failure.index]]
            return
        assert self.exhausted
        assert shell.finish.input_error is self.error
        assert len(shell.output) == self.total - len(shell.lender.outcomes.failed)
        assert shell.lender.outcomes.failed_count == len(shell.lender.outcomes.failed)
        self.check_failed(shell.gave_up)
        assert [failure.index for failure in shell.gave_up] == list(shell.lender.outcomes.failed)
        assert self.deadly & set(shell.given) <= {failure.item for failure in shell.gave_up}

    def check_failed(self, failures: Sequence[Failure]) -> None:
        """Nothing has failed for deaths but what is deadly, unless volunteers die by chance as well (P12)."""
        dead_of = {failure.item for failure in failures if failure.deaths}
        assert self.by_chance or dead_of <= self.deadly


SETTINGS = settings(
    stateful_step_count=STEPS,
    deadline=None,
    # A failure is shrunk at once, so none need be kept; looking for them costs a soak its time.
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize("first", range(0, EXAMPLES, AT_ONCE))
def test_whatever_happens_the_promises_hold(first: int) -> None:
    examples = min(AT_ONCE, EXAMPLES - first)
    before = LenderMachine.ended_well
    run_state_machine_as_test(LenderMachine, settings=settings(SETTINGS, max_examples=examples))
    assert LenderMachine.ended_well - before >= examples


@pytest.mark.parametrize("deadly", [(), (0,)])
def test_who_stays_silent_with_an_item_that_two_others_ended_with_is_dropped(deadly: tuple[int, ...]) -> None:
    """Until then nobody else is lent that item, and the job cannot end."""
    machine = LenderMachine()
    machine.begin(
        window=4,
        memory=1 << 20,
        retries=3,
        on_error=OnError.SKIP,
        ordered=True,
        copies=True,
        total=10,
        breaks=1,
        stops=1,
        silent=True,
        last_wants=(1, 1),
        deadly=deadly,
        by_chance=not deadly,
    )
    shell = machine.shell
    for name in ("b", "c", "a"):
        shell.join(name, 1, 1)
        machine.read_at_once(20)
        assert [shell.leases[lease].items for lease in shell.of(name)] == [[b"0"]]
        if name != "a":
            shell.die(name)
    shell.suspect("a")
    shell.join("other", 1, 1)
    assert b"0" not in [item for lease in shell.of("other") for item in shell.leases[lease].items]
    shell.leave("other")
    machine.end_well()
    assert [failure.item for failure in shell.gave_up] == [b"0"]
