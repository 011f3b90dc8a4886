"""The user's key, as the programs meet it."""

from __future__ import annotations

import re
import stat

from tests.support.programs import SQUARE, Programs
from tests.support.secrets import SECRET

ADDRESS = re.compile(r"Serving this job alone at (http://\S+/j/[0-9a-f]{8})#client=([\w-]{43});")


async def test_each_run_of_a_user_has_the_same_key_and_its_own_address(programs: Programs) -> None:
    programs.file("f.js", SQUARE)
    _, port = await programs.server()
    found = []
    for _ in range(2):
        client = await programs.start_client(port, "f.js", "7", "--start-idle=false")
        address = ADDRESS.search((await client.says(r"Serving this job alone at .*;\n"))[0])
        assert address is not None
        found.append(address.groups())
        assert (await client.finish()).lines == ["49"]
    (first, key), (second, again) = found
    assert key == again
    assert first != second
    file = programs.folder / ".pando" / "key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_another_file_holds_another_key(programs: Programs) -> None:
    programs.file("f.js", SQUARE)
    _, port = await programs.server()
    client = await programs.start_client(port, "f.js", "7", "--start-idle=false", "--key-file=mine")
    await client.says(r"Serving this job alone at .*;\n")
    assert (await client.finish()).lines == ["49"]
    assert "PRIVATE KEY" in (programs.folder / "mine").read_text()
    assert not (programs.folder / ".pando").exists()


async def test_a_key_that_cannot_be_used_is_an_error_before_anybody_is_asked(programs: Programs) -> None:
    programs.file("f.js", SQUARE)
    programs.file("broken", "not a key\n").chmod(0o600)
    programs.file("open", "not a key\n").chmod(0o644)
    (programs.folder / "folder").mkdir()
    for name, said in {
        "broken": "the key file broken holds no private key: name another file with --key-file, or move this one away"
        " and a new key is drawn",
        "open": "the key file open can be read or changed by others: chmod 600 makes it yours alone",
        "folder": "the key file folder cannot be read: ",
        "/proc/key": "the key file /proc/key cannot be written: ",
    }.items():
        # Nobody listens there: the key is looked at first.
        outcome = await programs.pando(
            "f.js", "7", "--host=127.0.0.1:9", f"--key-file={name}", "--secret=0123456789abcdef"
        )
        assert (outcome.status, outcome.out) == (2, b"")
        assert outcome.err[-1].startswith(f"pando: {said}"), outcome.err


async def test_a_home_that_keeps_nothing_gives_a_key_for_this_run(programs: Programs) -> None:
    programs.file("f.js", SQUARE)
    _, port = await programs.server()
    home = {"PANDO_SECRET": SECRET, "HOME": "/proc"}
    client = await programs.start_pando("f.js", "7", f"--host=127.0.0.1:{port}", "--start-idle=false", env=home)
    await client.says("the address of this job alone is good for this run only")
    assert (await client.finish()).lines == ["49"]
