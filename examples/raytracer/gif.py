"""Reads PPM images, one behind the other, and writes them as an animated GIF file.

usage: python3 gif.py FILE [HUNDREDTHS_OF_A_SECOND]

A GIF has a palette of at most 256 colors and compresses the pixels' numbers in it by LZW (GIF89a, appendix F): the
decoder builds the same table of strings as the encoder, always one step behind, so the table is never sent.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LEVELS = (6, 7, 6)
"""Levels of red, green and blue: 252 colors. The eye tells most of green."""
THRESHOLDS = (0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5)
"""Of 16, for each place in a square of 4 by 4: neighbours are as different as can be."""
BITS = 8
"""Of a pixel: the palette has 256 places."""
MOST_CODES = 4096
"""Codes of LZW have at most 12 bits."""


def images(stream: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Yields width, height and pixels of each PPM image, in the one form that the function writes."""
    while (magic := stream.readline()) != b"":
        width, height = map(int, stream.readline().split())
        if magic != b"P6\n" or stream.readline() != b"255\n":
            raise ValueError("not the PPM images that were expected")
        pixels = stream.read(3 * width * height)
        if len(pixels) != 3 * width * height:
            raise ValueError("the last image is not complete")
        yield width, height, pixels


def palette() -> bytes:
    """Colors by number: every combination of levels, and black for the four places that are left."""
    red, green, blue = LEVELS
    colors = [
        bytes((255 * r // (red - 1), 255 * g // (green - 1), 255 * b // (blue - 1)))
        for r in range(red)
        for g in range(green)
        for b in range(blue)
    ]
    return b"".join(colors).ljust(3 * 256, b"\0")


def numbered(pixels: bytes, width: int) -> bytes:
    """The number in the palette for each pixel.

    A color between two levels becomes a pattern of both: each pixel has a threshold by its place, and is rounded up if
    its color is above it. Otherwise one would see the steps of the palette in every shade.
    """
    red, green, blue = (
        [[(v * (n - 1) * 16 + 255 * t) // (255 * 16) for v in range(256)] for t in THRESHOLDS] for n in LEVELS
    )
    _, greens, blues = LEVELS
    numbers = bytearray()
    for at, (r, g, b) in enumerate(zip(pixels[0::3], pixels[1::3], pixels[2::3], strict=True)):
        x, y = at % width, at // width
        t = x % 4 + y % 4 * 4
        numbers.append((red[t][r] * greens + green[t][g]) * blues + blue[t][b])
    return bytes(numbers)


def compress(numbers: bytes) -> bytes:
    """LZW as GIF has it: codes of growing width, the lowest bit first."""
    clear, end = 1 << BITS, (1 << BITS) + 1
    out = bytearray()
    pending = pending_bits = 0

    def put(code: int, width: int) -> None:
        nonlocal pending, pending_bits
        pending |= code << pending_bits
        pending_bits += width
        while pending_bits >= 8:
            out.append(pending & 255)
            pending >>= 8
            pending_bits -= 8

    table: dict[tuple[int, int], int] = {}  # a string is the code of all but its last pixel, and that pixel
    width, free = BITS + 1, end + 1
    put(clear, width)
    string = numbers[0]
    for pixel in numbers[1:]:
        longer = table.get((string, pixel))
        if longer is not None:
            string = longer
            continue
        put(string, width)
        if free < MOST_CODES:
            # The decoder will know this code one step later, hence: wider from the code after this one on.
            width += free == 1 << width
            table[string, pixel] = free
            free += 1
        else:
            put(clear, width)
            table.clear()
            width, free = BITS + 1, end + 1
        string = pixel
    put(string, width)
    # The decoder has added a string for that code too, and may have gone on to a wider one.
    put(end, width + (free == 1 << width and free < MOST_CODES))
    put(0, 7)  # what is left of the last byte
    return bytes(out)


def blocks(data: bytes) -> bytes:
    """Cuts data into GIF's blocks: at most 255 bytes, each behind its length, and an empty one at the end."""
    parts = (data[at : at + 255] for at in range(0, len(data), 255))
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


def number(value: int) -> bytes:
    """Two bytes, the lower one first."""
    return value.to_bytes(2, "little")


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    path, delay = Path(sys.argv[1]), int([*sys.argv[2:], "8"][0])
    frames = 0
    with path.open("wb") as file:
        for width, height, pixels in images(sys.stdin.buffer):
            if frames == 0:
                file.write(b"GIF89a" + number(width) + number(height) + b"\xf7\0\0" + palette())
                file.write(b"!\xff\x0bNETSCAPE2.0" + blocks(b"\x01" + number(0)))  # again and again
            file.write(b"!\xf9\x04\x04" + number(delay) + b"\0\0")
            file.write(b"," + number(0) * 2 + number(width) + number(height) + b"\0")
            file.write(bytes((BITS,)) + blocks(compress(numbered(pixels, width))))
            # Each frame is written when it comes, so that one can watch the file grow.
            file.flush()
            frames += 1
        file.write(b";")
    print(f"{path}: {frames} frames")


if __name__ == "__main__":
    main()
