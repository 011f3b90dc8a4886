"""What the tests of chaos share: which seeds they run with, and what must be so after each run."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Sequence

from tests.support.programs import Client

LOG = logging.getLogger("chaos")


def seeds(variable: str, default: int) -> range:
    """Returns the seeds to run with; the environment's `variable` says how many."""
    return range(int(os.environ.get(variable, default)))


class Story:
    """What was done in a run: for the log, and for the text of a failure.

    Args:
        seed: from which all of it was drawn.
    """

    def __init__(self, seed: int) -> None:
        self.blows: Counter[str] = Counter()
        """How many of each kind have fallen."""
        self._seed = seed
        self._began = time.monotonic()
        self._lines: list[str] = []

    def tell(self, kind: str, what: str) -> None:
        """Adds a blow."""
        self.blows[kind] += 1
        self._lines.append(f"{time.monotonic() - self._began:6.2f} s: {kind}, {what}")

    def __repr__(self) -> str:
        return "\n  ".join([f"<seed {self._seed}, {self.blows.total()} blows:", *self._lines]) + ">"

    def assert_exact(self, client: Client, status: int, expected: Sequence[str]) -> None:
        """The client has ended well: its output is what it should be, and what it said is fit for a terminal."""
        assert client.said(" failed") == 0, (self, client)
        assert status == 0, (self, client)
        assert len(client.lines) == len(expected), (self, client)
        wrong = [
            (i, got, right) for i, (got, right) in enumerate(zip(client.lines, expected, strict=True)) if got != right
        ]
        assert not wrong, (wrong[:5], self, client)
        assert not [line for line in client.err_lines if not line.isprintable() or "Traceback" in line], (self, client)
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.blows.items()))
        LOG.info(
            "seed %d: %d items in %.0f s, exact; %d blows (%s); volunteers joined %d times, were set aside %d times",
            self._seed,
            len(expected),
            time.monotonic() - self._began,
            self.blows.total(),
            kinds,
            client.said(" joined with "),
            client.said(" is set aside "),
        )
