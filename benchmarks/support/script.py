"""The form that all benchmarks have: a coroutine that measures, and the one table that it prints."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

try:
    import uvloop  # not on every system
except ImportError:
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

HEADINGS = ("", "measured", "must", "aim", "")


@dataclass
class Table:
    """Figures with what they must be and what they aim at, and what else is worth knowing.

    Args:
        title: what is measured.
    """

    title: str
    _rows: list[tuple[str, ...]] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)

    def add(
        self, name: str, value: float, unit: str, must: float, aim: float, *, less: bool = False, digits: int = 0
    ) -> None:
        """Adds a figure. `less`: the less the better."""

        def reaches(bound: float) -> bool:
            return value <= bound if less else value >= bound

        def shown(number: float) -> str:
            return f"{number:,.{digits}f}"

        verdict = "reaches the aim" if reaches(aim) else "misses the aim" if reaches(must) else "MISSES THE MUST"
        self._rows.append((name, f"{shown(value)} {unit}", shown(must), shown(aim), verdict))

    def note(self, text: str) -> None:
        """Adds a line below the figures."""
        self._notes.append(text)

    def __str__(self) -> str:
        rows = [HEADINGS, *self._rows]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
        lines = []
        for name, *figures, verdict in rows:
            cells = [name.ljust(widths[0]), *(f.rjust(w) for f, w in zip(figures, widths[1:-1], strict=True)), verdict]
            lines.append("  " + "   ".join(cells).rstrip())
        return "\n".join([self.title, *lines, *(f"  {note}" for note in self._notes)])


@dataclass(frozen=True)
class Given:
    """What a benchmark may use.

    Attributes:
        quick: whether figures may be rougher.
        folder: removed at its end.
        code: a checkout whose client is measured, where the benchmark offers that; None: the one that is installed.
    """

    quick: bool
    folder: Path
    code: Path | None = None


def run(measure: Callable[[Given, Table], Coroutine[None, None, None]], title: str, any_code: bool = False) -> None:
    """Measures and prints. What misses its figure is said in the table; it is no failure of the script.

    Args:
        measure: fills the table.
        title: of the table.
        any_code: whether it can measure the client of another checkout.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--quick", action="store_true", help="a smaller run: figures are rougher")
    if any_code:
        parser.add_argument("--code", type=Path, help="a checkout, its page built, whose client is measured instead")
    given = parser.parse_args()
    table = Table(title + (" (quick)" if given.quick else ""))
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(measure(Given(given.quick, Path(folder), getattr(given, "code", None)), table))
    print(table)
