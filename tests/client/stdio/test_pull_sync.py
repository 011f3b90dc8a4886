"""pull-sync: the core by itself, and a client whose other end is the npm package of that name."""

from __future__ import annotations

import asyncio
import json

import pytest

from pando_client.function.deno import deno
from pando_client.stdio.pull_sync import GREETING, PullSync
from pando_shared.errors import InputError
from tests.support.programs import PANDO, Programs

HERE = ("--sync-stdio", "--start-idle=false", "--port=0")


def begun() -> PullSync:
    core = PullSync()
    assert core.lines() == [GREETING, b"4"]
    core.receive(GREETING)
    core.receive(b"4")
    return core


# The core


def test_a_value_is_asked_for_once_at_a_time() -> None:
    core = begun()
    core.ask()
    core.ask()
    assert core.lines() == [b"2"]
    core.receive(b'0"one"')
    assert list(core.items) == [b"one"]
    core.ask()
    assert core.lines() == [b"2"]


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ('"text \\u00e9\\n"', "text é\n"),
        ('"\\ud800"', "?"),
        ("3", "3"),
        ("-1.5", "-1.5"),
        ("true", "true"),
        ("null", "null"),
        ('{"a":[1]}', '{"a":[1]}'),
    ],
)
def test_items_are_strings(text: str, item: str) -> None:
    core = begun()
    core.ask()
    core.receive(b"0" + text.encode())
    assert list(core.items) == [item.encode()]


def test_a_result_waits_until_it_is_asked_for() -> None:
    core = begun()
    core.give([b"one", 'é"\n'.encode()])
    assert core.lines() == []
    core.receive(b"2")
    assert core.lines() == [b'0"one"']
    core.receive(b"2")
    assert core.lines() == ['0"é\\"\\n"'.encode()]
    core.receive(b"2")
    core.finish()
    assert core.lines() == [b"1true"]
    assert core.ended


def test_an_error_is_told_after_the_results() -> None:
    core = begun()
    core.give([b"one"])
    core.finish("it \u2028 broke")
    core.finish("again")
    core.receive(b"2")
    core.receive(b"2")
    core.receive(b"2")
    assert core.lines() == [b'0"one"', '1"it \u2028 broke"'.encode()]


def test_an_abort_ends_it_and_what_is_left_is_forgotten() -> None:
    core = begun()
    core.give([b"one", b"two"])
    core.receive(b"2")
    core.receive(b"3")
    assert core.lines() == [b'0"one"', b"1true"]
    assert core.aborted
    assert core.ended


def test_the_other_source_ends_well_or_with_an_error() -> None:
    core = begun()
    core.ask()
    core.receive(b"1true")
    assert core.input_ended
    assert core.input_error is None
    core.ask()
    assert core.lines() == [b"2"]  # the one from before
    core = begun()
    core.receive(b'1"it broke\\u001b"')
    assert str(core.input_error) == "the other end of pull-sync failed: it broke\\x1b"


def test_an_end_without_a_word_is_an_error() -> None:
    core = begun()
    core.closed()
    assert "in the middle" in str(core.input_error)
    core = begun()
    core.receive(b"3")
    core.closed()
    assert core.input_error is None


@pytest.mark.parametrize("line", [b"", b"2", b"hello", b"\xff", b"5", b"0 5 pull-sync: missing sync"])
def test_another_first_line_than_the_greeting(line: bytes) -> None:
    with pytest.raises(InputError, match="does not speak pull-sync"):
        PullSync().receive(line)


@pytest.mark.parametrize("line", [b"", b'0"not asked"', b"22", b"33", b"44", b"9", b"1", b"1{", b"\x00"])
def test_what_may_not_come(line: bytes) -> None:
    with pytest.raises(InputError, match="line 3 of standard input is no pull-sync message"):
        begun().receive(line)


@pytest.mark.parametrize("text", [b"{", b"", b"[" * 200_000, b"1" * 5000])
def test_an_item_that_is_no_json(text: bytes) -> None:
    core = begun()
    core.ask()
    with pytest.raises(InputError, match="no pull-sync message"):
        core.receive(b"0" + text)
    with pytest.raises(InputError, match="no pull-sync message"):
        begun().receive(b"1" + text)


# With a program at the other end

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
        (b"", "pando: standard input ended in the middle of pull-sync"),
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
