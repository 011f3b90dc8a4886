"""How long a user waits for `pando --help`, for a function to be bundled, and for `pando fn.js` to serve volunteers.

    python -m benchmarks.startup [--quick]

Medians of several runs, after one that does not count: files are cached. Bundling is measured with a native esbuild, if
Deno's cache has one, and with the WebAssembly that comes with Pando.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.support.script import Given, Table, run
from pando_client.function.bundle import bundle
from pando_client.function.module import module_of
from tests.support import functions, programs
from tests.support.processes import Program, start

SQUARE = Path(__file__).parents[1] / "examples" / "square" / "square.js"


async def ends(*command: str | Path) -> float:
    """Returns the seconds until a program has ended."""
    since = time.perf_counter()
    program = await start(Program, *command)
    try:
        assert await program.ends() == 0, program
        return time.perf_counter() - since
    finally:
        await program.close()


async def serves(function: Path) -> float:
    """Returns the seconds until the client says where volunteers may go."""
    since = time.perf_counter()
    async with programs.pando(function, None, debug=False):
        return time.perf_counter() - since


async def bundled(function: Path) -> float:
    """Returns the seconds that it takes to bundle a module and to check what it exports."""
    since = time.perf_counter()
    await bundle(module_of(str(function)))
    return time.perf_counter() - since


@contextmanager
def without_native(cache: Path) -> Iterator[None]:
    """A machine on which there is no esbuild but Pando's own.

    Args:
        cache: for Deno, which keeps there what it has compiled.
    """
    before = {name: os.environ.get(name) for name in ("DENO_DIR", "PATH")}
    os.environ |= {"DENO_DIR": str(cache), "PATH": "/usr/bin:/bin"}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    function = functions.module(given.folder, "cb(null, x)")
    ciphers = given.folder / "ciphers.js"
    ciphers.write_text(
        "const { createHash } = require('crypto')\nmodule.exports = (x) => createHash('md5').update(x)\n"
    )
    runs = 5 if given.quick else 15

    async def several(once: Callable[[], Awaitable[float]]) -> tuple[float, str]:
        seconds = [await once() for _ in range(1 + runs)][1:]
        return statistics.median(seconds), f"{min(seconds):.3f} s to {max(seconds):.3f} s"

    helping, all_helping = await several(lambda: ends(programs.PANDO, "--help"))
    bundling, all_bundling = await several(lambda: bundled(SQUARE))
    ciphering, _ = await several(lambda: bundled(ciphers))
    with without_native(given.folder / "deno"):
        alone, all_alone = await several(lambda: bundled(SQUARE))
        alone_ciphering, _ = await several(lambda: bundled(ciphers))
    serving, all_serving = await several(lambda: serves(function))
    nothing, _ = await several(lambda: ends(sys.executable, "-c", ""))
    table.add("pando --help", helping, "s", 0.3, 0.15, less=True, digits=3)
    table.add("bundling the square example", bundling, "s", 0.5, 0.3, less=True, digits=3)
    table.add("bundling a function that requires crypto", ciphering, "s", 2.0, 1.0, less=True, digits=3)
    table.add("bundling the square example in WebAssembly", alone, "s", 1.0, 0.5, less=True, digits=3)
    table.add("bundling a function that requires crypto, so", alone_ciphering, "s", 4.0, 2.0, less=True, digits=3)
    table.add("pando fn.js, until it serves", serving, "s", 1.5, 0.8, less=True, digits=3)
    table.note(f"{runs} runs each: {all_helping}; {all_bundling}; {all_alone}; {all_serving}")
    table.note(f"an interpreter that does nothing: {nothing:.3f} s")


if __name__ == "__main__":
    run(measure, "Startup, medians")
