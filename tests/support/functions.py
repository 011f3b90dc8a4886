"""Functions to compute, in modules as users write them."""

from collections.abc import Sequence
from pathlib import Path


def module(folder: Path, body: str, name: str = "function.js") -> Path:
    """Writes a module whose function has the parameters `x` and `cb` and this body."""
    path = folder / name
    path.write_text(f"module.exports['/pando/1.0.0'] = function (x, cb) {{ {body} }}\n")
    return path


def squares(folder: Path, ms: int = 20) -> Path:
    """Writes a function that takes `ms` milliseconds to square a number."""
    return module(folder, f"setTimeout(() => cb(null, String(x * x)), {ms})")


def squared(items: Sequence[int]) -> list[str]:
    """What `squares` makes of them."""
    return [str(item * item) for item in items]
