"""Pando as it is installed: from its wheel, into an environment of its own, and then used without any network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import Programs

ROOT = Path(__file__).parents[2]
BUILT = shutil.ignore_patterns("assets", "static", "__pycache__")
SOURCES = ("client", "server", "shared", "volunteer-web", "pyproject.toml", "README.md", "LICENSE")

LOOPBACK = """
import fcntl, socket, struct
with socket.socket() as some:
    flags = fcntl.ioctl(some, 0x8913, struct.pack("16sH14x", b"lo", 0))  # SIOCGIFFLAGS
    fcntl.ioctl(some, 0x8914, flags[:16] + struct.pack("H14x", flags[16] | 1))  # SIOCSIFFLAGS, up
"""
"""A network of its own has a loopback interface, which is down."""

ALONE = """
"$PYTHON" -c "$LOOPBACK"
pando broken.js --local 1; echo "status $?"
pando far.mjs --local 1; echo "status $?"
pando f.mts --local a b
pando-volunteer http://127.0.0.1:5000 --cores=1 & volunteer=$!
pando f.mts c d
kill $volunteer
"""

FUNCTION = """#!/usr/bin/env -S node
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'zlib'
import pack from 'pack'
import { word } from './words.json'
import { add } from './add.wasm'

export default async (x: string): Promise<string> => {
  const whole: Buffer = gunzipSync(gzipSync(Buffer.from(x)))
  return [whole, word, pack, add(40, 2), createHash('md5').update(x).digest('hex').slice(0, 6)].join()
}
"""
ADD = bytes.fromhex("0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment, into which the wheel was installed with what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    # A copy: what is built here must not come under tests that run meanwhile.
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("assets", "static", "__pycache__")
            )
        else:
            shutil.copy(ROOT / name, folder / name)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    wheel = (sys.executable, "-m", "hatchling", "build", "--target=wheel", f"--directory={folder}")
    subprocess.run(wheel, check=True, cwd=folder, env=os.environ | {"PATH": path}, stdout=subprocess.DEVNULL)
    [built] = folder.glob("*.whl")
    fresh = folder / "fresh"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", fresh), check=True)
    install = (*pip, f"--python={fresh / 'bin/python'}", "install", "--no-compile", str(built))
    subprocess.run(install, check=True)
    return fresh / "bin"


async def test_what_is_installed_needs_no_network(installed: Path, programs: Programs) -> None:
    """Neither a cache nor a native bundler is there either: only what came with the wheel and with its dependencies."""
    programs.file("f.mts", FUNCTION)
    programs.file("words.json", json.dumps({"word": "beside"}))
    programs.file("add.wasm", ADD)
    programs.file("node_modules/pack/package.json", '{"main": "lib/main.js"}')
    programs.file("node_modules/pack/lib/main.js", "#!/usr/bin/env node\nmodule.exports = process.browser")
    programs.file("broken.js", "var a = = 1\n")
    programs.file("far.mjs", "import far from 'npm:left-pad@1.3.0'\nexport default () => far\n")
    home = programs.folder / "home"
    home.mkdir()
    env = {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "DENO_DIR": str(home / "deno"),
        "PATH": f"{installed}:/usr/bin:/bin",
        "PYTHON": sys.executable,
        "LOOPBACK": LOOPBACK,
    }
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    program = await programs.start("unshare", "--net", *user, "bash", "-c", ALONE, env=env)
    outcome = await program.finish(60)
    digests = {"a": "0cc175", "b": "92eb5f", "c": "4a8a08", "d": "8277e0"}
    assert outcome.lines == [
        "status 1",
        "status 1",
        *(f"{item},beside,true,42,{digest}" for item, digest in digests.items()),
    ]
    said = [line for line in outcome.complaints if line.startswith("pando: ")]
    assert said == [
        f'pando: {programs.folder}/broken.js:1:9: This is not JavaScript: "=" is not expected here: var a = = 1',
        f'pando: {programs.folder}/far.mjs:1:17: The package "left-pad@1.3.0" cannot be installed: the npm registry'
        " cannot be reached; without a network, install it beside the module beforehand:"
        " import far from 'npm:left-pad@1.3.0'",
    ]
