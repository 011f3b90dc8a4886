"""Hostile volunteers against a real client: the culprit is dropped, with one line; the run goes on and ends exact."""

from __future__ import annotations

import asyncio
import json
import re
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from pando_shared.limits import MAX_FRAME_BYTES
from pando_shared.wire.codec import encode
from pando_shared.wire.messages import (
    ERROR,
    Broken,
    ClientGoodbye,
    ErrorInfo,
    Lend,
    Pong,
    Results,
    Return,
    VolunteerGoodbye,
)
from tests.support.programs import Client, Programs
from tests.support.volunteers import WebSocketPeer, websocket_to

FUNCTION = """
module.exports['/pando/1.0.0'] = function (x, cb) {
  setTimeout(function () { cb(null, x.length + ':' + x.slice(0, 8)) }, 3)
}
"""
FIRST, LAST = 0, 150


class Run:
    """A client with an honest volunteer, in the middle of its input."""

    def __init__(self, program: Client, port: int) -> None:
        self.program = program
        self.port = port

    @asynccontextmanager
    async def peer(self, address: str = "127.0.0.1") -> AsyncIterator[WebSocketPeer]:
        """A peer, and the address that the client sees: all of 127.0.0.0/8 are this machine."""
        async with websocket_to(f"http://127.0.0.1:{self.port}", address) as socket:
            yield WebSocketPeer(socket)

    async def feed(self, first: int, stop: int) -> None:
        await self.program.write("".join(f"{n}\n" for n in range(first, stop)).encode())

    def memory(self) -> int:
        """The most memory that the client had, in bytes."""
        status = Path(f"/proc/{self.program.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024


@asynccontextmanager
async def half_way(programs: Programs, *arguments: str) -> AsyncIterator[Run]:
    """A run whose first item is done, and whose others come when the block ends; then it must end exact."""
    programs.file("g.js", FUNCTION)
    options = ("--stdin", "--start-idle=false", "--port=0", "--heartbeat=500", "--batch-size=2")
    program = await programs.start_pando("g.js", *options, *arguments, stdin=asyncio.subprocess.PIPE)
    run = Run(program, await program.serves_at())
    await run.feed(FIRST, FIRST + 1)
    await program.prints(1)
    yield run
    await run.feed(LAST, LAST + 50)
    await program.end_input()
    outcome = await program.finish()
    assert outcome.status == 0, outcome
    expected = [f"{len(str(n))}:{n}" for n in range(FIRST, LAST + 50)]
    assert outcome.lines == expected
    await programs.nothing_is_left()


def results(lease: int, *values: bytes, offset: int = 0, kinds: bytes | None = None) -> Results:
    return Results(lease, offset, 1000, list(values), kinds)


def head(kind: int, body: object) -> bytes:
    return bytes((kind, 0, 0, 0)) + json.dumps(body).encode()


def first_part(total: int, size: int = MAX_FRAME_BYTES) -> bytes:
    return struct.pack("<BBBBI", 1, 0, 0, 0, total) + b"\x21" + bytes(size - 9)


FULL_PART = b"\2\0\0\0" + bytes(MAX_FRAME_BYTES - 4)

BREACHES: dict[str, list[bytes | str]] = {
    "text": ["hello"],
    "an empty message": [b""],
    "a short frame": [b"\x23\0"],
    "a frame that is too long": [b"\x21" + bytes(MAX_FRAME_BYTES)],
    "an unknown type": [b"\x7f\0\0\0"],
    "a message of the client": [b"\x13\0\0\0" + bytes(8)],
    "an unknown flag": [b"\x23\1\0\0" + bytes(8)],
    "a part without a first": [FULL_PART],
    "a first part that is not full": [first_part(1 << 20, 1000)],
    "a part that is not full": [first_part(1 << 20), b"\2\0\0\0x"],
    "an empty part": [first_part(1 << 20), b"\2\0\0\0"],
    "a first part inside a long message": [first_part(1 << 20), first_part(1 << 20)],
    "bulk inside a long message": [first_part(1 << 20), encode(results(1, b"x"))],
    "a total of a gigabyte": [first_part(1 << 30)],
    "a total of nothing": [first_part(0)],
    "no JSON": [b"\x20\0\0\0{"],
    "deep JSON": [b"\x22\0\0\0" + b"[" * 50_000],
    "slots that are a word": [head(0x20, {"protocol": 2, "slots": "many"})],
    "slots below zero": [head(0x20, {"protocol": 2, "slots": -1})],
    "too many slots": [head(0x20, {"protocol": 2, "slots": 1_000_000})],
    "a long name": [head(0x20, {"protocol": 2, "slots": 1, "device": "x" * 65})],
    "leases that are words": [head(0x22, {"leases": ["1"]})],
    "a goodbye without a reason": [head(0x24, {"text": "x"})],
    "a pong that is too short": [b"\x23\0\0\0abc"],
    "results without a body": [b"\x21\0\0\0"],
    "results of no items": [b"\x21\0\0\0" + struct.pack("<IIII", 1, 0, 0, 0)],
    "four billion results": [b"\x21\0\0\0" + struct.pack("<IIII", 1, 0, 0xFFFFFFFF, 0)],
    "lengths that do not add up": [b"\x21\0\0\0" + struct.pack("<IIIII", 1, 0, 1, 0, 100) + b"x"],
    "an unknown kind": [encode(results(1, b"x", kinds=b"\x09"))],
    "a result that is not UTF-8": [encode(results(1, b"\xff"))],
    "an error that is not JSON": [encode(results(1, b"x", kinds=bytes((ERROR,))))],
    "lease number zero": [encode(results(0, b"x"))],
    "a report that is negative": [head(0x26, {"items": -1})],
    "a report that is infinite": [b'\x26\0\0\0{"cpu_ms": 1e999}'],
    "a report with control characters": [head(0x26, {"units": "\x1b[2J"})],
    "more received than was sent": [b"\x28\0\0\0" + struct.pack("<I", 1 << 30)],
    "a received without a number": [b"\x28\0\0\0"],
    "a blob that was not offered": [head(0x27, {"blobs": [{"digest": "0" * 64, "from": 0}]})],
    "more blobs than there are": [head(0x27, {"blobs": [{"digest": "0" * 64, "from": 0}] * 9})],
    "a flood of reports": [head(0x26, {"items": 1, "units": "lies"})] * 500,
}
OTHER_VERSION = head(0x20, {"protocol": 3, "slots": 1})


async def test_each_breach_ends_the_culprit_and_nothing_else(programs: Programs) -> None:
    async with half_way(programs) as run:

        async def commit(number: int, frames: list[bytes | str]) -> ClientGoodbye:
            # Each with a name and an address of its own: one that is known for breaches is set aside.
            async with run.peer(f"127.0.1.{number + 1}") as peer:
                await peer.join(slots=0, device=f"Mallory {number}")
                for frame in frames:
                    await peer.raw(frame)
                return await peer.goodbye()

        for number, (name, frames) in enumerate(BREACHES.items()):
            try:
                goodbye = await commit(number, frames)
            except AssertionError as error:
                raise AssertionError(f"{name}: {error}") from None
            assert goodbye.reason == "protocol", name
            await run.program.says(
                rf"dropped Mallory {number}, which broke the protocol: .*{re.escape(goodbye.text[:40])}"
            )
        assert run.memory() < 300 << 20
        # Each different thing is said once.
        said = [line for line in run.program.err.decode().splitlines() if not line.startswith("Serving")]
        assert len(set(said)) == len(said)
        assert all(re.match(r"pando: dropped Mallory \d+, which broke the protocol: ", line) for line in said)
        await run.feed(1, LAST)


async def test_volunteers_of_another_version_are_told_and_counted_and_nobody_is_set_aside(programs: Programs) -> None:
    async with half_way(programs) as run:
        for _ in range(11):
            async with run.peer() as peer:
                await peer.raw(OTHER_VERSION)
                goodbye = await peer.goodbye()
                assert (goodbye.reason, goodbye.text[:42]) == ("protocol", "this volunteer speaks version 3 of the pro")
        text = "another version of Pando, and cannot help: reload the page there, or update Pando"
        said = [line for line in run.program.err.decode().splitlines() if not line.startswith("Serving")]
        assert said == [f"pando: 1 volunteer has {text}", f"pando: 10 volunteers have {text}"]
        async with run.peer() as peer:
            await peer.join()
            await run.feed(1, LAST)
            assert (await peer.lease()).items


async def test_one_that_broke_the_protocol_is_set_aside_for_a_while(programs: Programs) -> None:
    async with half_way(programs) as run:
        async with run.peer() as peer:
            await peer.join(slots=0)
            await peer.raw(b"what?")
            assert (await peer.goodbye()).reason == "protocol"
        async with run.peer() as peer:
            await peer.join()
            goodbye = await peer.goodbye()
            assert (goodbye.reason, goodbye.text[:9]) == ("full", "set aside")
        async with run.peer() as peer:
            await peer.join(device="somebody else")
            await run.feed(1, LAST)
            assert (await peer.lease()).items


async def test_other_names_do_not_help_an_address_that_broke_the_protocol_again_and_again(programs: Programs) -> None:
    async with half_way(programs) as run:
        for number in range(4):
            async with run.peer("127.0.0.2") as peer:
                await peer.join(slots=0, device=f"Mallory {number}")
                await peer.raw(b"what?")
                assert (await peer.goodbye()).reason == "protocol"
        await run.program.says(
            r"too many breaches of the protocol from 127\.0\.0\.2: who comes from there has to wait\n"
        )
        async with run.peer("127.0.0.2") as peer:
            goodbye = await peer.goodbye()
            assert (goodbye.reason, goodbye.text[:24]) == ("full", "its address is set aside")
        async with run.peer("127.0.0.3") as peer:
            await peer.join(device="Alice")
            await run.feed(1, LAST)
            assert (await peer.lease()).items


async def test_four_megabytes_at_once_are_not_even_received(programs: Programs) -> None:
    async with half_way(programs) as run, run.peer() as peer:
        await peer.join(slots=0)
        with suppress(ConnectionClosed):
            await peer.raw(b"\x21" + bytes(4 << 20))
        await peer.socket.wait_closed()
        assert run.program.out.count(b"\n") == 1
        await run.feed(1, LAST)


async def test_the_first_message_must_be_ready(programs: Programs) -> None:
    async with half_way(programs) as run:
        for frames in (["hello"], [b"\x7f\0\0\0"], [head(0x20, {"protocol": 3, "slots": 1})]):
            async with run.peer() as peer:
                for frame in frames:
                    await peer.raw(frame)
                assert (await peer.goodbye()).reason == "protocol"
        await run.program.says("dropped the volunteer at 127.0.0.1, which broke the protocol")
        await run.feed(1, LAST)


LeaseBreach = Callable[[WebSocketPeer, Lend], Awaitable[None]]


async def skips(peer: WebSocketPeer, lease: Lend) -> None:
    await peer.say(results(lease.lease, b"wrong", offset=1))


async def answers_too_many(peer: WebSocketPeer, lease: Lend) -> None:
    await peer.say(results(lease.lease, *[b"wrong"] * (len(lease.items) + 1)))


async def repeats(peer: WebSocketPeer, lease: Lend) -> None:
    # The first answer counts, so it must be right; the second is the breach.
    await peer.say(results(lease.lease, b"%d:%s" % (len(lease.items[0]), lease.items[0])))
    await peer.say(results(lease.lease, b"wrong"))


@pytest.mark.parametrize("breach", [skips, answers_too_many, repeats])
async def test_a_breach_with_a_lease_in_hand(programs: Programs, breach: LeaseBreach) -> None:
    async with half_way(programs) as run, run.peer() as peer:
        await peer.join()
        await run.feed(1, LAST)
        lease = await peer.lease()
        while len(lease.items) < 2:
            lease = await peer.lease()
        await breach(peer, lease)
        assert (await peer.goodbye()).reason == "protocol"
        await run.program.says("dropped Mallory, which broke the protocol: ")


async def test_answers_to_what_was_never_lent_change_nothing(programs: Programs) -> None:
    """Guessed lease numbers, the honest volunteer's among them; and answers after handing back."""
    async with half_way(programs) as run, run.peer() as peer:
        await peer.join()
        await run.feed(1, LAST)
        lease = await peer.lease()
        await peer.say(Return((lease.lease, 77, 88)))
        await peer.say(results(lease.lease, b"wrong"))
        for number in range(1, 300):
            if number > lease.lease + 20 or number < lease.lease:
                await peer.say(results(number, b"wrong"))
        await peer.say(Return(tuple(range(1, lease.lease))))
        await peer.say(Pong(b"12345678"))
        await peer.say(VolunteerGoodbye("left", "bye"))
        await peer.socket.wait_closed()
        assert b"wrong" not in run.program.out


async def test_one_that_cannot_load_the_function_is_said_once(programs: Programs) -> None:
    async with half_way(programs) as run:
        for _ in range(3):
            async with run.peer() as peer:
                await peer.hear()
                await peer.say(Broken(ErrorInfo(message="no\x1b[31m eval\nhere")))
                await peer.socket.wait_closed()
        said = await run.program.says(r"pando: .* cannot load the function: no.*eval.*here\n")
        assert "\x1b" not in said[0]
        assert run.program.err.count(b"cannot load") == 1
        await run.feed(1, LAST)


@pytest.mark.parametrize("how", ["closes", "aborts", "goes silent", "says goodbye"])
async def test_one_that_takes_work_and_vanishes(programs: Programs, how: str) -> None:
    async with half_way(programs) as run, run.peer() as peer:
        await peer.join(slots=20)
        await run.feed(1, LAST)
        await peer.lease()
        if how == "closes":
            await peer.socket.close()
        elif how == "aborts":
            peer.socket.transport.abort()
        elif how == "says goodbye":
            await peer.say(VolunteerGoodbye("closed"))
        # Else: two heartbeats later its items are lent again.
        await run.program.prints(LAST)
        assert b"set aside" not in run.program.err


async def test_one_that_answers_pings_and_nothing_else(programs: Programs) -> None:
    async with half_way(programs) as run, run.peer() as peer:
        await peer.join(slots=20)
        await run.feed(1, LAST)
        listening = asyncio.create_task(peer.goodbye())
        await run.feed(LAST, LAST)
        await run.program.prints(LAST)
        assert run.program.out.count(b"\n") >= LAST
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_one_that_stops_reading(programs: Programs) -> None:
    """Megabytes are on their way to it when it stops; they are lent again, and it does not keep the run at its end."""
    async with half_way(programs, "--heartbeat=100") as run, run.peer() as peer:
        await peer.join(slots=60)
        # Nothing reads from here on but what the library takes by itself; its transport is made to stop as well.
        peer.socket.transport.pause_reading()
        await run.feed(1, LAST)
        await run.program.prints(LAST)
        assert run.program.out.count(b"\n") >= LAST


async def test_a_long_result_for_what_it_does_not_hold_is_a_breach(programs: Programs) -> None:
    async with half_way(programs) as run, run.peer() as peer:
        await peer.join(slots=0)
        await peer.say(results(999, b"x" * (8 << 20)))
        goodbye = await peer.goodbye()
        assert goodbye.text == "too many results for leases that it does not hold"
        await run.feed(1, LAST)


async def test_a_gigabyte_of_parts_of_messages_that_never_end(programs: Programs) -> None:
    """Each part is valid and no message complete: the client holds what is open, and nothing of what is gone."""
    total = 16 << 20
    parts = total // MAX_FRAME_BYTES - 1
    at_once = 8

    async with half_way(programs) as run:

        async def begin(peer: WebSocketPeer) -> None:
            await peer.raw(first_part(total))
            for _ in range(parts - 1):
                await peer.raw(FULL_PART)
            # An answer to a ping in between shows that all of it has arrived.
            await peer.raw(b"\x23\0\0\0" + bytes(8))

        before = run.memory()
        for _ in range((1 << 30) // total // at_once):
            async with AsyncExitStack() as stack:
                peers = [await stack.enter_async_context(run.peer()) for _ in range(at_once)]
                await asyncio.gather(*map(begin, peers))
        assert run.memory() - before < 2.5 * at_once * total
        await run.feed(1, LAST)


async def test_a_run_goes_on_when_nothing_but_black_holes_was_there(programs: Programs) -> None:
    """All volunteers take work and answer heartbeats and nothing else; then one comes that works."""
    programs.file("g.js", FUNCTION)
    program = await programs.start_pando(
        "g.js", "--stdin", "--port=0", "--heartbeat=500", stdin=asyncio.subprocess.PIPE
    )
    run = Run(program, await program.serves_at())
    await run.feed(0, 100)
    await program.end_input()
    async with AsyncExitStack() as stack:
        listening = []
        for number in range(3):
            peer = await stack.enter_async_context(run.peer())
            await peer.join(slots=8, device=f"hole {number}")
            await peer.lease()
            listening.append(asyncio.create_task(peer.goodbye()))
        assert not program.out
        await programs.volunteer(run.port)
        # Its idle slot runs copies of what they hold.
        outcome = await program.finish()
        assert outcome.status == 0, outcome
        assert outcome.lines == [f"{len(str(n))}:{n}" for n in range(100)]
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)


async def test_wrong_answers_are_believed_and_stay_where_they_belong(programs: Programs) -> None:
    """What strangers compute may be wrong; but it is one line an item, in its place, and no other is touched."""
    wrong = ["wrong", "", "0:", "\u202e" + "9" * 1000, "\x1b[31m", "{}"]
    programs.file("g.js", FUNCTION)
    options = ("--stdin", "--start-idle=false", "--port=0", "--batch-size=2")
    program = await programs.start_pando("g.js", *options, stdin=asyncio.subprocess.PIPE)
    run = Run(program, await program.serves_at())
    lied: dict[int, str] = {}
    async with run.peer() as peer:
        await peer.join(slots=1)
        await run.feed(0, 200)
        while len(lied) < 2 * len(wrong):
            lease = await peer.lease()
            answers = [wrong[(len(lied) + place) % len(wrong)] for place in range(len(lease.items))]
            lied |= dict(zip(map(int, lease.items), answers, strict=True))
            await peer.say(results(lease.lease, *(answer.encode() for answer in answers)))
        await peer.say(VolunteerGoodbye("left"))
        await peer.socket.wait_closed()
    await program.end_input()
    outcome = await program.finish()
    assert outcome.status == 0, outcome
    assert outcome.out.decode().split("\n")[:-1] == [lied.get(n, f"{len(str(n))}:{n}") for n in range(200)]
    assert outcome.complaints == []


async def test_one_that_never_gets_ready(programs: Programs) -> None:
    async with half_way(programs, "--bootstrap-timeout=0.5") as run, run.peer() as peer:
        goodbye = await peer.goodbye()
        assert (goodbye.reason, goodbye.text) == ("silent", "it was not ready in time")
        await run.feed(1, LAST)


async def test_a_thousand_come_and_go_fifty_at_once(programs: Programs) -> None:
    async with half_way(programs) as run:

        async def come_and_go(say_so: bool) -> None:
            async with run.peer() as peer:
                await peer.join(slots=1)
                if say_so:
                    await peer.say(VolunteerGoodbye("left"))

        for crowd in range(20):
            await run.feed(1 + crowd * 5, 6 + crowd * 5)
            await asyncio.gather(*(come_and_go(bool(n % 2)) for n in range(50)))
        assert not [line for line in run.program.err.decode().splitlines() if not line.startswith("Serving")]
        assert run.memory() < 200 << 20
        await run.feed(101, LAST)
