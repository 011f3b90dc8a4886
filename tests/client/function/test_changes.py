"""What counts as a change of the files that a function is made of."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from pando_client.function.changes import LOOK_EVERY_SECONDS, Watch


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module and what it is made of, from long ago."""
    (tmp_path / "lib").mkdir()
    for name in ("f.js", "lib/a.js", "b.js"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (1e9, 1e9))
    return tmp_path / "f.js"


async def has_changed(watch: Watch) -> bool:
    try:
        await asyncio.wait_for(watch.changed(), 2 * LOOK_EVERY_SECONDS)
    except TimeoutError:
        return False
    return True


FILES = ("f.js", "lib/a.js")


@pytest.mark.parametrize(
    ("name", "bundled", "counts"),
    [
        ("lib/a.js", True, True),
        ("f.js", True, True),
        ("b.js", True, False),
        ("b.js", False, True),
        ("f.js", False, True),
        ("results.txt", False, False),
    ],
)
async def test_what_counts_as_a_change(module: Path, name: str, bundled: bool, counts: bool) -> None:
    watch = Watch(module)
    if bundled:
        watch.on(FILES)
    assert not await has_changed(watch)
    (module.parent / name).write_text("changed")
    assert await has_changed(watch) == counts


async def test_a_change_while_it_is_bundled_counts(module: Path) -> None:
    watch = Watch(module)
    (module.parent / "lib/a.js").write_text("changed")
    watch.on(FILES)
    assert await has_changed(watch)


async def test_a_file_that_goes_is_a_change(module: Path) -> None:
    watch = Watch(module)
    watch.on(FILES)
    (module.parent / "lib/a.js").unlink()
    assert await has_changed(watch)


async def test_a_time_that_is_still_to_come_is_no_change(module: Path) -> None:
    later = time.time() + 3600
    os.utime(module.parent / "lib/a.js", (later, later))
    watch = Watch(module)
    watch.on(FILES)
    assert not await has_changed(watch)
    (module.parent / "lib/a.js").write_text("changed")
    assert await has_changed(watch)


async def test_what_an_unusable_function_lacks_may_come(module: Path) -> None:
    watch = Watch(module)
    watch.on(["lib/a.js"], complete=False)
    assert not await has_changed(watch)
    (module.parent / "NEW.ES6").write_text("")
    assert await has_changed(watch)
    watch = Watch(module)
    watch.on(["lib/a.js"], complete=False)
    (module.parent / "lib/a.js").write_text("mended")
    assert await has_changed(watch)


async def test_a_folder_that_is_not_there_has_no_scripts(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "nowhere/f.js")
    assert watch.files == (tmp_path / "nowhere/f.js",)
    (tmp_path / "nowhere").mkdir()
    (tmp_path / "nowhere/g.js").write_text("")
    assert await has_changed(watch)
