"""Prints the frames of one turn of the camera: for each its size and angle.

usage: python3 frames.py FRAMES [WIDTHxHEIGHT]
"""

import math
import sys


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    frames, size = int(sys.argv[1]), [*sys.argv[2:], "160x120"][0]
    for frame in range(frames):
        print(size, 2 * math.pi * frame / frames)


if __name__ == "__main__":
    main()
