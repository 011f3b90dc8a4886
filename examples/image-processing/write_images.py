"""Writes the images that come, as `read_images.py` prints them, into a folder.

usage: python3 write_images.py FOLDER
"""

import base64
import sys
from pathlib import Path


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for line in sys.stdin:
        # Volunteers are believed, but not so far that they could name a file of another folder.
        try:
            name, data = line.split()
            path = folder / f"{Path(name).stem}.png"
            path.write_bytes(base64.b64decode(data))
        except ValueError:
            print(f"this is no image: {line[:60]!r}", file=sys.stderr)
            continue
        print(path, flush=True)


if __name__ == "__main__":
    main()
