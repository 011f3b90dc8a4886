"""Standard input and output as one end of pull-sync; the other end is the npm package of that name, or a test."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pando_client.function.deno import deno
from pando_client.stdio import sync_stdio
from pando_client.stdio.output import OutputFailed, Wrote
from pando_client.stdio.pull_sync import GREETING, PullSync
from pando_client.stdio.sync_stdio import SyncStdio
from pando_shared.errors import InputError, OutputError
from tests.support.programs import PANDO, Programs

HERE = ("--sync-stdio", "--start-idle=false", "--port=0")

PEER = """
const pull = require('pull-stream'), sync = require('pull-sync')
const { spawn } = require('node:child_process')
const child = spawn(process.env.PANDO, ['f.js', '--sync-stdio', '--start-idle=false', '--port=0'],
  { stdio: ['pipe', 'pipe', 'ignore'] })
const lines = []
let rest = '', waiting = null, over = false
child.stdout.on('data', (data) => {
  const parts = (rest + data).split('\\n')
  rest = parts.pop()
  lines.push(...parts)
  turn()
})
child.stdout.on('end', () => { over = true; turn() })
function turn () {
  if (waiting === null || (lines.length === 0 && !over)) return
  const cb = waiting
  waiting = null
  if (lines.length > 0) cb(null, lines.shift()); else cb(true)
}
const wire = {
  source (abort, cb) { if (abort) return cb(abort); waiting = cb; turn() },
  sink (read) {
    read(null, function next (end, line) {
      if (end) return child.stdin.end()
      child.stdin.write(line + '\\n')
      read(null, next)
    })
  }
}
const results = []
const feed = []
let want = null
// The next item depends on the last result: a loop that only pull-sync makes possible.
function offer (value) { feed.push(value); give() }
function give () {
  if (want === null || feed.length === 0) return
  const cb = want
  want = null
  const value = feed.shift()
  if (value === null) cb(true); else cb(null, value)
}
const loop = sync(wire)
pull((abort, cb) => { if (abort) return cb(abort); want = cb; give() }, loop)
pull(loop, pull.drain((result) => {
  results.push(result)
  STEP
}, () => {}))
child.on('exit', (status) => { console.log(JSON.stringify({ results, status })); process.exit(0) })
offer('2')
"""


async def peer(programs: Programs, step: str) -> dict[str, object]:
    """Runs a program that feeds Pando through the npm package, and returns what it got."""
    programs.file(
        "deno.json",
        '{"nodeModulesDir": "auto", "imports": {"pull-sync": "npm:pull-sync@2.0.5",'
        ' "pull-stream": "npm:pull-stream@3.7.0"}}',
    )
    programs.file("peer.cjs", PEER.replace("STEP", step))
    done = await programs.start(deno(), "install", "--quiet")
    assert (await done.finish()).status == 0
    program = await programs.start(deno(), "run", "--quiet", "-A", "peer.cjs", env={"PANDO": PANDO})
    outcome = await program.finish()
    assert outcome.status == 0, outcome
    answer: dict[str, object] = json.loads(outcome.out)
    return answer


async def test_a_loop_that_feeds_itself_until_its_input_ends(programs: Programs) -> None:
    answer = await peer(programs, "offer(results.length < 4 ? result : null)")
    assert answer == {"results": ["4", "16", "256", "65536"], "status": 0}
    await programs.nothing_is_left()


async def test_a_loop_that_stops_as_soon_as_it_has_what_it_wants(programs: Programs) -> None:
    answer = await peer(programs, "if (Number(result) > 200) return false; offer(result)")
    assert answer == {"results": ["4", "16", "256"], "status": 0}
    await programs.nothing_is_left()


async def test_by_hand(programs: Programs) -> None:
    pando = await programs.start_pando("f.js", *HERE, stdin=asyncio.subprocess.PIPE)
    await pando.prints(3)
    assert bytes(pando.out) == GREETING + b"\n4\n2\n"
    await pando.write(GREETING + b'\n4\n0"3"\n')
    await pando.write(b"2\n")
    await pando.until(lambda: b'0"9"\n' in pando.out)
    await pando.write(b"1true\n2\n")
    outcome = await pando.finish()
    assert (outcome.status, outcome.lines[-1]) == (0, "1true")


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"1\n2\n3\n", "pando: standard input does not speak pull-sync: its first line is 1"),
        (b"", "pando: standard input is empty: with --sync-stdio a program speaks pull-sync there"),
        (
            GREETING + b'\n4\n2\n0"3',
            "pando: standard input ended in the middle of a line: "
            "the program at the other end of pull-sync was cut off",
        ),
        (
            GREETING + b"\nnonsense\n",
            "pando: line 2 of standard input is no pull-sync message that may come now: nonsense",
        ),
        (GREETING + b'\n1"it broke"\n', "pando: the other end of pull-sync failed: it broke"),
    ],
)
async def test_another_end_that_is_wrong(programs: Programs, sent: bytes, says: str) -> None:
    outcome = await programs.pando("f.js", *HERE, stdin=sent)
    assert (outcome.status, outcome.complaint) == (1, says)


async def test_the_other_end_hears_of_a_function_that_fails(programs: Programs) -> None:
    programs.file("g.js", "module.exports['/pando/1.0.0'] = function (x, cb) { cb(new Error('no')) }\n")
    pando = await programs.start_pando("g.js", *HERE, stdin=asyncio.subprocess.PIPE)
    await pando.write(GREETING + b"\n4\n2\n")
    await pando.prints(3)
    await pando.write(b'0"3"\n')
    outcome = await pando.finish()
    assert outcome.status == 1
    assert outcome.lines[-1].startswith('1"the function failed on item 1 (3), 3 times: no, at g.js:1:')
    assert outcome.complaint.startswith("pando: the function failed on item 1 (3)")


LEAVER = """
import os, subprocess, sys
how = sys.argv[1]
pando = subprocess.Popen([os.environ["PANDO"], *sys.argv[2:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
say = lambda *lines: (pando.stdin.write(b"".join(line + b"\\n" for line in lines)), pando.stdin.flush())
hear = lambda: pando.stdout.readline().strip()
say(b"5 pull-sync: missing sync", b"4", b"2")
item, result = 2, b""
while result != b'0"16"':
    heard = hear()
    if heard == b"2" and item < 5:
        say(b'0"%d"' % item)
        item += 1
    elif heard[:1] == b"0":
        result = heard
        say(b"2")
if how == "exits":
    print(pando.pid, flush=True)
    os._exit(0)
if how == "closes both":
    pando.stdin.close()
    pando.stdout.close()
elif how == "closes what it writes":
    pando.stdin.close()
    while pando.stdout.read(1000):
        pass
elif how == "closes what it reads":
    pando.stdout.close()
elif how == "aborts":
    say(b"3")
    pando.stdout.close()
    pando.stdin.close()
elif how == "is cut off":
    pando.stdout.close()
    pando.stdin.write(b'0"1')
    pando.stdin.close()
print(pando.wait(30), flush=True)
"""
"""The other end, which has what it wants as soon as it has the square of 4, while more is computed."""


@pytest.mark.parametrize(
    ("how", "status", "says"),
    [
        ("exits", None, []),
        ("closes both", 0, []),
        ("closes what it writes", 0, []),
        ("closes what it reads", 0, []),
        ("aborts", 0, []),
        ("is cut off", 1, ["pando: standard input ended in the middle of a line: the program at the other end of"]),
    ],
)
async def test_an_end_that_has_what_it_wants(how: str, status: int | None, says: list[str], programs: Programs) -> None:
    programs.file(
        "g.js", "module.exports['/pando/1.0.0'] = (x, cb) => { if (x > 4) setTimeout(cb, 99999); else cb(null, x * x) }"
    )
    programs.file("leaver.py", LEAVER)
    program = await programs.start(sys.executable, "leaver.py", how, "g.js", *HERE, env={"PANDO": PANDO})
    outcome = await program.finish(30)
    if status is not None:
        assert outcome.lines == [str(status)]
    assert [line[: len(said)] for line, said in zip(outcome.complaints, says, strict=True)] == says
    await programs.nothing_is_left()


# In this process


class OtherEnd:
    """A program at the other end, and what the run hears of its own end."""

    def __init__(self, into: int) -> None:
        self.exchange = SyncStdio()
        self.lines: list[bytes] = []
        self.wrote = 0
        self.stopped: list[InputError | None] = []
        self.exchange.stopped = self.stopped.append
        self._into = into

    def open(self) -> None:
        self.exchange.open(self._wrote, self._failed)

    def _wrote(self, count: int) -> None:
        self.wrote += count

    def _failed(self, error: OutputError | BrokenPipeError) -> None:
        raise AssertionError(error)

    def say(self, *lines: bytes) -> None:
        os.write(self._into, b"".join(line + b"\n" for line in lines))


@asynccontextmanager
async def begun(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OtherEnd]:
    """An exchange over a pipe of this process in place of standard input; what it sends is kept in `lines`."""
    reading, writing = os.pipe()
    end = OtherEnd(writing)

    class Kept:
        def __init__(self, wrote: Wrote, failed: OutputFailed) -> None:
            self._wrote = wrote

        def write(self, lines: list[bytes]) -> None:
            end.lines += lines
            asyncio.get_running_loop().call_soon(self._wrote, len(lines))

    monkeypatch.setattr(sync_stdio, "ResultWriter", Kept)
    monkeypatch.setattr(sync_stdio, "read_standard_input", lambda: os.read(reading, 65536))
    end.open()
    async with asyncio.timeout(10):
        yield end
    os.close(writing)


async def test_an_item_is_asked_for_when_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with begun(monkeypatch) as end:
        taking = asyncio.create_task(end.exchange.next(5))
        await asyncio.sleep(0)
        assert end.lines == [GREETING, b"4", b"2"]
        end.say(GREETING, b"4", b'0"3"')
        assert await taking == [b"3"]
        taking = asyncio.create_task(end.exchange.next(5))
        end.say(b"1true")
        assert await taking == []


async def test_a_result_counts_as_written_when_its_line_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async with begun(monkeypatch) as end:
        end.say(GREETING, b"2", b"2", b"2")
        end.exchange.write([b"9"])
        await end.exchange.finish()
        assert end.lines[2:] == [b'0"9"', b"1true"]
        assert end.wrote == 1


async def test_the_end_waits_until_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async with begun(monkeypatch) as end:
        finishing = asyncio.create_task(end.exchange.finish("no more"))
        await asyncio.sleep(0.05)
        assert not finishing.done()
        end.say(GREETING, b"2")
        await finishing
        assert end.lines[2:] == [b'1"no more"']


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([b"nonsense"], "does not speak pull-sync"),
        ([GREETING, b"nonsense"], "is no pull-sync message"),
        ([GREETING, b'1"it broke"'], "the other end of pull-sync failed: it broke"),
        ([b"\xff"], "is not valid UTF-8"),
    ],
)
async def test_another_end_that_is_wrong_ends_the_input(
    lines: list[bytes], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with begun(monkeypatch) as end:
        taking = asyncio.create_task(end.exchange.next(5))
        await asyncio.sleep(0)
        end.say(*lines)
        with pytest.raises(InputError, match=says):
            await taking
        with pytest.raises(InputError, match=says):
            await end.exchange.next(1)


async def test_an_end_that_wants_no_more_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async with begun(monkeypatch) as end:
        end.say(GREETING, b"3")
        await end.exchange.finish()
        assert end.stopped[0] is None
        assert end.lines[2:] == [b"1true"]


async def test_an_error_of_our_own_ends_the_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise ZeroDivisionError

    async with begun(monkeypatch) as end:
        monkeypatch.setattr(PullSync, "receive", wrong)
        end.say(GREETING)
        with pytest.raises(InputError, match="pull-sync failed: ZeroDivisionError"):
            await end.exchange.next(1)
        assert [str(error) for error in end.stopped] == ["pull-sync failed: ZeroDivisionError"]
