"""The raytracer example: its GIF, decoded again, against the frames that the function makes without volunteers."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pipelines import EXAMPLES, example


def load_encoder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gif_of_the_raytracer", EXAMPLES / "raytracer" / "gif.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gif = load_encoder()


def decompress(data: bytes) -> bytes:
    """LZW of pixels of 8 bits, by the book: GIF89a, appendix F."""
    out = bytearray()
    table: list[bytes] = []
    width, at, before = 9, 0, b""
    bits = int.from_bytes(data, "little")
    while True:
        code = bits >> at & (1 << width) - 1
        assert at + width <= 8 * len(data), "no end code"
        at += width
        if code == 256:
            table = [bytes((n,)) for n in range(256)] + [b"", b""]
            width, before = 9, b""
            continue
        if code == 257:
            assert at + 8 > 8 * len(data), "more behind the end"
            return bytes(out)
        assert code < len(table) or (code == len(table) and before), f"code {code} of {len(table)}"
        string = table[code] if code < len(table) else before + before[:1]
        if before and len(table) < 4096:
            table.append(before + string[:1])
        width = min(12, len(table).bit_length())
        out += string
        before = string


class Reader:
    """The parts of a GIF file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        assert len(part) == size
        self.at += size
        return part

    def blocks(self) -> bytes:
        whole = b""
        while size := self.take(1)[0]:
            whole += self.take(size)
        return whole


def decode(data: bytes) -> tuple[int, int, bytes, list[bytes]]:
    """Width, height, palette and frames of a GIF of whole frames that goes on for ever, 8 hundredths each."""
    reader = Reader(data)
    assert reader.take(6) == b"GIF89a"
    width, height = (int.from_bytes(reader.take(2), "little") for _ in range(2))
    flags, _, _ = reader.take(3)
    assert flags & 0x87 == 0x87, "a global palette of 256"
    palette = reader.take(3 * 256)
    assert reader.take(3) == b"!\xff\x0b"
    assert (reader.take(11), reader.blocks()) == (b"NETSCAPE2.0", b"\x01\0\0")
    frames: list[bytes] = []
    while (kind := reader.take(1)) != b";":
        assert kind + reader.take(1) == b"!\xf9"
        assert reader.blocks() == b"\x04\x08\0\0"
        assert reader.take(10) == b",\0\0\0\0" + data[6:10] + b"\0"
        assert reader.take(1) == b"\x08"
        frames.append(decompress(reader.blocks()))
    assert reader.at == len(data)
    return width, height, palette, frames


def colored(palette: bytes, numbers: bytes) -> bytes:
    return b"".join(palette[3 * n : 3 * n + 3] for n in numbers)


async def test_its_command_line_makes_the_animation(tmp_path: Path) -> None:
    async with example("raytracer", tmp_path) as raytracer:
        [line] = raytracer.commands("pando ")
        outcome = await raytracer.run(line)
        assert outcome.lines == ["animation.gif: 24 frames"]
        width, height, palette, frames = decode((raytracer.folder / "animation.gif").read_bytes())
        assert (width, height, len(frames)) == (160, 120, 24)
        # The same function, without volunteers, for some of the angles.
        local = await raytracer.run(
            "python3 frames.py 24 | sed -n '1p;7p;20p' | pando raytrace.js --local --stdin --binary-output"
        )
    image = 160 * 120 * 3
    head = b"P6\n160 120\n255\n"
    assert len(local.out) == 3 * (len(head) + image)
    for place, frame in enumerate((0, 6, 19)):
        start = place * (len(head) + image)
        assert local.out[start:].startswith(head)
        pixels = local.out[start + len(head) :][:image]
        assert frames[frame] == gif.numbered(pixels, 160)
        # Not farther from what was traced than one step of the palette.
        shown = colored(palette, frames[frame])
        assert max(abs(a - b) for a, b in zip(shown, pixels, strict=True)) <= 51
    assert len(set(frames)) == 24, "the camera moves"


async def test_what_is_no_frame_is_said(tmp_path: Path) -> None:
    async with example("raytracer", tmp_path) as raytracer:
        outcome = await (await raytracer.start("pando raytrace.js --local 160x120")).finish()
    assert outcome.status == 1
    assert "not a frame: 160x120" in outcome.complaint


@given(st.binary(min_size=1, max_size=400) | st.lists(st.sampled_from(b"ab"), min_size=1, max_size=2000).map(bytes))
def test_what_is_compressed_is_decompressed(numbers: bytes) -> None:
    assert decompress(gif.compress(numbers)) == numbers


@pytest.mark.parametrize("size", [253, 254, 255, 256, 765, 766, 767, 3835, 3836, 3837, 3838, 3839, 3840, 3841, 20_000])
def test_where_codes_get_wider_and_where_the_table_is_full(size: int) -> None:
    """Of random pixels almost every pair is new, so a code is made for each."""
    numbers = random.Random(size).randbytes(size)
    assert decompress(gif.compress(numbers)) == numbers
    ramp = bytes(n * n // 7 % 256 for n in range(size))
    assert decompress(gif.compress(ramp)) == ramp
