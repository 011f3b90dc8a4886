"""The crypto-mining example, against a chain mined in Python."""

import hashlib
from itertools import count
from pathlib import Path

from tests.support.pipelines import example


def chain(blocks: int, bits: int) -> list[str]:
    """What the miner prints."""
    lines: list[str] = []
    before = "0" * 64
    for height in range(1, blocks + 1):
        for nonce in count():
            digest = hashlib.sha256(f"block {height} after {before} {nonce}".encode())
            if int.from_bytes(digest.digest(), "big") < 1 << (256 - bits):
                break
        before = digest.hexdigest()
        lines.append(f"block {height}: nonce {nonce}, hash {before}")
    return lines


async def test_its_command_line_mines_the_chain(tmp_path: Path) -> None:
    async with example("crypto-mining", tmp_path) as mining:
        [line] = mining.commands("miner.py")
        outcome = await mining.run(line)
    assert outcome.lines == chain(5, 12)


async def test_it_hears_of_a_run_that_cannot_begin(tmp_path: Path) -> None:
    async with example("crypto-mining", tmp_path) as mining:
        (mining.folder / "mine.js").write_text("oh no")
        outcome = await (await mining.start("python3 miner.py 1 1")).finish()
    assert outcome.status == 1
    assert "mine.js:1:" in outcome.complaint
