"""The image-processing example, against edges that are found in Python."""

from __future__ import annotations

import importlib.util
import zlib
from pathlib import Path
from types import ModuleType

from tests.support.pipelines import EXAMPLES, example


def load_painter() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "paint_of_image_processing", EXAMPLES / "image-processing" / "paint.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


paint = load_painter()


def paeth(a: int, b: int, c: int) -> int:
    """The predictor of PNG: that of left, above and above left which is nearest to `a + b - c`."""
    return min((a, b, c), key=lambda value: abs(a + b - c - value))


def decode(file: bytes) -> tuple[int, int, int, list[bytes]]:
    """Width, height, bytes of a pixel and rows of a PNG file of 8 bits, not interlaced."""
    assert file[:8] == b"\x89PNG\r\n\x1a\n"
    at, header, data = 8, b"", b""
    while at < len(file):
        size, kind = int.from_bytes(file[at : at + 4], "big"), file[at + 4 : at + 8]
        part = file[at + 8 : at + 8 + size]
        assert zlib.crc32(kind + part) == int.from_bytes(file[at + 8 + size : at + 12 + size], "big")
        header += part if kind == b"IHDR" else b""
        data += part if kind == b"IDAT" else b""
        at += size + 12
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    assert (header[8], header[10:]) == (8, b"\0\0\0")
    step = {0: 1, 2: 3, 6: 4}[header[9]]
    raw, size = zlib.decompress(data), width * step
    assert len(raw) == height * (size + 1)
    rows: list[bytes] = []
    above = bytes(size)
    for y in range(height):
        method, row = raw[y * (size + 1)], bytearray(raw[y * (size + 1) + 1 :][:size])
        for x in range(size):
            a = row[x - step] if x >= step else 0
            b, c = above[x], above[x - step] if x >= step else 0
            row[x] = (row[x] + (0, a, b, (a + b) // 2, paeth(a, b, c))[method]) % 256
        above = bytes(row)
        rows.append(above)
    return width, height, step, rows


def edges(rows: list[bytes]) -> list[bytes]:
    """Gray values of the edges, from rows of three bytes a pixel."""
    gray = [[(299 * r + 587 * g + 114 * b) // 1000 for r, g, b in zip(*[iter(row)] * 3, strict=True)] for row in rows]
    # A border of one pixel more on every side.
    wide = [[row[0], *row, row[-1]] for row in gray]
    wide = [wide[0], *wide, wide[-1]]
    found: list[bytes] = []
    for a, b, c in zip(wide, wide[1:], wide[2:], strict=False):
        line = bytearray()
        for x in range(len(a) - 2):
            across = a[x + 2] + 2 * b[x + 2] + c[x + 2] - a[x] - 2 * b[x] - c[x]
            down = c[x] + 2 * c[x + 1] + c[x + 2] - a[x] - 2 * a[x + 1] - a[x + 2]
            line.append(min(255, abs(across) + abs(down)))
        found.append(bytes(line))
    return found


async def test_its_command_lines_find_the_edges(tmp_path: Path) -> None:
    async with example("image-processing", tmp_path) as images:
        await images.install()
        [first] = images.commands("paint.py")
        [line] = images.commands("pando ")
        await images.run(first)
        outcome = await images.run(line)
        names = [f"{number:03}.png" for number in range(12)]
        assert outcome.lines == [f"edges/{name}" for name in names]
        for number, name in enumerate(names):
            painted = paint.picture(number)
            assert decode((images.folder / "images" / name).read_bytes()) == (128, 96, 3, painted)
            width, height, step, rows = decode((images.folder / "edges" / name).read_bytes())
            assert (width, height, step) == (128, 96, 4)
            expected = [b"".join(bytes((v, v, v, 255)) for v in row) for row in edges(painted)]
            assert rows == expected
            assert any(255 in row for row in edges(painted))


async def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    async with example("image-processing", tmp_path) as images:
        await images.install()
        (images.folder / "bad").mkdir()
        (images.folder / "bad" / "a b.png").write_text("not an image at all")
        line = "python3 read_images.py bad | pando edges.js --stdin | python3 write_images.py edges"
        outcome = await (await images.start(line)).finish()
        assert list((images.folder / "edges").iterdir()) == []
    assert (outcome.status, outcome.lines) == (1, [])
    assert "a_b.png is no image: " in outcome.complaint
