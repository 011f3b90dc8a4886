"""The command line as a shell has it: words, files, pipes, terminals, encodings; `--local` computes."""

from __future__ import annotations

import os
import pty
import signal

import pytest

from tests.support.programs import Programs

ECHO = "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, '<' + x + '>') }\n"
NO_ITEMS = "pando: there are no items: "
EMPTY_INPUTS = [
    "$PANDO f.js --stdin < /dev/null",
    "$PANDO f.js --stdin --local < empty",
    "$PANDO f.js --stdin --start-idle=false --port=0 < mark",
    "true | PANDO_SECRET=0123456789abcdef $PANDO f.js --stdin --host=127.0.0.1:1",
]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("$PANDO f.js < /dev/null", "give some after MODULE, or --stdin to read them from standard input"),
        ("$PANDO f.js -- < /dev/null", "give some after MODULE, or --stdin to read them from standard input"),
        ("$PANDO f.js --local <&-", "give some after MODULE, or --stdin to read them from standard input"),
        ("seq 3 | $PANDO f.js", "standard input is a pipe, and only --stdin reads items from it"),
        ("seq 3 | $PANDO f.js --local", "standard input is a pipe, and only --stdin reads items from it"),
        ("$PANDO f.js --host=h --start-idle=false < f.js", "standard input is a file, and only --stdin reads items"),
        ("$PANDO -e 'x => x' --local < /dev/null", "give some after the function, or --stdin"),
        ("echo 'x => x' | $PANDO -", "standard input holds the function, so give the items as arguments"),
    ],
)
async def test_without_items_nobody_is_asked(programs: Programs, line: str, says: str) -> None:
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.out, len(outcome.err)) == (2, b"", 1)
    assert outcome.complaint.startswith(NO_ITEMS + says)


@pytest.mark.parametrize("line", EMPTY_INPUTS)
async def test_an_empty_standard_input_is_done_at_once(programs: Programs, line: str) -> None:
    programs.file("empty", "")
    programs.file("mark", b"\xef\xbb\xbf")
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.out, outcome.err) == (0, b"", [])
    await programs.nothing_is_left()


async def test_an_input_that_turns_out_to_be_empty_ends_the_run_without_a_volunteer(programs: Programs) -> None:
    ours, theirs = os.pipe()
    program = await programs.start_pando("f.js", "--stdin", "--port=0", stdin=ours)
    await program.serves_at()
    os.close(ours)
    os.close(theirs)
    outcome = await program.finish()
    assert (outcome.status, outcome.out, outcome.complaints) == (0, b"", [])


async def test_a_closed_standard_input_is_no_empty_one(programs: Programs) -> None:
    outcome = await programs.shell("$PANDO f.js --stdin --port=0 <&-")
    assert (outcome.status, outcome.out) == (1, b"")
    assert outcome.err == ["pando: standard input cannot be read: it is closed"]


@pytest.mark.parametrize(
    ("line", "lines", "says"),
    [
        ("--local -- a -- b", ["<a>", "<-->", "<b>"], []),
        ("--local true 0x10 1e3 007 ' ' ''", ["<0x10>", "<1e3>", "<007>", "< >", "<>"], []),
        ("--stdin false --local -- -0 true --stdin", ["<-0>", "<true>", "<--stdin>"], []),
        (
            "--local off",
            ["<off>"],
            ["pando: off after --local is taken for an item; if it is meant for the option, write --local=off"],
        ),
    ],
)
async def test_which_words_are_items(programs: Programs, line: str, lines: list[str], says: list[str]) -> None:
    programs.file("g.js", ECHO)
    outcome = await programs.shell(f"$PANDO g.js {line}")
    assert (outcome.status, outcome.lines, outcome.err) == (0, lines, says)


async def test_a_word_after_a_flag_means_what_it_says(programs: Programs) -> None:
    program = await programs.start_pando("f.js", "--local", "false", "--port", "0", "1")
    await program.serves_at()
    program.signal(signal.SIGTERM)
    assert (await program.finish()).status == 143


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("$PANDO -e 'x => x * x' --local 2 3", ["4", "9"]),
        ("$PANDO --local --eval='async x => require(\"./lib\")(x);' 2", ["lib 2"]),
        ("seq 2 | $PANDO --stdin --local -e '(x, cb) => cb(null, -x)'", ["-1", "-2"]),
        ("cat f.js | $PANDO - --local 2 3", ["4", "9"]),
        ("$PANDO /dev/stdin --local 2 < f.js", ["4"]),
        ("$PANDO <(echo 'module.exports = x => x') --local 2", ["2"]),
        (
            "seq 2 | $PANDO <(echo 'export default (x: string) => require(\"./lib\")(x)') --local --stdin",
            ["lib 1", "lib 2"],
        ),
        ("mkfifo p; cat f.js > p & $PANDO p --local 2", ["4"]),
    ],
)
async def test_the_function_may_be_in_no_file(programs: Programs, line: str, lines: list[str]) -> None:
    programs.file("lib.js", "module.exports = (x) => 'lib ' + x\n")
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.lines, outcome.err) == (0, lines, [])


@pytest.mark.parametrize(
    ("line", "status", "says"),
    [
        ("$PANDO -e 'x => x * }' --local 1", 1, '-e:1:10: This is not JavaScript: "}" is not expected here'),
        ("$PANDO -e 'x => y' --local 1", 1, "the function failed on item 1 (1), 3 times: y is not defined, at "),
        ("echo 'module.exports = {' | $PANDO - --local 1", 1, "standard input:2:1: "),
        ("$PANDO <(echo; echo 'module.exports = y') --local 1", 1, "/dev/fd/63:2:18: Loading the module failed: "),
        ("$PANDO -e 5 --local 1", 1, "-e: This is not a function: -e 'x => x * x' gives one"),
        ("$PANDO -e '' --local 1", 1, "the function after -e is empty: give one, such as -e 'x => x * x'"),
        ("$PANDO - --local 1 < /dev/null", 1, "standard input is empty: there is no function in it"),
        (
            "cat f.js | $PANDO /dev/stdin --stdin",
            2,
            "standard input cannot hold both the function (/dev/stdin) and the items",
        ),
        ("$PANDO - --stdin < f.js", 2, "standard input cannot hold both the function (-) and the items (--stdin): "),
        ("printf '\\377' | $PANDO - 1", 1, "standard input is not UTF-8 text (byte 1)"),
        ("$PANDO . 1", 1, "the module . is a folder"),
        ("$PANDO ./- 1", 1, "the module - does not exist"),
    ],
)
async def test_errors_of_a_text_point_into_it(programs: Programs, line: str, status: int, says: str) -> None:
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.out) == (status, b"")
    assert outcome.complaint.startswith(f"pando: {says}")
    assert "pando:given" not in outcome.complaint
    assert ("-e:1:6" in outcome.complaint) is ("x => y'" in line)


async def test_a_function_typed_into_a_terminal(programs: Programs) -> None:
    theirs, ours = pty.openpty()
    program = await programs.start_pando("-", "--local", "3", stdin=ours, stderr=ours)
    os.close(ours)
    said = b""
    while b"up to Ctrl-D" not in said:
        said += os.read(theirs, 1000)
    os.write(theirs, b"x => x + 1\n\x04")
    outcome = await program.finish()
    os.close(theirs)
    assert (outcome.status, outcome.lines) == (0, ["31"])


async def test_waiting_for_a_pipe_can_be_interrupted(programs: Programs) -> None:
    os.mkfifo(programs.folder / "p")
    # Until the shell has become the program, and the program waits, there is nobody to interrupt.
    program = await programs.shell("timeout --foreground --signal=INT 1.5 $PANDO p --local 1; exit $?")
    assert (program.out, program.err) == (b"", [])
    assert program.status in (124, 130)


CONFIG = ".pando/config.json"


async def test_the_configuration_file_says_what_the_command_line_would(programs: Programs) -> None:
    content = '\ufeff{"seed": 7, "local": "true", "timeout": null, "port": "0", "retires": 2, "stdin": true}'
    home = programs.file(CONFIG, content)
    outcome = await programs.pando("f.js", "3")
    assert (outcome.status, outcome.lines) == (0, ["9"])
    says = f'"retires" is no option and has no effect; did you mean "retries"? (in {home})'
    assert outcome.complaint == f"pando: {says}"


async def test_a_wrong_configuration_file_is_one_line_and_the_command_line_wins(programs: Programs) -> None:
    home = programs.file(CONFIG, '{"port": "nowhere", "local": true}')
    outcome = await programs.pando("f.js", "3")
    assert (outcome.status, outcome.out) == (2, b"")
    assert outcome.complaint == f'pando: "port" in {home} takes a whole number from 0 to 65534, not nowhere'
    outcome = await programs.pando("f.js", "--port=0", "3")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["9"], [])
    programs.file(CONFIG, "{,}")
    outcome = await programs.pando("f.js", "--local", "3")
    assert (outcome.status, outcome.out) == (2, b"")
    assert outcome.complaint.endswith("config.json cannot be read: it is not valid JSON at line 1, column 2")


@pytest.mark.parametrize(
    "line",
    [
        "HOME=/dev/null $PANDO f.js --local 3",
        "env -u HOME $PANDO f.js --local 3",
        "ln -s nowhere .pando; $PANDO f.js --local 3",
        "touch .pando; $PANDO f.js --local 3",
    ],
)
async def test_there_are_many_ways_to_have_no_configuration_file(programs: Programs, line: str) -> None:
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["9"], [])


async def test_a_folder_in_its_place_is_said(programs: Programs) -> None:
    outcome = await programs.shell(f"mkdir -p {CONFIG}; $PANDO f.js --local 3")
    assert (outcome.status, outcome.lines) == (0, ["9"])
    assert outcome.complaint.endswith("config.json is a folder and no configuration file: nothing is read from it")


C_LOCALE = {"PYTHONUTF8": "0", "LC_ALL": "C"}


@pytest.mark.parametrize(
    "env",
    [C_LOCALE, *({"PYTHONIOENCODING": encoding} for encoding in ("latin-1", "ascii", "cp1252"))],
)
async def test_help_in_every_encoding(programs: Programs, env: dict[str, str]) -> None:
    outcome = await programs.pando("--help", env=env)
    dots = b"\x85" if "cp1252" in env.values() else b"..."
    assert (outcome.status, outcome.err) == (0, [])
    assert outcome.out.startswith(b"usage: pando MODULE [OPTIONS] ITEM" + dots + b"\n")


async def test_items_and_results_are_utf8_whatever_the_locale(programs: Programs) -> None:
    programs.file("é.js", ECHO)
    outcome = await programs.shell("$PANDO é.js --local --seed=é é", env=C_LOCALE)
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["<é>"], [])
    outcome = await programs.shell("$PANDO -e 'x => \"é\" + x.é.z' --local é", env=C_LOCALE)
    assert (outcome.status, outcome.out) == (1, b"")
    assert outcome.complaint.startswith("pando: the function failed on item 1 (\\xe9)")
