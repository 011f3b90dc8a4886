"""Waiting for a change of the files that a function is made of (`--watch`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

SUFFIXES = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".json", ".wasm")
"""Of files that may be what a function lacks that could not be bundled."""
LOOK_EVERY = 0.2
"""Seconds. A few files are looked at: that costs less than to be told of them without missing what comes early."""


class Watch:
    """What the files were like when a run began.

    Args:
        module: the function's file.
    """

    def __init__(self, module: Path) -> None:
        self._module = module.resolve()
        self._began = time.time_ns()
        # Before it is known what the module is made of: any script beside it. Not any file: the results of the run
        # itself may be written there.
        try:
            scripts = [file for file in self._module.parent.iterdir() if file.suffix in SUFFIXES]
        except OSError:
            scripts = []
        self._before = _states([self._module, *scripts])

    def on(self, names: Iterable[str]) -> None:
        """From now on only what a bundle was made of counts: files of these names beside the module."""
        files = [self._module, *((self._module.parent / name).resolve() for name in names)]
        # What was changed while it was bundled has changed as well.
        self._before = {
            file: state if state and state[0] <= self._began else None for file, state in _states(files).items()
        }

    async def changed(self) -> None:
        """Returns as soon as one of the files is not what it was."""
        while _states(self._before) == self._before:  # noqa: ASYNC110 - see LOOK_EVERY
            await asyncio.sleep(LOOK_EVERY)


def _states(files: Iterable[Path]) -> dict[Path, tuple[int, int] | None]:
    """Returns when each file was changed, in nanoseconds, and its size; None for one that is not there."""
    states: dict[Path, tuple[int, int] | None] = {}
    for file in files:
        try:
            found = file.stat()
        except OSError:
            states[file] = None
        else:
            states[file] = (found.st_mtime_ns, found.st_size)
    return states
