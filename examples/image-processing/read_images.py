"""Prints the images of a folder, a line each: the file's name, and its bytes as base64.

usage: python3 read_images.py FOLDER
"""

import base64
import sys
from pathlib import Path


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for path in sorted(Path(sys.argv[1]).glob("*.png")):
        # A name with a space would be two words.
        print(path.name.replace(" ", "_"), base64.b64encode(path.read_bytes()).decode())


if __name__ == "__main__":
    main()
