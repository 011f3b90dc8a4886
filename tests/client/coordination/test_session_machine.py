"""The client's sessions and the volunteers' ends, joined by wires on which anything happens, in any order.

A step is something that happens to a volunteer or its wire, or some time that passes. The invariants are looked at
after everything that happens meanwhile: each frame that arrives, each look at the clock.

`PANDO_SESSION_EXAMPLES` is how many runs of 50 steps there are: 300 unless it says otherwise.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pando_client.lending.instructions import Policy
from pando_client.session.flow_control import AutoCredit, Credit, FixedCredit
from pando_client.session.session import GIVE_UP_AFTER_HEARTBEATS, Ended, Event, Joined, Recovered, Session, Suspected
from pando_shared.wire.messages import (
    DECLINED,
    ERROR,
    RESULT,
    ClientGoodbye,
    Hello,
    Lend,
    Results,
    Withdraw,
    encode,
)
from tests.support.fake_time import IN, NEVER, OUT, World
from tests.support.lender_model import result_of

pytestmark = pytest.mark.untraced

EXAMPLES = int(os.environ.get("PANDO_SESSION_EXAMPLES", "300"))
STEPS = 50
MAX_HERE = 5
ITEMS = 150

picks = st.integers(0, 15)
somebody = precondition(lambda self: self.present)


class CheckedWorld(World):
    """A world that is looked at after everything that happens."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.results = {result_of(item) for item in self.items}
        self.checked: set[bytes] = set()  # what of the output was looked at
        self.events: dict[str, list[Event]] = {}
        self.over: set[str] = set()  # sessions that have ended, and were looked at then

    def step(self) -> None:
        super().step()
        self.check()

    def check(self) -> None:
        self._check_log()
        assert not self._instructions
        for name, session in self.sessions.items():
            if name not in self.over:
                self._check_session(name, session)
                if session.ended:
                    self.over.add(name)
        assert self.over.isdisjoint(self.lender._volunteers)
        self._check_items()

    def _check_session(self, name: str, session: Session) -> None:
        lender = self.lender
        leases = {lease.id: (lease.done, len(lease.items)) for lease in lender._leases.of(name)}
        assert {number: (one.done, one.size) for number, one in session._leases.items()} == leases
        assert session.in_flight == len(leases)
        here = session.info is not None and session.ended is None
        assert (name in lender._volunteers) == here, f"{name}: {session!r}"
        if here:
            assert session.suspect == (name in lender._suspects)
            waits = lender._volunteers[name]
            assert (waits.want_leases, waits.want_items) == session._wanted
        if session.ended:
            assert session.deadline == NEVER
            assert session.next_frame() is None
        else:
            beats = GIVE_UP_AFTER_HEARTBEATS * session._limits.heartbeat
            assert self.now - session._heard <= max(beats, session._limits.ready_timeout) + 0.1

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
        """Of each session: it joins once, is suspected and recovers in turn, ends once; and after that says nothing."""
        for _, name, event in self.log:
            last = self.events.setdefault(name, [])
            assert not (last and isinstance(last[-1], Ended)), f"{event} after the end"
            match event:
                case Joined():
                    assert not any(isinstance(one, Joined) for one in last)
                case Suspected() | Recovered():
                    turns = [one for one in last if isinstance(one, Suspected | Recovered)]
                    assert bool(turns and isinstance(turns[-1], Suspected)) == isinstance(event, Recovered)
                case Ended():
                    pass
                case _:
                    assert any(isinstance(one, Joined) for one in last), f"{event} before it has joined"
                    continue  # of those that can come often, none decides about what may come next
            last.append(event)
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
    )
    def begin(self, seed: int, batch: int, window: int, copies: bool, unordered: bool, holes: int) -> None:
        def new_credit() -> Credit:
            return FixedCredit(batch) if batch else AutoCredit()

        # Errors are tried again for ever: what a job does when it gives up is the lender's affair.
        self.policy = Policy(window=window, retries=1_000_000, copies=copies, ordered=not unordered)
        self.arguments = (seed, new_credit, holes)
        self.start()

    def start(self) -> None:
        seed, new_credit, holes = self.arguments
        self.world = world = CheckedWorld(ITEMS, seed, policy=self.policy, new_credit=new_credit)
        self.count = 0
        for number in range(holes):
            world.join(f"hole {number}", slots=4, pace=NEVER)
        world.tick_often()

    # Who is there

    @property
    def present(self) -> list[str]:
        """Those whose session goes on."""
        return [name for name, session in self.world.sessions.items() if not session.ended]

    def one(self, pick: int) -> str:
        return self.present[pick % len(self.present)]

    @precondition(lambda self: len(self.present) < MAX_HERE)
    @rule(
        slots=st.integers(1, 3),
        pace=st.sampled_from([0.05, 0.001, 1.0, 5.0, NEVER]),
        delay=st.sampled_from([0.02, 0.0, 0.3, 3.0]),
        kind=st.integers(0, 7),
    )
    def join(self, slots: int, pace: float, delay: float, kind: int) -> None:
        random = self.world.random
        moods = {
            5: lambda: random.choice([RESULT, RESULT, DECLINED]),
            6: lambda: random.choice([RESULT, ERROR]),
            7: lambda: random.choice([DECLINED, ERROR]),
        }
        self.count += 1
        self.world.join(f"v{self.count}", slots, pace, delay, deaf=kind == 4, mood=moods.get(kind, lambda: RESULT))
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
        session = self.world.sessions[far.name]
        held = [one.lease for one in far.heard if isinstance(one, Lend)] or [1]
        # No frame at all; beyond the end of a lease; for leases that were never lent.
        frame = [b"", encode(Results(held[-1], 999, 1, [b"x"])), encode(Results(999_999, 0, 1, [b"x"]))][kind]
        self.world.carry(far.wire, IN, lambda: self.world.report(far.name, session.receive(frame, self.world.now)))

    # What the client does

    @somebody
    @rule(pick=picks)
    def the_client_parts_with_it(self, pick: int) -> None:
        name = self.one(pick)
        if self.world.sessions[name].info:
            self.happens(self.world.dismiss, pick)

    def happens(self, what, pick: int) -> None:
        what(self.one(pick))
        self.world.check()

    # The end

    @precondition(lambda self: self.world.finish)
    @rule()
    def run_again(self) -> None:
        self.end_well()
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
        assert len(world.output) == ITEMS
        world.check()
        for name in self.present:
            world.dismiss(name)
        world.advance(100.0)
        assert [name for name, session in world.sessions.items() if session.in_flight] == []
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
