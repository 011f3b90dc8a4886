"""The function in every shape, through a real client."""

from __future__ import annotations

import asyncio
import re
import signal

from tests.support.programs import Programs

DIGITS = [str(n) for n in range(6)]


def function(body: str) -> str:
    return f"module.exports['/pando/1.0.0'] = function (x, cb) {{ {body} }}\n"


async def failed(programs: Programs, body: str, *arguments: str) -> str:
    """Runs a function that fails on its first item, and returns what is said of it, but for where it failed."""
    name = f"{abs(hash(body))}.js"  # several may run at once
    programs.file(name, function(body))
    outcome = await programs.pando(name, "--local", *(arguments or ("1",)))
    assert (outcome.status, outcome.out) == (1, b""), body
    said = outcome.err[-1].removeprefix("pando: the function failed on item 1 ")
    assert said != outcome.err[-1]
    return re.sub(rf", at .*{name}:\d+:\d+\)?(, …)?", "", said)


async def test_it_throws_on_one_item(programs: Programs) -> None:
    programs.file("g.js", function("if (x === '3') throw new Error('not\\n\\u001b[31mthree'); cb(null, x)"))
    outcome = await programs.pando("g.js", "--start-idle=false", "--port=0", *DIGITS)
    assert (outcome.status, outcome.lines) == (1, ["0", "1", "2"])
    assert outcome.complaint == "pando: the function failed on item 4 (3), 3 times: not\\n\\x1b[31mthree, at g.js:1:74"
    await programs.nothing_is_left()


async def test_an_error_names_the_lines_of_the_users_files_that_led_to_it(programs: Programs) -> None:
    programs.file("lib/deep.js", "exports.f = function deep (x) {\n  throw new TypeError('no ' + x)\n}\n")
    programs.file("lib/g.js", f"const deep = require('./deep')\n{function('deep.f(x)')}")
    for where in ("--local", "--start-idle=false"):
        outcome = await programs.pando("lib/g.js", where, "--port=0", "1")
        assert (outcome.status, outcome.lines) == (1, [])
        assert outcome.complaint.startswith("pando: the function failed on item 1 (1), 3 times: no 1, at ")
        calls = re.findall(r"([\w./]+:\d+:\d+)", outcome.complaint)
        assert calls == ["lib/deep.js:2:9", "lib/g.js:2:58"]


async def test_of_a_deep_stack_only_the_end_is_named(programs: Programs) -> None:
    programs.file("g.js", function("(function f (n) { if (n) f(n - 1); else throw new Error('deep') })(20)"))
    outcome = await programs.pando("g.js", "--local", "--retries=1", "1")
    assert len(re.findall(r", at f \(g\.js:1:\d+\)", outcome.complaint)) == 4
    assert outcome.complaint.endswith(", …")


async def test_failed_items_may_be_skipped(programs: Programs) -> None:
    programs.file("g.js", function("if (x % 2) throw new Error('odd'); cb(null, x)"))
    outcome = await programs.pando("g.js", "--local", "--on-error=skip", *DIGITS)
    assert (outcome.status, outcome.lines) == (1, ["0", "2", "4"])
    assert outcome.complaints == [
        *(f"pando: the function failed on item {n} ({n - 1}), 3 times: odd, at g.js:1:70" for n in (2, 4, 6)),
        "pando: 3 items have no result: 2, 4, 6",
    ]
    outcome = await programs.pando("g.js", "--local", "--on-error=skip", "1")
    assert (outcome.status, outcome.lines) == (1, [])
    assert outcome.complaints[-1] == "pando: 1 item has no result: 1"


async def test_it_is_tried_as_often_as_is_allowed(programs: Programs) -> None:
    programs.file("g.js", "var tries = 0\n" + function("if (++tries < 3) return cb(new Error('no')); cb(null, tries)"))
    outcome = await programs.pando("g.js", "--local", "1")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["3"], [])
    outcome = await programs.pando("g.js", "--local", "--retries=2", "1")
    assert (outcome.status, outcome.lines) == (1, [])
    assert outcome.complaint == "pando: the function failed on item 1 (1), 2 times: no, at g.js:2:80"
    outcome = await programs.pando("g.js", "--local", "--retries=1", "1")
    assert outcome.complaint == "pando: the function failed on item 1 (1), once: no, at g.js:2:80"


ERRORS = [
    ("throw new Error('never')", "never"),
    ("throw 'a string'", "a string"),
    ("throw null", "null"),
    ("cb(new TypeError('an error'))", "an error"),
    ("cb('a string')", "a string"),
    ("cb(7)", "7"),
    ("cb({ message: 'an object', stack: 7 })", "an object"),
    (
        "setTimeout(function () { throw new Error('later') }, 1)",
        "later (nobody caught this error, and nothing is left that could call back)",
    ),
    ("return Promise.reject(new Error('promised'))", "promised"),
    (
        "cb(null, Object.create(null))",
        "the result cannot be printed: Cannot convert object to primitive value",
    ),
    (
        "cb(null, { toString: function () { throw new Error('no text') } })",
        "the result cannot be printed: no text",
    ),
    ("cb(null, 'x'.repeat(17 << 20))", "the result is longer than 16 MiB"),
    ("nowhere()", "nowhere is not defined"),
    ("throw new TypeError()", "TypeError, without a message"),
    ("cb(new AggregateError([new Error('inner'), { code: 5 }], ''))", 'AggregateError: inner; {"code":5}'),
    ("throw new Error('outer', { cause: new RangeError('\\u001b[2J') })", "outer (cause: \\x1b[2J)"),
    ("(function f () { f() })()", "Maximum call stack size exceeded"),
]


async def test_what_is_an_error(programs: Programs) -> None:
    said = await asyncio.gather(*(failed(programs, body, "--retries=1", "1") for body, _ in ERRORS))
    assert said == [f"(1), once: {says}" for _, says in ERRORS]


BREAKOUTS = [
    "cb(null, Deno.readTextFileSync('/etc/passwd'))",
    "import('node:fs').then(function (fs) { cb(null, fs.readFileSync('/etc/passwd', 'utf8')) }, cb)",
    "fetch('http://127.0.0.1:9999/').then(function () { cb(null, 'got in') }, cb)",
    "new WebSocket('ws://127.0.0.1:9999/').onerror = function () { cb(new Error('no')) }",
    "cb(null, new XMLHttpRequest())",
    "cb(null, localStorage.length)",
]


async def test_it_reaches_nothing_of_this_machine(programs: Programs) -> None:
    options = ("--retries=1", "--context=worker", "1")
    said = await asyncio.gather(*(failed(programs, body, *options) for body in BREAKOUTS))
    assert all(line.startswith("(1), once: ") for line in said)


async def test_it_does_not_see_the_environment(programs: Programs) -> None:
    programs.file("g.js", function("cb(null, String(typeof process === 'object' && process.env && process.env.HOME))"))
    outcome = await programs.pando("g.js", "--local", "1")
    assert outcome.status == 0
    assert outcome.lines in (["false"], ["undefined"])


async def test_long_items_and_messages_are_cut(programs: Programs) -> None:
    said = await failed(programs, "throw new Error('y'.repeat(70000))", "x" * 5000)
    assert said.startswith("(xxx")
    assert len(said) < 400


VALUES = [
    ("undefined", "undefined\n"),
    ("null", "null\n"),
    ("", "undefined\n"),
    ("1e21", "1e+21\n"),
    ("-0", "0\n"),
    ("true", "true\n"),
    ("10n ** 30n", "1" + "0" * 30 + "\n"),
    ("''", "\n"),
    ("'a\\nb\\r\\n'", "a\nb\r\n\n"),
    ("'\\u0000\\u2028\\ufeff'", "\0\u2028\ufeff\n"),
    ("'ü😀'", "ü😀\n"),
    ("'\\ud800x\\udc00'", "\ufffdx\ufffd\n"),
    ("{}", "[object Object]\n"),
    ("[1, [2, null], 'c']", "1,2,,c\n"),
    ("new Date(0).toISOString()", "1970-01-01T00:00:00.000Z\n"),
    ("(function () { var o = {}; o.o = o; return o })()", "[object Object]\n"),
    ("(function () { var a = []; a[0] = a; return a })()", "\n"),
]


async def test_what_becomes_of_a_result(programs: Programs) -> None:
    calls = "".join(
        f"case '{n}': return cb(null{',' if value else ''} {value});\n" for n, (value, _) in enumerate(VALUES)
    )
    programs.file("g.js", function(f"switch (x) {{ {calls} }}"))
    outcome = await programs.pando("g.js", "--local", *(str(n) for n in range(len(VALUES))))
    # Some of them have no text of their own, which is said once.
    assert (outcome.status, outcome.complaint.split(",")[0]) == (0, "pando: a result is an object")
    assert outcome.out.decode() == "".join(out for _, out in VALUES)


async def test_the_longest_result(programs: Programs) -> None:
    programs.file("g.js", function("cb(null, 'x'.repeat(1 << 24))"))
    outcome = await programs.pando("g.js", "--local", "1", "2")
    assert (outcome.status, outcome.err) == (0, [])
    assert outcome.out == (b"x" * (1 << 24) + b"\n") * 2


async def test_only_the_first_callback_counts(programs: Programs) -> None:
    twice = "cb(null, 'a' + x); cb(null, 'b' + x); cb(new Error('c')); setTimeout(function () { cb(null, 'd') }, 1)"
    programs.file("g.js", function(twice))
    outcome = await programs.pando("g.js", "--local", *DIGITS)
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["a" + x for x in DIGITS], [])


async def test_what_is_thrown_after_the_callback_changes_nothing(programs: Programs) -> None:
    programs.file("g.js", function("cb(null, x); throw new Error('too late')"))
    outcome = await programs.pando("g.js", "--local", *DIGITS)
    assert (outcome.status, outcome.lines) == (0, DIGITS)
    # Said once, and not for each item.
    assert outcome.complaint == "console: the function threw after it had called back: too late"


async def test_one_that_never_calls_back_can_be_interrupted(programs: Programs) -> None:
    programs.file("g.js", function("if (x < 2) cb(null, x)"))
    program = await programs.start_pando("g.js", "--local", *DIGITS)
    await program.prints(2)
    program.signal(signal.SIGINT)
    outcome = await program.finish(within=10)
    assert (outcome.status, outcome.lines, outcome.err) == (130, ["0", "1"], [])
    await programs.nothing_is_left()


async def test_an_item_that_is_declined_is_said_and_waited_for(programs: Programs) -> None:
    programs.file("g.js", function("if (x == 1) return cb(true); cb(null, x)"))
    program = await programs.start_pando("g.js", "--start-idle=false", "--port=0", *DIGITS)
    await program.says(r"pando: every volunteer here has declined item 2; waiting for another: open http")
    program.signal(signal.SIGINT)
    outcome = await program.finish(within=10)
    assert (outcome.status, outcome.lines) == (130, ["0"])


async def test_an_item_that_is_declined_with_nobody_else_to_come(programs: Programs) -> None:
    programs.file("g.js", function("if (x == 1) return cb(true); cb(null, x)"))
    outcome = await programs.pando("g.js", "--local", *DIGITS)
    assert (outcome.status, outcome.lines) == (1, ["0"])
    assert outcome.complaint == "pando: the function declined item 2, and with --local there is nobody else to take it"
    outcome = await programs.pando("g.js", "--local", "--unordered", *DIGITS)
    assert (outcome.status, sorted(outcome.lines)) == (1, [digit for digit in DIGITS if digit != "1"])
    assert outcome.complaint == "pando: the function declined item 2, and with --local there is nobody else to take it"


async def test_state_is_kept_between_calls(programs: Programs) -> None:
    programs.file("g.js", "var sum = 0\n" + function("sum += Number(x); cb(null, sum)"))
    outcome = await programs.pando("g.js", "--local", "1", "2", "3", "4")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["1", "3", "6", "10"], [])


async def test_modules_beside_it_and_packages(programs: Programs) -> None:
    programs.file("lib/deep/one.js", "exports.one = function (x) { return x + 1 }\n")
    programs.file("lib/index.js", "module.exports = require('./deep/one')\n")
    programs.file("lib/data.json", '{"factor": 10}')
    programs.file("node_modules/times/package.json", '{"name": "times", "main": "lib/main.js"}')
    programs.file("node_modules/times/lib/main.js", "module.exports = function (a, b) { return a * b }\n")
    programs.file(
        "g.js",
        "var lib = require('./lib'), data = require('./lib/data.json'), times = require('times')\n"
        + function("cb(null, times(lib.one(Number(x)), data.factor))"),
    )
    outcome = await programs.pando("g.js", "--local", *DIGITS)
    assert (outcome.status, outcome.err) == (0, [])
    assert outcome.lines == ["10", "20", "30", "40", "50", "60"]


async def test_all_cores_compute_at_once(programs: Programs) -> None:
    """Each slot has its own copy of the module; together they answer in order."""
    programs.file("g.js", function("setTimeout(function () { cb(null, x) }, x % 2 ? 1 : 15)"))
    both = await asyncio.gather(
        *(programs.pando("g.js", "--start-idle=false", "--port=0", *map(str, range(60))) for _ in range(2))
    )
    for outcome in both:
        assert (outcome.status, outcome.lines, outcome.complaints) == (0, [str(n) for n in range(60)], [])


LOST = "Promise.reject(new Error('lost')); setTimeout(function () { throw new Error('thrown') });"


async def test_errors_that_nobody_caught_fail_nothing_that_gets_its_result(programs: Programs) -> None:
    programs.file("g.js", function(f"{LOST} setTimeout(function () {{ cb(null, x) }}, 100)"))
    for where in (("--local",), ("--start-idle=false", "--port=0")):
        outcome = await programs.pando("g.js", *where, "1", "2", "3")
        assert (outcome.status, outcome.lines) == (0, ["1", "2", "3"]), outcome
        for error in ("lost", "thrown"):
            assert outcome.err.count(f"console: an error that nobody caught: {error}") == 3, outcome


ABANDONED = {
    "throws in a timer": (
        "setTimeout(function () { throw new Error('thrown'); cb(null, x) })",
        "thrown (nobody caught this error, and nothing is left that could call back), at ",
    ),
    "throws in a chain": (
        "Promise.resolve().then(function () { x.no.name; cb(null, x) })",
        "(nobody caught this error, and nothing is left that could call back), at ",
    ),
    "forgets it": ("if (x) return; cb(null, x)", "it did not call back, and nothing is left that could"),
}


async def test_an_item_that_nothing_can_settle_any_more_fails(programs: Programs) -> None:
    async def fails(case: int, body: str, says: str) -> None:
        name = f"g{case}.js"
        programs.file(name, function(body))
        outcome = await programs.pando(name, "--local", "--retries=1", "1")
        assert (outcome.status, outcome.lines) == (1, [])
        assert outcome.err[-1].startswith("pando: the function failed on item 1 (1), once: ")
        assert says in outcome.err[-1]

    await asyncio.gather(*(fails(case, *expected) for case, expected in enumerate(ABANDONED.values())))


async def test_a_time_limit_names_the_last_error_that_nobody_caught(programs: Programs) -> None:
    programs.file("g.js", function("globalThis.kept = cb; setTimeout(function () { throw new Error('thrown') })"))
    outcome = await programs.pando("g.js", "--start-idle=false", "--port=0", "--timeout=1", "--retries=1", "1")
    assert (outcome.status, outcome.err[-1]) == (
        1,
        "pando: the function failed on item 1 (1), once: no result within 1 s (--timeout); "
        "the last error that nobody caught: thrown",
    )


async def test_an_item_that_takes_too_long_is_a_failure_of_that_item(programs: Programs) -> None:
    programs.file("g.js", function("if (x === '2') { for (;;); } cb(null, x)"))
    outcome = await programs.pando("g.js", "--start-idle=false", "--port=0", "--timeout=0.5", "--retries=1", *DIGITS)
    assert (outcome.status, outcome.lines) == (1, ["0", "1"])
    assert outcome.complaint == ("pando: the function failed on item 3 (2), once: no result within 0.5 s (--timeout)")
    outcome = await programs.pando(
        "g.js", "--start-idle=false", "--port=0", "--timeout=0.5", "--retries=1", "--on-error=skip", *DIGITS
    )
    assert (outcome.status, outcome.lines) == (1, [digit for digit in DIGITS if digit != "2"])


async def test_results_have_a_limit_that_can_be_set(programs: Programs) -> None:
    programs.file("g.js", function("cb(null, 'x'.repeat(Number(x)))"))
    outcome = await programs.pando("g.js", "--local", "--max-result=1000", "--retries=1", "1000", "1001")
    assert (outcome.status, outcome.lines) == (1, ["x" * 1000])
    assert "longer than" in outcome.complaint


async def test_unordered_results_come_as_they_are_ready(programs: Programs) -> None:
    programs.file("g.js", function("setTimeout(function () { cb(null, x) }, x === '0' ? 2000 : 1)"))
    outcome = await programs.pando("g.js", "--start-idle=false", "--port=0", "--unordered", *DIGITS)
    assert outcome.status == 0
    assert sorted(outcome.lines) == sorted(DIGITS)
    assert outcome.lines[-1] == "0"


async def test_a_function_that_needs_a_page_does_not_run_here(programs: Programs) -> None:
    programs.file("g.js", function("cb(null, document.title)"))
    outcome = await programs.pando("g.js", "--local", "--context=page", "1")
    assert (outcome.status, outcome.out) == (1, b"")
    assert outcome.complaint.startswith("pando: g.js needs a page (context page), and --local has none: ")
    outcome = await programs.pando("g.js", "--local", "1")
    assert outcome.err[0] == (
        f"pando: {programs.folder / 'g.js'}:1:62 uses document, and --local has no page: "
        "the function runs in a worker, where there is no document"
    )
    assert "document is not defined: the function runs in a worker; with --context=page" in outcome.err[-1]
    programs.file("g.js", "var body = document.body\n" + function("cb(null, x)"))
    outcome = await programs.pando("g.js", "--local", "1")
    assert (outcome.status, outcome.out) == (1, b"")
    assert outcome.complaint == (
        f"pando: {programs.folder / 'g.js'}:1:12 needs a page while the module loads, and --local has none: "
        "leave --local out, and open the printed address in a browser on this machine"
    )


async def test_a_function_that_does_without_a_page_runs_here_and_elsewhere_if_told_so(programs: Programs) -> None:
    programs.file("g.js", function("cb(null, typeof document === 'undefined' ? x : 'in a page')"))
    outcome = await programs.pando("g.js", "--local", "1", "2")
    assert (outcome.status, outcome.lines) == (0, ["1", "2"])
    assert len(outcome.err) == 1
    outcome = await programs.pando("g.js", "--start-idle=false", "--port=0", "--context=worker", "1", "2")
    assert (outcome.status, outcome.lines) == (0, ["1", "2"])
    assert not any("document" in line for line in outcome.err)
    program = await programs.start_pando("g.js", "--start-idle=false", "--port=0", "1")
    await program.says(r"g\.js:1:\d+ uses document: the function runs in a page; --context=worker runs it in a worker")
    await program.says("this machine has no page for the function: it computes in browsers only")
    program.signal(signal.SIGINT)
    assert (await program.finish(within=10)).lines == []


async def test_one_that_declines_for_want_of_a_page_is_told_of_it(programs: Programs) -> None:
    programs.file("g.js", function("typeof document === 'undefined' ? cb(true) : cb(null, x)"))
    program = await programs.start_pando("g.js", "--start-idle=false", "--port=0", "--context=worker", "1")
    await program.says(
        r"every volunteer here has declined item 1; waiting for another: open http\S+ in a browser; "
        "the function runs in a worker, and if it declines for want of a page, --context=page gives it one"
    )
    program.signal(signal.SIGINT)
    assert (await program.finish(within=10)).lines == []


async def test_here_it_reaches_the_hosts_that_are_allowed_and_no_others(programs: Programs) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    programs.file(
        "g.js", function("fetch(x).then((r) => r.text()).then((t) => cb(null, t), () => cb(null, 'refused'))")
    )
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url, allowed = f"http://127.0.0.1:{port}/", f"--allow-net=127.0.0.1:{port}"
        for options, said in (
            (["--local", allowed], "hello"),
            (["--local", "--allow-net"], "hello"),
            (["--local"], "refused"),
            (["--local", "--allow-net=127.0.0.1"], "refused"),
            (["--local", f"--allow-net=localhost:{port}"], "refused"),
            (["--start-idle=false", "--port=0", allowed], "hello"),
        ):
            outcome = await programs.pando("g.js", *options, url)
            assert outcome.lines == [said], options


async def test_hosts_that_are_none_are_wrong_usage(programs: Programs) -> None:
    programs.file("g.js", function("cb(null, x)"))
    for hosts in ("a b", "a;b", "*,a", "'self'", "[::1]", "ftp://a"):
        outcome = await programs.pando("g.js", "--local", f"--allow-net={hosts}", "1")
        assert outcome.status == 2
        assert outcome.complaint.startswith("pando: --allow-net: ")
