"""Paints images, so that the example needs none: circles of random colors, in PNG files.

usage: python3 paint.py FOLDER [IMAGES]
"""

import random
import struct
import sys
import zlib
from pathlib import Path

WIDTH, HEIGHT = 128, 96


def picture(seed: int) -> list[bytes]:
    """Rows of pixels, three bytes each; the same seed gives the same picture."""
    rng = random.Random(seed)
    # Each: its place, its radius squared, its color.
    circles = [
        (rng.randrange(WIDTH), rng.randrange(HEIGHT), rng.randrange(8, 40) ** 2, rng.randbytes(3)) for _ in range(8)
    ]
    rows = [bytearray(bytes((y, y, 2 * y)) * WIDTH) for y in range(HEIGHT)]
    for y, row in enumerate(rows):
        for left, top, radius2, color in circles:
            for x in range(WIDTH):
                if (x - left) ** 2 + (y - top) ** 2 < radius2:
                    row[3 * x : 3 * x + 3] = color
    return [bytes(row) for row in rows]


def png(rows: list[bytes]) -> bytes:
    """A PNG file: a signature, and chunks of length, kind, data and checksum."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    width, height = len(rows[0]) // 3, len(rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits each of red, green and blue
    # A zero before each row says that its bytes are as they are (PNG knows filters that make them smaller).
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, images = Path(sys.argv[1]), int([*sys.argv[2:], "12"][0])
    folder.mkdir(exist_ok=True)
    for number in range(images):
        (folder / f"{number:03}.png").write_bytes(png(picture(number)))


if __name__ == "__main__":
    main()
