"""What a function gives back and writes, and what its author is told of it, through a real client."""

from __future__ import annotations

import asyncio
import re

from tests.support.processes import Outcome
from tests.support.programs import Programs

HERE = ("--start-idle=false", "--port=0")


async def run_all(programs: Programs, modules: dict[str, str], *arguments: str) -> dict[str, Outcome]:
    """Runs several modules over the same items, at the same time."""
    for name, text in modules.items():
        programs.file(name, text)
    outcomes = await asyncio.gather(*(programs.pando(name, "--local", *arguments) for name in modules))
    return dict(zip(modules, outcomes, strict=True))


RETURNS = {
    "second.mjs": "export default async (x, i) => x * x",
    "plain.js": "module.exports = (x, i) => x * x",
    "mixed.mjs": "export default async (x, cb) => { if (x < 3) cb(null, x * x); else return x * x }",
    "later.js": "module.exports['/pando/1.0.0'] = (x, cb) => setTimeout(cb, 9, null, x * x)",
    "both.js": "module.exports['/pando/1.0.0'] = async (x, cb) => { setTimeout(cb, 9, null, x * x); return 'no' }",
}


async def test_a_value_that_is_returned_is_the_result_and_one_that_is_called_back_is_it_first(
    programs: Programs,
) -> None:
    for name, outcome in (await run_all(programs, RETURNS, "2", "3")).items():
        assert (outcome.status, outcome.lines, outcome.err) == (0, ["4", "9"], []), name
    programs.file("engine.js", "module.exports = parseInt")
    outcome = await programs.pando("engine.js", "--local", "2px", "0x10")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["2", "16"], [])


NO_RESULT = {
    "async.js": "module.exports['/pando/1.0.0'] = async function (x, cb) { return x }",
    "forgets.js": "module.exports['/pando/1.0.0'] = async function (x, cb) { if (x > 9) cb(null, x); return x }",
}
NO_FUNCTION = {
    "class.mjs": (
        "export default class { constructor (x, cb) {} }",
        "the default export is a class, and not a function",
    ),
    "steps.js": ("module.exports = function* (x) { yield x }", "module.exports is a generator function, and not one"),
}


async def test_what_gives_no_result_is_told_what_it_should_do(programs: Programs) -> None:
    for name, outcome in (await run_all(programs, NO_RESULT, "--retries=1", "7")).items():
        assert (outcome.status, outcome.lines) == (1, []), name
        assert outcome.complaint.startswith(
            "pando: the function failed on item 1 (7), once: the function returned 7 and did not call back: "
            "'/pando/1.0.0' takes a function that calls cb(null, result); one that returns its result is a default "
        )
    modules = {name: text for name, (text, _) in NO_FUNCTION.items()}
    for name, outcome in (await run_all(programs, modules, "7")).items():
        assert (outcome.status, outcome.lines) == (1, []), name
        assert outcome.complaint.startswith(f"pando: {name}: Incompatible module, {NO_FUNCTION[name][1]}")


async def test_a_value_that_is_returned_counts_when_nothing_can_call_back_any_more(programs: Programs) -> None:
    body = "(x, cb) => { if (x > 2) return x * x; cb(null, x * x) }"
    modules = {"today.js": f"module.exports = {body}", "old.js": f"module.exports['/pando/1.0.0'] = {body}"}
    outcomes = await run_all(programs, modules, "--retries=1", "2", "3")
    today, old = outcomes["today.js"], outcomes["old.js"]
    assert (today.status, today.lines, today.err) == (0, ["4", "9"], [])
    assert (old.status, old.lines) == (1, ["4"])
    assert "the function returned 9 and did not call back: " in old.complaint


async def test_a_function_that_forgets_its_callback_gives_no_result(programs: Programs) -> None:
    modules = {"today.js": "module.exports = (x, cb) => { Promise.reject(new Error('lost')) }"}
    outcome = (await run_all(programs, modules, "3"))["today.js"]
    assert (outcome.status, outcome.lines) == (1, [])
    assert "console: an error that nobody caught: lost" in outcome.err
    said = "the function returned nothing, and does not use its second parameter, which calls back"
    assert outcome.err[-1] == f"pando: the function failed on item 1 (3), 3 times: {said}"


async def test_a_result_without_a_text_is_printed_and_said_once(programs: Programs) -> None:
    programs.file("g.js", "module.exports = (x) => [new Map(), [{ a: 1 }], { x }, new Uint8Array(1), 'text'][x % 5]")
    items = [str(n) for n in range(10)]
    said = "pando: a result is an? (list|object).*, which is printed as .*: give a text instead, such as JSON.string"
    for options, binary in ((HERE, "AA=="), (("--local", "--binary-output"), "\0")):
        outcome = await programs.pando("g.js", *options, *items)
        assert outcome.status == 0
        texts = ["[object Map]", "[object Object]", "[object Object]", binary, "text"]
        separate = outcome.out.decode().replace("\0", "\0\n").splitlines()
        assert separate == texts * 2
        assert re.match(said, outcome.complaint)


async def test_what_a_chatty_function_writes_is_bounded_and_counted(programs: Programs) -> None:
    lines = 200_000
    programs.file(
        "g.js",
        "console.warn('loading\\n\\u001b[2J')\n"
        f"module.exports = (x) => {{ for (let n = 0; n < {lines}; n++) console.log('n is %d', n, {{ x }}); return x }}",
    )
    outcome = await programs.pando("g.js", "--local", "1", "2", "3")
    assert (outcome.status, outcome.lines) == (0, ["1", "2", "3"])
    assert outcome.err[:3] == ["console: loading", "console: \\x1b[2J", 'console: n is 0 {"x":"1"}']
    assert len(outcome.err) < 5000
    more = [found for line in outcome.err if (found := re.fullmatch(r"console: \(and ([\d,]+) more lines\)", line))]
    told = len(outcome.err) - len(more) + sum(int(found[1].replace(",", "")) for found in more)
    assert told == 2 + 3 * lines


async def test_the_owner_of_a_machine_sees_a_few_lines_of_a_function_and_its_author_elsewhere_none(
    programs: Programs,
) -> None:
    programs.file("g.js", "module.exports = (x) => { console.log('this is %s', x); return x }")
    items = [str(n) for n in range(40)]
    client = await programs.start_pando("g.js", "--port=0", *items)
    port = int((await client.says(r"volunteer code at http://127\.0\.0\.1:(\d+)\n"))[1])
    volunteer = await programs.volunteer(port)
    outcome = await client.finish()
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, items, [])
    assert await volunteer.says("pando-volunteer: console: this is 9")
    assert volunteer.said("console: ") == 10
