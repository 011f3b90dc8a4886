"""Everything that can happen to a lender, in any order, with the invariant after every step."""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from lender_model import Shell, result_of

from pando_client.instructions import OnError, Policy
from pando_shared.messages import DECLINED, ERROR, RESULT

NAMES = ["a", "b", "c", "d"]
EXAMPLES = int(os.environ.get("PANDO_LENDER_EXAMPLES", "2000"))
names = st.sampled_from(NAMES)


class LenderMachine(RuleBasedStateMachine):
    """Volunteers, an input and an output that do as they please."""

    @initialize(
        window=st.integers(1, 20),
        retries=st.integers(1, 3),
        on_error=st.sampled_from(OnError),
        total=st.integers(0, 40),
        ordered=st.booleans(),
        silent=st.booleans(),
        last_wants=st.sampled_from([(2, 3), (1, 1)]),
    )
    def begin(
        self,
        window: int,
        retries: int,
        on_error: OnError,
        total: int,
        ordered: bool,
        silent: bool,
        last_wants: tuple[int, int],
    ) -> None:
        self.silent = silent
        self.last_wants = last_wants
        self.shell = Shell(Policy(window=window, retries=retries, on_error=on_error, ordered=ordered))
        self.now = 0.0
        self.total = total
        self.ended = False
        self.error: OSError | None = None
        self.here: set[str] = set()
        self.past: list[tuple[str, int]] = []  # leases that were ever lent: for late and double answers

    def lent(self) -> list[int]:
        return sorted(self.shell.leases)

    @rule(name=names, leases=st.integers(0, 3), items=st.integers(1, 5))
    def join_or_want(self, name: str, leases: int, items: int) -> None:
        if name not in self.here:
            self.here.add(name)
            self.shell.join(name)
        self.shell.want(name, leases, items)

    @precondition(lambda self: self.shell.asked and not self.ended)
    @rule(count=st.integers(1, 20))
    def read(self, count: int) -> None:
        left = self.total - len(self.shell.given)
        if left:
            self.shell.read(min(count, left))
        else:
            self.ended = True
            self.shell.end()

    @precondition(lambda self: self.shell.asked and not self.ended)
    @rule()
    def read_error(self) -> None:
        self.ended = True
        self.error = OSError("read error")
        self.shell.end(self.error)

    @precondition(lambda self: self.shell.leases)
    @rule(data=st.data(), count=st.none() | st.integers(1, 5))
    def answer(self, data: st.DataObject, count: int | None) -> None:
        self.shell.answer(data.draw(st.sampled_from(self.lent())), count)

    @precondition(lambda self: self.shell.leases)
    @rule(data=st.data(), kinds=st.lists(st.sampled_from([RESULT, ERROR, DECLINED]), min_size=1, max_size=5))
    def answer_with_trouble(self, data: st.DataObject, kinds: list[int]) -> None:
        self.shell.answer(data.draw(st.sampled_from(self.lent())), len(kinds), bytes(kinds))

    @precondition(lambda self: self.shell.lent_order)
    @rule(data=st.data(), offset=st.integers(0, 5), count=st.integers(1, 5))
    def answer_out_of_turn(self, data: st.DataObject, offset: int, count: int) -> None:
        """Late, double, skipping: whatever does not go on where the lease stands."""
        lend = data.draw(st.sampled_from(self.shell.lent_order))
        if lend.lease in self.shell.leases and offset == self.shell.done[lend.lease]:
            return
        self.unchanged(lambda: self.shell.lender.answer(lend.volunteer, lend.lease, offset, [b"late"] * count))

    @rule(name=names, lease=st.integers(0, 60))
    def answer_unknown_or_foreign(self, name: str, lease: int) -> None:
        lend = self.shell.leases.get(lease)
        if lend is None or lend.volunteer != name:
            self.unchanged(lambda: self.shell.lender.answer(name, lease, 0, [b"forged"]))
            self.unchanged(lambda: self.shell.lender.hand_back(name, [lease]) if lend else [])

    def unchanged(self, stimulus) -> None:
        before = repr(self.shell.lender)
        self.shell.carry_out(stimulus())
        assert repr(self.shell.lender) == before

    @precondition(lambda self: self.shell.leases)
    @rule(data=st.data())
    def hand_back(self, data: st.DataObject) -> None:
        name = self.shell.leases[data.draw(st.sampled_from(self.lent()))].volunteer
        self.shell.hand_back(name, data.draw(st.lists(st.sampled_from(self.shell.of(name)), min_size=1, unique=True)))

    @rule(name=names)
    def leave(self, name: str) -> None:
        self.here.discard(name)
        self.shell.leave(name)

    @rule(name=names)
    def suspect(self, name: str) -> None:
        self.shell.suspect(name)

    @rule(name=names)
    def recover(self, name: str) -> None:
        self.shell.carry_out(self.shell.lender.recover(name))

    @rule(seconds=st.sampled_from([0.1, 1.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.shell.tick(self.now)

    @precondition(lambda self: self.shell.unwritten)
    @rule(count=st.integers(1, 20))
    def write(self, count: int) -> None:
        self.shell.write(count)

    def teardown(self) -> None:
        """When somebody works, the job ends, and its output is exact (P2, P3, P4, P10, P11).

        The others may be gone, or stay and say nothing: then copies have to do.
        """
        if not hasattr(self, "shell"):
            return
        shell = self.shell
        for name in NAMES:
            if not (self.silent and name == "a"):
                shell.leave(name)
        shell.join("last")
        for _ in range(1000):
            if shell.finish:
                break
            self.now += 20.0
            shell.tick(self.now)
            shell.want("last", *self.last_wants)
            if shell.asked and not self.ended:
                self.read(20)
            for lease in shell.of("last"):
                shell.answer(lease)
            shell.write()
        assert shell.finish is not None
        self.check_output()

    def check_output(self) -> None:
        shell = self.shell
        failed = set(shell.lender.failed)
        end = len(shell.given)
        if (failure := shell.finish.failure) is not None:
            assert shell.lender.policy.on_error is OnError.STOP
            assert failure.item == shell.given[failure.index]
            assert len(failure.volunteers) == shell.lender.policy.retries
            end = failure.index
        else:
            assert shell.finish.input_error is self.error
        expected = [result_of(item) for index, item in enumerate(shell.given[:end]) if index not in failed]
        if shell.lender.policy.ordered:
            assert shell.output == expected
        elif failure is None:
            assert sorted(shell.output) == sorted(expected)
        else:
            assert len(set(shell.output)) == len(shell.output)
            assert set(shell.output) <= {result_of(item) for item in shell.given}
        assert len(shell.given) == self.total or failure or self.error


TestLender = LenderMachine.TestCase
TestLender.settings = settings(max_examples=EXAMPLES, stateful_step_count=50, deadline=None)
