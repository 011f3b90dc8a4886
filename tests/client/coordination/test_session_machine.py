"""The client's sessions and the volunteers' ends, joined by wires on which anything happens, in any order.

A step is something that happens to a volunteer or its wire, or some time that passes. The invariants are looked at
after everything that happens meanwhile: each frame that arrives, each look at the clock.

`PANDO_SESSION_EXAMPLES` is how many runs of 50 steps there are: 300 unless it says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pando_client.lending.instructions import Policy
from pando_client.lending.risks import MAX_DEATHS
from pando_client.session.flow_control import AutoCredit, Credit, FixedCredit
from pando_client.session.liveness import GIVE_UP_AFTER_HEARTBEATS
from pando_shared.wire.codec import encode
from pando_shared.wire.messages import DECLINED, ERROR, RESULT, ClientGoodbye, Hello, Lend, Results, Withdraw
from tests.support.fake_time import IN, NEVER, OUT, World
from tests.support.lender_model import result_of

pytestmark = pytest.mark.untraced

EXAMPLES = int(os.environ.get("PANDO_SESSION_EXAMPLES", "300"))
STEPS = 50
MAX_HERE = 5
ITEMS = 150

picks = st.integers(0, 15)
somebody = precondition(lambda self: self.present)


NEXT: dict[str, set[str]] = {
    "": {"ready", "suspect", "ended"},
    "ready": {"suspect", "ended"},
    "suspect": {"", "ready", "ended"},
    "ended": set(),
}
"""What may become of a session in each state: it may be a suspect and heard again, in turn, and it ends once."""


class CheckedWorld(World):
    """A world that is looked at after everything that happens."""

    def __init__(
        self, items: int, seed: int, policy: Policy | None = None, new_credit: Callable[[], Credit] | None = None
    ) -> None:
        super().__init__(items, seed, policy=policy, new_credit=new_credit)
        self.results = {result_of(item) for item in self.items}
        self.checked: set[bytes] = set()  # what of the output was looked at
        self.last: dict[str, str] = {}  # state of each session

    def forget(self, name: str) -> None:
        """A volunteer is gone, and another may come with its identifier."""
        self.check()
        self.last.pop(name, None)

    def step(self) -> None:
        super().step()
        self.check()

    def check(self) -> None:
        self._check_log()
        for volunteer in self.coordinator.volunteers.values():
            patience = max(GIVE_UP_AFTER_HEARTBEATS * self.limits.heartbeat, self.limits.ready_timeout)
            assert volunteer.session.silence(self.now) <= patience + 0.1
        self._check_items()

    def _check_items(self) -> None:
        lender = self.lender
        assert lender.read_count - lender.written_count == lender.waiting + lender.lent + lender.held_back
        assert lender.read_count - lender.written_count <= lender.policy.window
        for place in range(len(self.checked), len(self.output)):
            result = self.output[place]
            if lender.policy.ordered:
                assert result == result_of(self.items[place])
            assert result in self.results
            assert result not in self.checked
            self.checked.add(result)

    def _check_log(self) -> None:
        for moment in self.log:
            assert moment.state in NEXT[self.last.get(moment.name, "")], moment
            self.last[moment.name] = moment.state
        self.log.clear()

    def check_what_was_heard(self) -> None:
        """At the volunteers' ends: hello first and once, leases in order, nothing withdrawn that was not lent."""
        for far in self.fars.values():
            lent: list[int] = []
            for place, message in enumerate(far.heard):
                match message:
                    case Hello():
                        assert place == 0
                    case Lend(lease, items):
                        assert items
                        assert lease > max(lent, default=0)
                        lent.append(lease)
                    case Withdraw(leases):
                        # Control goes before bulk, so the lease itself may be on its way, or not go out at all.
                        assert len(set(leases)) == len(leases)
                    case ClientGoodbye():
                        assert place == len(far.heard) - 1
                    case _:
                        raise AssertionError(message)


class SessionMachine(RuleBasedStateMachine):
    """Bad wires, bad volunteers, and time."""

    @initialize(
        seed=st.integers(0, 1000),
        batch=st.integers(0, 4),
        window=st.sampled_from([50, 8]),
        copies=st.booleans(),
        unordered=st.booleans(),
        holes=st.integers(0, 3),
        stops=st.integers(0, 4),
    )
    def begin(self, seed: int, batch: int, window: int, copies: bool, unordered: bool, holes: int, stops: int) -> None:
        def new_credit() -> Credit:
            return FixedCredit(batch) if batch else AutoCredit()

        # Errors are tried again for ever: what a job does when it gives up is the lender's affair.
        self.policy = Policy(window=window, retries=1_000_000, copies=copies, ordered=not unordered)
        self.arguments = (seed, new_credit, holes)
        self.may_stop = stops == 0
        self.start()

    def start(self) -> None:
        seed, new_credit, holes = self.arguments
        self.world = world = CheckedWorld(ITEMS, seed, policy=self.policy, new_credit=new_credit)
        self.count = 0
        for number in range(holes):
            world.join(f"hole {number}", slots=4, pace=NEVER)

    # Who is there

    @property
    def present(self) -> list[str]:
        """Those whose session goes on."""
        return self.world.present

    def one(self, pick: int) -> str:
        return self.present[pick % len(self.present)]

    @precondition(lambda self: len(self.present) < MAX_HERE)
    @rule(
        slots=st.integers(1, 3),
        pace=st.sampled_from([0.05, 0.001, 1.0, 5.0, NEVER]),
        delay=st.sampled_from([0.02, 0.0, 0.3, 3.0]),
        kind=st.integers(0, 7),
        peer=st.sampled_from(["", "", "shared", "shared too"]),
        device=st.sampled_from(["", "phone", "laptop"]),
        again=st.integers(0, 3),
    )
    def join(self, slots: int, pace: float, delay: float, kind: int, peer: str, device: str, again: int) -> None:
        random = self.world.random
        moods = {
            5: lambda: random.choice([RESULT, RESULT, DECLINED]),
            6: lambda: random.choice([RESULT, ERROR]),
            7: lambda: random.choice([DECLINED, ERROR]),
        }
        name = f"v{self.count + 1}"
        gone = [name for name in self.world.fars if name.startswith("v") and name not in self.present]
        if gone and again == 0:
            name = gone[-1]
            self.world.forget(name)
        else:
            self.count += 1
        self.world.join(
            name,
            slots,
            pace,
            delay,
            deaf=kind == 4,
            mood=moods.get(kind, lambda: RESULT),
            peer=peer or None,
            device=device,
        )
        self.world.check()

    # Time

    @rule(seconds=st.sampled_from([1.0, 0.01, 0.2, 5.0, 12.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.advance(seconds)

    # What happens to wires

    @somebody
    @rule(pick=picks)
    def cut(self, pick: int) -> None:
        self.happens(self.world.cut, pick)

    @somebody
    @rule(pick=picks)
    def vanish(self, pick: int) -> None:
        self.happens(self.world.vanish, pick)

    @somebody
    @rule(pick=picks, direction=st.sampled_from([IN, OUT]), both=st.booleans())
    def silence(self, pick: int, direction: str, both: bool) -> None:
        for way in (IN, OUT) if both else (direction,):
            self.world.mute(self.one(pick), way)

    @precondition(lambda self: self.silenced)
    @rule(pick=picks)
    def silence_ends(self, pick: int) -> None:
        self.world.unmute(self.silenced[pick % len(self.silenced)])
        self.world.check()

    @property
    def silenced(self) -> list[str]:
        return [name for name, far in self.world.fars.items() if far.wire.mute and not far.wire.cut]

    @somebody
    @rule(pick=picks, delay=st.sampled_from([0.0, 0.5, 4.0, 20.0]))
    def slow_down_or_speed_up(self, pick: int, delay: float) -> None:
        self.world.fars[self.one(pick)].wire.delay = delay

    # What volunteers do

    @somebody
    @rule(pick=picks, seconds=st.sampled_from([1.0, 7.0, 20.0, 60.0]))
    def freeze(self, pick: int, seconds: float) -> None:
        self.world.freeze(self.one(pick), seconds)

    @somebody
    @rule(pick=picks)
    def leave(self, pick: int) -> None:
        self.happens(self.world.leave, pick)

    @somebody
    @rule(pick=picks)
    def hand_back(self, pick: int) -> None:
        self.happens(self.world.hand_back, pick)

    @somebody
    @rule(pick=picks, slots=st.integers(0, 4))
    def pause_or_resume(self, pick: int, slots: int) -> None:
        far = self.world.fars[self.one(pick)]
        if far.heard:  # it is no volunteer before hello
            self.world.lend_slots(far.name, slots)

    @somebody
    @rule(pick=picks, kind=st.integers(0, 2))
    def break_the_protocol(self, pick: int, kind: int) -> None:
        far = self.world.fars[self.one(pick)]
        held = [one.lease for one in far.heard if isinstance(one, Lend)] or [1]
        # No frame at all; beyond the end of a lease; for leases that were never lent.
        frame = [b"", encode(Results(held[-1], 999, 1, [b"x"])), encode(Results(999_999, 0, 1, [b"x"]))][kind]
        self.world.say_raw(far, frame)

    def happens(self, what: Callable[[str], None], pick: int) -> None:
        what(self.one(pick))
        self.world.check()

    # The end

    @precondition(lambda self: self.world.finish)
    @rule()
    def run_again(self) -> None:
        self.end_well()
        self.start()

    @precondition(lambda self: self.may_stop)
    @rule(seconds=st.sampled_from([0.0, 3.0, 100.0]), newcomer=st.booleans())
    def stop_in_the_middle(self, seconds: float, newcomer: bool) -> None:
        """The run is over for its user: all are told, and nothing is lent, read or written from then on (C8)."""
        world = self.world
        world.goodbye()
        before = (repr(world.lender.leases), world.lender.read_count, list(world.output))
        assert world.present == []
        if newcomer:
            world.join("late")
        world.advance(seconds)
        assert world.present == []
        assert (repr(world.lender.leases), world.lender.read_count, world.output) == before
        world.advance(100.0)
        world.check_what_was_heard()
        self.start()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.end_well()

    def end_well(self) -> None:
        """One comes that works: the job ends, whatever the others are doing, and its output is exact.

        Without copies, those that take work and do none have to go.
        """
        world = self.world
        if not self.policy.copies:
            for name in self.present:
                world.cut(name)
        if not world.finish:
            world.join("rescue", slots=4, pace=0.01)
            world.run()
        failure = world.lender.failure
        if failure is None:
            assert len(world.output) == ITEMS
        else:
            # So many volunteers that held it went without a goodbye, and nothing tells whether it was to blame (P12).
            assert failure.deaths >= MAX_DEATHS
        world.check()
        world.goodbye()
        assert world.present == []
        world.advance(100.0)
        world.check_what_was_heard()


TestSessions = SessionMachine.TestCase
TestSessions.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)
