"""The programs of Pando as processes.

`Programs` starts them in a folder of their own and marks them in their environment, so that whatever is left of them
can be found and ended. `pando`, `pando_server` and `pando_volunteer` run one each, while a block runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from tests.support.machine import LIMIT, eventually, get_json
from tests.support.processes import Outcome, P, Program, environment, start
from tests.support.secrets import SECRET

BIN = Path(sys.executable).parent
"""Where pip puts `pando` and the other two."""
PANDO = str(BIN / "pando")
KEY_FILE = Path(tempfile.gettempdir()) / f"pando-tests-{os.getuid()}" / "key"
"""Of the clients of public servers that have the home of whoever runs the tests: it gets no key from them."""
SQUARE = "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x * x) }\n"

C = TypeVar("C", bound="Client")


class Client(Program):
    """A `pando` process."""

    url = ""
    """Where its volunteers go."""
    monitor = ""
    """Its monitoring page, for an embedded server."""

    async def serves_at(self) -> int:
        """Waits for the client's own server, and returns its port."""
        return int((await self.says(r"Serving volunteer code at http://127\.0\.0\.1:(\d+)\n"))[1])

    async def give(self, items: Iterable[object]) -> None:
        """Gives a client with `--stdin` some items."""
        await self.write("".join(f"{item}\n" for item in items).encode())

    async def give_all(self, data: bytes) -> None:
        """Writes all that it may read; it need not read it."""
        with contextlib.suppress(ConnectionError):
            await self.write(data)
            await self.end_input()

    async def feed(self, items: Iterable[object]) -> None:
        """Gives a client with `--stdin` all its items."""
        await self.give(items)
        await self.end_input()

    async def status(self) -> dict[str, Any]:
        """What its monitoring page shows."""
        return await get_json(f"{self.monitor}/status.json")


def _python_path(code: Path) -> str:
    return ":".join(str(code.absolute() / package) for package in ("client", "server", "shared"))


class Server(Program):
    """A `pando-server` process."""

    url = ""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    async def listens_at(self) -> str:
        """Waits until it listens, and returns its URL."""
        found = await self.until(lambda: re.search(rb"Listening at (http://\S+)\n", self.out), "where it listens")
        return str(found[1].decode())

    async def health(self) -> dict[str, Any]:
        """What it says of itself."""
        return await get_json(f"{self.url}/healthz")

    async def has(self, what: str, count: int) -> None:
        """Waits until it has so many `jobs` or `volunteers`."""

        async def look() -> bool:
            health = await self.health()
            return bool(health[what] == count)

        await eventually(look, f"{count} {what} at the server")


@asynccontextmanager
async def pando(
    module: Path,
    items: Iterable[object] | None,
    *options: str,
    server: Server | None = None,
    debug: bool = True,
    port: int = 0,
) -> AsyncIterator[Client]:
    """Runs a client, at `server` or with a server of its own; ready for volunteers when the block begins.

    Args:
        module: file of the function.
        items: the items; None for a client that waits for `feed`, so that volunteers can be there first.
        options: more options.
        server: the public server.
        debug: whether it tells of volunteers that join and leave.
        port: of its own server.
    """
    given = ["--stdin"] if items is None else ["--", *map(str, items)]
    async with serving(Client, module, *options, *given, server=server, debug=debug, port=port) as client:
        yield client


@asynccontextmanager
async def serving(
    kind: type[C],
    module: Path,
    *arguments: str,
    server: Server | None = None,
    debug: bool = True,
    port: int = 0,
    code: Path | None = None,
) -> AsyncIterator[C]:
    """Runs a client of a `kind` of its own with any arguments; otherwise as `pando`.

    Args:
        code: a checkout, its page built, whose client is run instead of the one that is installed.
    """
    env = {"DEBUG": "pando-computing"} if debug else {}
    if code is not None:
        env["PYTHONPATH"] = _python_path(code)
    command = [PANDO] if code is None else [sys.executable, "-m", "pando_client"]
    if server is not None:
        env["PANDO_SECRET"] = SECRET
    if server is not None and code is None:
        arguments = (f"--key-file={KEY_FILE}", *arguments)
    where = f"--port={port}" if server is None else f"--host={server.url}"
    program = await start(kind, *command, module, where, *arguments, env=environment(**env))
    try:
        program.url = (await program.says(r"volunteer code at (http://127\.0\.0\.1:\d+)"))[1]
        if server is None:
            program.monitor = (await program.says(r"monitoring page at (http://127\.0\.0\.1:\d+)"))[1]
        yield program
    finally:
        await program.close()


@asynccontextmanager
async def pando_server(port: int = 0) -> AsyncIterator[Server]:
    """Runs a public server on loopback; it answers when the block begins."""
    command = (BIN / "pando-server", "--host=127.0.0.1", f"--port={port}")
    program = await start(Server, *command, env=environment(PANDO_SECRET=SECRET))
    try:
        program.url = await program.listens_at()
        assert (await program.health())["status"] == "ok"
        yield program
    finally:
        await program.close()


@asynccontextmanager
async def pando_volunteer(url: str, *options: str) -> AsyncIterator[Program]:
    """Runs a volunteer without a browser."""
    program = await start(Program, BIN / "pando-volunteer", url, *options)
    try:
        yield program
    finally:
        await program.close()


class Programs:
    """Starts processes in a folder of their own.

    Args:
        folder: their working directory and their home.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mark = uuid.uuid4().hex
        self._started: list[Program] = []
        # Deno's cache is under the home otherwise, and in it is the bundler as a native program, which is faster.
        deno_dir = os.environ.get("DENO_DIR") or str(Path("~/.cache/deno").expanduser())
        self.environment = environment(HOME=str(folder), DENO_DIR=deno_dir, PANDO_TEST_MARK=self._mark)

    def file(self, name: str, content: str | bytes) -> Path:
        """Writes a file into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    async def start(self, *command: str, **more: Any) -> Client:
        """Starts any program; it may be a line of shell with a client in it. `more` is as for `launch`."""
        return await self.launch(Client, *command, **more)

    async def launch(
        self,
        kind: type[P],
        *command: str,
        env: Mapping[str, str] | None = None,
        stdin: Any = asyncio.subprocess.DEVNULL,
        **streams: Any,
    ) -> P:
        """Starts a program of some `kind`; its stdout and stderr are kept unless `streams` says otherwise."""
        known = self.environment | dict(env or {})
        program = await start(kind, *command, cwd=self.folder, env=known, stdin=stdin, **streams)
        self._started.append(program)
        return program

    async def start_pando(self, *arguments: str, **more: Any) -> Client:
        """Starts a client."""
        return await self.start(PANDO, *arguments, **more)

    async def pando(self, *arguments: str, stdin: bytes | None = None, within: float = LIMIT, **more: Any) -> Outcome:
        """Runs a client to its end; `stdin` is all that it may read."""
        if stdin is None:
            return await (await self.start_pando(*arguments, **more)).finish(within)
        program = await self.start_pando(*arguments, stdin=asyncio.subprocess.PIPE, **more)
        # Beside the wait for its end: it may end before it has read everything.
        writing = asyncio.create_task(program.give_all(stdin))
        outcome = await program.finish(within)
        await writing
        return outcome

    async def shell(self, line: str, within: float = LIMIT, **more: Any) -> Outcome:
        """Runs a line of shell in which $PANDO is the client."""
        env = {"PANDO": PANDO} | dict(more.pop("env", {}))
        return await (await self.start("bash", "-c", line, env=env, **more)).finish(within)

    async def server(self, port: int = 0, secret: str = SECRET) -> tuple[Server, int]:
        """Starts a public server on loopback; returns it and its port."""
        command = (str(BIN / "pando-server"), "--host=127.0.0.1", f"--port={port}")
        program = await self.launch(Server, *command, env={"PANDO_SECRET": secret})
        program.url = await program.listens_at()
        return program, program.port

    async def start_client(self, port: int, *arguments: str, secret: str = SECRET, **more: Any) -> Client:
        """Starts a client of the public server on loopback."""
        env = {"PANDO_SECRET": secret}
        return await self.start_pando(*arguments, f"--host=127.0.0.1:{port}", env=env, **more)

    async def volunteer(self, port: int, *arguments: str, **more: Any) -> Program:
        """Starts a headless volunteer of one core; `more` is as for `launch`."""
        command = (str(BIN / "pando-volunteer"), f"http://127.0.0.1:{port}", "--cores=1", *arguments)
        return await self.launch(Program, *command, **more)

    def left(self) -> dict[int, str]:
        """Returns the processes of this test that live, with their command lines."""
        living: dict[int, str] = {}
        for folder in Path("/proc").iterdir():
            try:
                if self._mark.encode() in (folder / "environ").read_bytes():
                    living[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError):
                continue  # no process, gone meanwhile, or not ours
        return living

    def volunteers_here(self) -> list[int]:
        """Returns the processes that run a volunteer for a client on this machine."""
        return [pid for pid, line in self.left().items() if "pipe.js" in line]

    async def nothing_is_left(self, within: float = 10.0) -> None:
        """Waits until no process of this test lives."""
        try:
            async with asyncio.timeout(within):
                while self.left():  # noqa: ASYNC110 - nobody tells us of the end of a grandchild
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"left behind: {self.left()}") from None

    async def end(self) -> None:
        """Ends all that is left, by process number."""
        for pid in self.left():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for program in self._started:
            await program.close()


@asynccontextmanager
async def programs_in(folder: Path) -> AsyncIterator[Programs]:
    """Programs for one test: at its end, nothing may be left but what the test did not end itself."""
    programs = Programs(folder)
    programs.file("f.js", SQUARE)
    try:
        yield programs
    finally:
        await programs.end()
