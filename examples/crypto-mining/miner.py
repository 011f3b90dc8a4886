"""Mines a chain of blocks: each holds the hash of the one before, so none can be begun before that is found.

usage: python3 miner.py BLOCKS BITS [OPTION OF PANDO …]
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pull_sync import run

NONCES = 500
"""In one item: some milliseconds of work."""


class Miner:
    """The block that is being mined, and the nonces that were given out for it."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.height = 1
        self.before = "0" * 64
        self.first = 0

    @property
    def block(self) -> str:
        """What is hashed, together with a nonce."""
        return f"block {self.height} after {self.before}"

    def items(self) -> Iterator[str]:
        """Ranges of nonces, without end: whoever takes them stops when a block is found."""
        while True:
            yield json.dumps({"block": self.block, "bits": self.bits, "first": self.first, "count": NONCES})
            self.first += NONCES

    def take(self, result: str) -> bool:
        """Takes a result; returns whether a block was found."""
        found = json.loads(result)
        # Ranges of a block that is found already are still computed, and may hold another nonce for it.
        if found["block"] != self.block or found["nonce"] is None:
            return False
        digest = hashlib.sha256(f"{self.block} {found['nonce']}".encode()).hexdigest()
        # Volunteers may be wrong, and a nonce is easy to check.
        assert int(digest, 16) >> (256 - self.bits) == 0, found
        print(f"block {self.height}: nonce {found['nonce']}, hash {digest}", flush=True)
        self.height, self.before, self.first = self.height + 1, digest, 0
        return True


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    blocks, miner = int(sys.argv[1]), Miner(int(sys.argv[2]))
    function = str(Path(__file__).with_name("mine.js"))
    with closing(run(["pando", function, "--sync-stdio", *sys.argv[3:]], miner.items())) as results:
        for result in results:
            if miner.take(result) and miner.height > blocks:
                break  # and what is computed of no use now is forgotten


if __name__ == "__main__":
    main()
