"""Waiting for a change of the files that a function is made of (`--watch`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

SUFFIXES = (
    *(".js", ".cjs", ".mjs", ".jsx", ".es", ".es6", ".jsm"),
    *(".ts", ".cts", ".mts", ".tsx", ".json", ".wasm"),
)
"""Of scripts, in small letters: when a function could not be bundled, a new one beside it may be what it lacks."""
LOOK_EVERY_SECONDS = 0.2
"""Time between two looks. The files are few: looking costs less than notifications, which miss early changes."""


class Watch:
    """What the files were like when a run began.

    Args:
        module: the function's file.
        files: what it was made of in the run before.
    """

    def __init__(self, module: Path, files: Iterable[Path] = ()) -> None:
        self._module = module.resolve()
        self._began = time.time_ns()
        # Before it is known what the module is made of: any script beside it. Not any file: the results of the run
        # itself may be written there.
        self._beside: frozenset[Path] | None = self._scripts()
        self._before = _states([self._module, *self._beside, *files])

    @property
    def files(self) -> tuple[Path, ...]:
        """What is looked at."""
        return tuple(self._before)

    def on(self, names: Iterable[str], *, complete: bool = True) -> None:
        """The function is made of files of these names beside the module.

        Args:
            names: relative to the module's folder.
            complete: whether nothing else counts; otherwise it could not be bundled, and a script that comes may be
                what it lacks.
        """
        files = [self._module, *((self._module.parent / name).resolve() for name in names)]
        if complete:
            self._beside = None
        else:
            files += self._before
        now = time.time_ns()
        before = self._before
        self._before = {}
        for file, state in _states(files).items():
            # What was changed while it was bundled has changed; one whose time is still to come (of an archive, or of
            # another machine's clock) tells nothing.
            since = state is not None and self._began < state[0] <= now
            self._before[file] = before.get(file, None if since else state)

    async def changed(self) -> None:
        """Returns as soon as one of the files is not what it was."""
        while _states(self._before) == self._before and self._beside in (None, self._scripts()):  # noqa: ASYNC110 - see LOOK_EVERY_SECONDS
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _scripts(self) -> frozenset[Path]:
        try:
            return frozenset(file for file in self._module.parent.iterdir() if file.suffix.lower() in SUFFIXES)
        except OSError:
            return frozenset()


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
