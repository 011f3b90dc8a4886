"""The shell round the lender and the sessions."""

from __future__ import annotations

import asyncio

import pytest

from pando_client.coordination import notices
from pando_client.coordination.reputation import BREACHES_FORGIVEN
from pando_client.job import job as job_module
from pando_client.session.session import SessionLimits
from pando_shared.errors import InputError, OutputError
from pando_shared.wire.messages import Broken, ClientGoodbye, ErrorInfo, Ready, ReadyInfo, Results, VolunteerGoodbye
from tests.support.shells import FakeChannel, FakeClock, job_of
from tests.support.volunteers import hello_of


async def joined(
    job: job_module.Job, slots: int = 1, device: str = "phone", peer: str = "nowhere"
) -> tuple[FakeChannel, asyncio.Task[bool]]:
    channel = FakeChannel(peer=peer)
    attending = asyncio.create_task(job.attend(channel))
    assert (await channel.hello()).info == hello_of("job-1")
    channel.say(Ready(ReadyInfo(slots=slots, device=device)))
    return channel, attending


async def work(channel: FakeChannel, count: int) -> None:
    for _ in range(count):
        lease = await channel.lease()
        channel.say(Results(lease.lease, 0, 10, [b"<" + item + b">" for item in lease.items]))


async def test_a_job_from_its_first_item_to_the_goodbye() -> None:
    job, written = job_of("1", "2", "3")
    assert job.coordinator.ready == 0
    channel, attending = await joined(job)
    await work(channel, 3)
    finish = await job.outcome
    assert finish.failure is None
    assert written.lines == [b"<1>", b"<2>", b"<3>"]
    assert job.coordinator.ready == 1
    closing = asyncio.create_task(job.close(ClientGoodbye("done")))
    assert await channel.hear() == ClientGoodbye("done")
    await asyncio.gather(closing, attending)
    assert channel.closed.is_set()
    assert (job.coordinator.volunteers, job.coordinator.ready, job.coordinator.left) == ({}, 0, 0)


async def test_one_that_comes_after_the_end_is_sent_away() -> None:
    job, _ = job_of()
    await job.close(ClientGoodbye("done"))
    channel = FakeChannel()
    await job.attend(channel)
    assert await channel.hear() == ClientGoodbye("done")
    assert channel.closed.is_set()


@pytest.mark.parametrize("how", ["hangs up", "says goodbye", "breaks the protocol", "cannot load"])
async def test_what_one_held_goes_to_another(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    job, written = job_of("1", "2")
    first, attending = await joined(job, device="a\x1bb")
    await first.lease()
    if how == "hangs up":
        first.hang_up()
    elif how == "says goodbye":
        first.say(VolunteerGoodbye("left"))
    elif how == "breaks the protocol":
        first.say_raw(b"")
    else:
        first.say(Broken(ErrorInfo(message="no\nway")))
    await attending
    second, _ = await joined(job)
    await work(second, 2)
    await job.outcome
    assert written.lines == [b"<1>", b"<2>"]
    said = capsys.readouterr().err
    assert said == {
        "breaks the protocol": "pando: dropped a\\x1bb, which broke the protocol: a frame of 0 bytes\n",
        "cannot load": "pando: a\\x1bb cannot load the function: no\\nway\n",
    }.get(how, "")
    await job.close(ClientGoodbye("done"))


async def test_complaints_are_said_once_and_not_endlessly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MAX_COMPLAINTS", 3)
    job, _ = job_of()
    for n in range(10):
        channel, attending = await joined(job, device=f"phone {n // 2}", peer=f"place {n}")
        channel.say_raw(b"")
        await attending
    assert capsys.readouterr().err.splitlines() == [
        f"pando: dropped phone {n}, which broke the protocol: a frame of 0 bytes" for n in range(3)
    ]


async def test_its_name_is_the_one_with_which_it_joined(capsys: pytest.CaptureFixture[str]) -> None:
    job, _ = job_of("1")
    channel, attending = await joined(job, device="Mallory")
    await channel.lease()
    channel.say(Ready(ReadyInfo(slots=1, device="Alice")))
    channel.say_raw(b"")
    await attending
    assert "dropped Mallory," in capsys.readouterr().err
    again = FakeChannel()
    attending = asyncio.create_task(job.attend(again))
    await again.hello()
    again.say(Ready(ReadyInfo(slots=1, device="Mallory")))
    while not isinstance(heard := await again.hear(), ClientGoodbye):
        continue
    assert heard.reason == "full"
    await attending
    alice, _ = await joined(job, device="Alice")
    await work(alice, 1)
    await job.close(ClientGoodbye("done"))


async def break_the_protocol(job: job_module.Job, times: int, peer: str) -> None:
    for n in range(times):
        channel, attending = await joined(job, device=f"Mallory {n}", peer=peer)
        channel.say_raw(b"")
        await attending


async def test_an_address_that_breaks_the_protocol_under_many_names_has_to_wait(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = FakeClock()
    job, _ = job_of("1", "2", clock=clock)
    await break_the_protocol(job, BREACHES_FORGIVEN + 1, peer="there")
    channel = FakeChannel(peer="there")
    await job.attend(channel)
    goodbye = await channel.hear()
    assert isinstance(goodbye, ClientGoodbye)
    assert (goodbye.reason, goodbye.text) == ("full", "its address is set aside for another 10 s")
    assert capsys.readouterr().err.count("who comes from there has to wait") == 1
    elsewhere, _ = await joined(job, peer="elsewhere")
    await work(elsewhere, 2)
    clock.now += 10.0
    await joined(job, peer="there")
    await job.close(ClientGoodbye("done"))


async def test_an_address_from_which_somebody_works_well_is_not_set_aside(capsys: pytest.CaptureFixture[str]) -> None:
    job, _ = job_of("1", "2", "3")
    good, _ = await joined(job, device="Alice", peer="school")
    await work(good, 1)
    await break_the_protocol(job, 2 * BREACHES_FORGIVEN, peer="school")
    another, _ = await joined(job, device="Bob", peer="school")
    await work(another, 1)
    async with asyncio.timeout(10):
        while not any(v.name == "Bob" and v.session.tally.items for v in job.coordinator.volunteers.values()):  # noqa: ASYNC110 - each turn of the loop takes what waits
            await asyncio.sleep(0)
    assert job.coordinator.ready == 2
    assert "has to wait" not in capsys.readouterr().err
    await job.close(ClientGoodbye("done"))


async def test_an_exception_of_a_channel_ends_its_volunteer_only() -> None:
    class Wild(FakeChannel):
        async def receive(self) -> bytes | None:
            raise RuntimeError("wild")

    class Mute(FakeChannel):
        async def send(self, frame: bytes) -> None:
            raise ZeroDivisionError

    job, _ = job_of("1")
    for channel in (Wild(), Mute()):
        await asyncio.wait_for(job.attend(channel), 10)
        assert channel.closed.is_set()
    assert job.coordinator.volunteers == {}
    last, _ = await joined(job)
    await work(last, 1)
    await job.outcome
    await job.close(ClientGoodbye("done"))


async def test_one_that_does_not_take_its_goodbye_does_not_keep_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "LAST_WORDS_SECONDS", 0.05)
    job, _ = job_of("1")
    stuck = FakeChannel(stuck=True)
    attending = asyncio.create_task(job.attend(stuck))
    stuck.say(Ready(ReadyInfo(slots=1)))
    stuck.say_raw(b"")  # a breach: it is to go, and cannot be told
    await asyncio.wait_for(attending, 10)
    assert stuck.closed.is_set()
    assert job.coordinator.volunteers == {}
    again = FakeChannel(stuck=True)
    attending = asyncio.create_task(job.attend(again))
    await asyncio.sleep(0)
    await asyncio.wait_for(job.close(ClientGoodbye("done")), 10)
    await attending


async def test_a_silent_one_is_a_suspect_and_then_gone() -> None:
    job, written = job_of("1", limits=SessionLimits(heartbeat=0.05))
    watching = asyncio.create_task(job.watch())
    channel, attending = await joined(job)
    lease = await channel.lease()
    await asyncio.wait_for(attending, 10)
    assert written.lines == []
    other, _ = await joined(job)
    assert (await other.lease()).items == lease.items
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await job.close(ClientGoodbye("done"))


async def test_input_and_output_that_fail() -> None:
    job, _ = job_of("1", "\udcff")
    channel, _ = await joined(job)
    await work(channel, 1)
    finish = await job.outcome
    assert isinstance(finish.input_error, InputError)
    await job.close(ClientGoodbye("stopped"))
    job, written = job_of("1")
    written.failed(OutputError("full"))
    written.failed(OutputError("again"))
    with pytest.raises(OutputError, match="full"):
        await job.outcome


async def test_one_that_is_cancelled_twice_leaves_nothing_behind() -> None:
    job, _ = job_of("1")
    stuck = FakeChannel(stuck=True)
    attending = asyncio.create_task(job.attend(stuck))
    await asyncio.sleep(0)
    others = asyncio.all_tasks() - {attending, asyncio.current_task()}
    attending.cancel()
    await asyncio.sleep(0)
    assert job.coordinator.volunteers  # it waits for the last words
    attending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attending
    assert job.coordinator.volunteers == {}
    assert all(task.done() for task in others)


@pytest.mark.parametrize("stimulus", ["read", "input_ended", "wrote"])
async def test_an_error_of_our_own_ends_the_run(stimulus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise ZeroDivisionError

    job, _ = job_of("1")
    monkeypatch.setattr(job.coordinator.lender, stimulus, wrong)
    channel, _ = await joined(job)
    if stimulus != "read":
        await work(channel, 1)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(job.outcome, 10)
    await job.close(ClientGoodbye("stopped"))
