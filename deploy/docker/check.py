"""Runs the steps of the Dockerfile in a Debian root made with debootstrap, and then the examples in it.

    sudo python3 deploy/docker/check.py [FOLDER]

For machines without Docker: what is checked is that each step does what it says on a bare Debian, not that an image
comes out of it. It needs root (for chroot) and debootstrap. The root, of about 700 MB, is made in FOLDER, or in a
temporary folder that is removed at the end; in a FOLDER that holds one already, the steps are run again.

Of Dockerfiles it understands what ours uses: FROM (of Debian), RUN, COPY, ENV, WORKDIR, USER, EXPOSE and CMD.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
NOT_RUN = ("prepare", "arxiv")  # a step of the Dockerfile, and what needs a person at a page
# What lets this machine's root reach package registries, and the new one as well.
NETWORK_FILES = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/ssl/certs/ca-certificates.crt",
    str(Path("~/.npmrc").expanduser()),
)
NETWORK_VARIABLES = ("PIP_", "NPM_CONFIG_", "DENO_TLS", "NODE_EXTRA_CA", "SSL_CERT", "http_proxy", "https_proxy")


class Root:
    """A Debian root, and what the Dockerfile has set so far.

    Args:
        folder: where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = "root"
        self.workdir = "/"
        self.command = ""
        self.environment = {name: value for name, value in os.environ.items() if name.startswith(NETWORK_VARIABLES)}
        self.environment |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}

    def make(self, suite: str) -> None:
        """Installs Debian's smallest set of packages."""
        if not (self.folder / "etc/debian_version").exists():
            subprocess.run(["debootstrap", "--variant=minbase", suite, self.folder], check=True, stdout=sys.stderr)

    def reach_network(self) -> None:
        """Lets it reach what this machine reaches; a step may have put its own certificates in place of these."""
        for name in map(Path, NETWORK_FILES):
            there = self.folder / name.relative_to("/")
            if name.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                there.unlink(missing_ok=True)
                shutil.copy(name, there)

    def mount(self) -> None:
        """Gives it the kernel's file systems, as a container has them, in this process's mount namespace only."""
        for name in ("proc", "dev", "sys"):
            subprocess.run(["mount", "--rbind", f"/{name}", self.folder / name], check=True)

    def run(self, command: str) -> str:
        """Runs a shell command in it, and returns what it prints.

        Raises:
            subprocess.CalledProcessError: it fails; what it said is on standard error.
        """
        self.reach_network()
        home = "/root" if self.user == "root" else f"/home/{self.user}"
        prefix = ["chroot", f"--userspec={self.user}", str(self.folder), "/usr/bin/env", "-i"]
        variables = [f"{name}={value}" for name, value in ({"HOME": home} | self.environment).items()]
        line = f"cd {self.workdir} && {command}"
        return subprocess.run(
            [*prefix, *variables, "/bin/sh", "-c", line], check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def copy(self, source: str, target: str) -> None:
        """Copies files of the project that git knows, or would add."""
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", source]
        names = subprocess.run(listed, check=True, stdout=subprocess.PIPE, cwd=PROJECT, text=True).stdout
        for name in filter(None, names.split("\0")):
            if not (PROJECT / name).exists():
                continue
            place = self.folder / self.workdir.lstrip("/") / target / Path(name).relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, place)

    def step(self, instruction: str, rest: str) -> None:
        """Carries out one instruction of a Dockerfile."""
        match instruction:
            case "FROM":
                image, _, suite = rest.partition(":")
                assert image == "debian", f"no way to make {rest}"
                self.make(suite.removesuffix("-slim"))
            case "RUN":
                self.run(rest)
            case "COPY":
                source, target = rest.split()
                self.copy(source, target)
            case "ENV":
                name, _, value = rest.partition("=")
                self.environment[name] = value
            case "WORKDIR":
                self.workdir = rest
                (self.folder / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "USER":
                self.user = rest
            case "CMD":
                self.command = " ".join(part.strip('" ') for part in rest.strip("[]").split(","))
            case "EXPOSE":
                pass
            case _:
                raise AssertionError(f"unknown instruction {instruction}")


def steps(dockerfile: str) -> Iterator[tuple[str, str]]:
    """Returns the instructions of a Dockerfile and what follows them."""
    for line in dockerfile.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            instruction, _, rest = line.partition(" ")
            yield instruction, rest.strip()


def check(folder: Path) -> None:
    """Carries out the Dockerfile, and then runs its command and each example."""
    root = Root(folder)
    for instruction, rest in steps((HERE / "Dockerfile").read_text()):
        print(f"== {instruction} {rest}", flush=True)
        since = time.monotonic()
        root.step(instruction, rest)
        print(f"   {time.monotonic() - since:.1f} s", flush=True)
        if instruction == "FROM":
            root.mount()
    assert "usage: pando" in root.run(root.command), root.command
    serving = root.run("SECRET=just-for-this-check PORT=8080 timeout --preserve-status 5 pando-server 2>&1")
    assert ":8080" in serving, serving
    for example in sorted(path.name for path in (HERE / "examples").iterdir() if path.name not in NOT_RUN):
        print(f"== ./{example}", flush=True)
        since = time.monotonic()
        # The volunteer in the root has no page.
        lines = root.run(f"./{example} --start-idle=false --context=worker --port=0").splitlines()
        assert lines, f"./{example} printed nothing"
        print("\n".join(f"   {line}" for line in lines[-3:]))
        print(f"   {len(lines)} lines, {time.monotonic() - since:.1f} s", flush=True)
    print("every step and every example has run")


def main() -> None:
    """Checks in a mount namespace of its own, so that nothing of this machine is mounted where files are removed."""
    if os.geteuid() != 0:
        sys.exit("check.py needs root: it changes into another root directory")
    if len(sys.argv) > 2:
        check(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path(temporary)
        folder.mkdir(exist_ok=True)
        inside = ["unshare", "--mount", "--propagation=private", sys.executable, __file__, "--inside", str(folder)]
        sys.exit(subprocess.run(inside, check=False).returncode)


if __name__ == "__main__":
    main()
