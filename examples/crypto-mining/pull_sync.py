"""The other end of `pando --sync-stdio`: a program that gives items and gets results over a pipe, each when asked for.

Each message is a line: its first character says what it is.

    0 JSON   a value                       3   I want no more
    1 JSON   the end: true, or an error    4   I have something to ask for
    2        give me a value               5   greeting: `5 pull-sync: missing sync`

Both ends send the greeting first. Each is a source of values and asks the other for values; one never gets a value that
one has not asked for, so neither end can flood the other.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress

GREETING = "5 pull-sync: missing sync"


def run(command: list[str], items: Iterator[str]) -> Iterator[str]:
    """Starts `command`, gives it items, and yields its results.

    Each item is drawn when Pando asks for one, and not before: so it can depend on the results so far. Whoever closes
    this iterator ends the run, whatever is still being computed.
    """
    pando = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert pando.stdin
    assert pando.stdout

    def send(*lines: str) -> None:
        # If Pando has ended, its output says so and its exit status why.
        with suppress(BrokenPipeError):
            pando.stdin.write("".join(f"{line}\n" for line in lines))
            pando.stdin.flush()

    try:
        send(GREETING, "4", "2")
        for line in pando.stdout:
            kind, rest = line[0], line[1:]
            if kind == "2":
                item = next(items, None)
                send("1true" if item is None else f"0{json.dumps(item)}")
            elif kind == "0":
                yield json.loads(rest)
                send("2")
            elif kind == "1":
                break  # the last result was the one before; or it failed, and has said why on standard error
    finally:
        # The answer to "no more" is that there are no more: until then it may still be writing.
        send("3")
        for _ in pando.stdout:
            pass
        with suppress(BrokenPipeError):
            pando.stdin.close()
        pando.wait()
    if pando.returncode != 0:
        raise SystemExit(pando.returncode)
