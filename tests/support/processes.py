"""Real processes for tests: marked in their environment, so that whatever is left of them can be found and ended."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
PANDO = str(BIN / "pando")
SECRET = "a secret that is long enough"
SQUARE = "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x * x) }\n"
WITHIN = 60.0
"""Seconds that anything may take here; only a hang takes so long."""


@dataclass(frozen=True)
class Outcome:
    """What a process left: its exit status (negative: the signal that ended it), its output, its lines on stderr."""

    status: int
    out: bytes
    err: list[str]

    @property
    def lines(self) -> list[str]:
        """The lines on stdout."""
        return self.out.decode("utf-8", "surrogateescape").splitlines()

    @property
    def complaints(self) -> list[str]:
        """The lines on stderr that are not about where volunteers can come."""
        return [line for line in self.err if not line.startswith("Serving ")]

    @property
    def complaint(self) -> str:
        """The only such line."""
        assert len(self.complaints) == 1, self
        assert not any("Traceback" in line for line in self.err), self
        return self.complaints[0]


class Program:
    """A process that runs, and what it has printed so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.out = bytearray()
        self.err = bytearray()
        self._news = asyncio.Condition()
        self._readers = [
            asyncio.create_task(self._read(stream, into))
            for stream, into in ((process.stdout, self.out), (process.stderr, self.err))
            if stream is not None
        ]

    @property
    def pid(self) -> int:
        return self.process.pid

    async def _read(self, stream: asyncio.StreamReader, into: bytearray) -> None:
        while data := await stream.read(65536):
            async with self._news:
                into += data
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def until(self, condition: Callable[[], Any], within: float = WITHIN) -> Any:
        """Waits for something that what was printed decides, and returns it."""
        try:
            async with asyncio.timeout(within), self._news:
                while not (found := condition()):
                    assert not all(reader.done() for reader in self._readers), self
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self} did not get there") from None
        return found

    async def says(self, pattern: str, within: float = WITHIN) -> re.Match[str]:
        """Waits for stderr to hold something, and returns the match."""
        found: re.Match[str] = await self.until(lambda: re.search(pattern, self.err.decode("utf-8", "replace")), within)
        return found

    async def prints(self, lines: int, within: float = WITHIN) -> None:
        """Waits for so many lines on stdout."""
        await self.until(lambda: self.out.count(b"\n") >= lines, within)

    async def serves_at(self) -> int:
        """Waits for the client's own server, and returns its port."""
        return int((await self.says(r"Serving volunteer code at http://127\.0\.0\.1:(\d+)\n"))[1])

    def send(self, number: int) -> None:
        """Sends a signal."""
        self.process.send_signal(number)

    async def write(self, data: bytes) -> None:
        """Writes to its standard input, when there is room."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        await self.process.stdin.drain()

    async def end_input(self) -> None:
        """Closes its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.stdin.wait_closed()

    async def finish(self, within: float = WITHIN) -> Outcome:
        """Waits for its end."""
        try:
            async with asyncio.timeout(within):
                status = await self.process.wait()
                await asyncio.gather(*self._readers)
        except TimeoutError:
            raise AssertionError(f"{self} did not end") from None
        return Outcome(status, bytes(self.out), self.err.decode("utf-8", "replace").splitlines())

    def __repr__(self) -> str:
        return f"<Program {self.process}, out {bytes(self.out[-500:])!r}, err {bytes(self.err[-1500:])!r}>"


class Programs:
    """Starts processes in a folder of their own.

    Args:
        folder: their working directory and their home.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mark = uuid.uuid4().hex
        self._started: list[Program] = []
        # Deno's cache is under the home otherwise, and the bundler is in it.
        deno_dir = os.environ.get("DENO_DIR") or str(Path("~/.cache/deno").expanduser())
        kept = {name: value for name, value in os.environ.items() if not re.match(r"PANDO|DEBUG$|SECRET$|PORT$", name)}
        self.environment = kept | {"HOME": str(folder), "DENO_DIR": deno_dir, "PANDO_TEST_MARK": self._mark}

    def file(self, name: str, content: str | bytes) -> Path:
        """Writes a file into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    async def start(
        self, *command: str, env: Mapping[str, str] | None = None, stdin: Any = asyncio.subprocess.DEVNULL, **more: Any
    ) -> Program:
        """Starts any program; its stdout and stderr are kept unless `more` says otherwise."""
        streams = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE} | more
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self.folder, env=self.environment | dict(env or {}), stdin=stdin, **streams
        )
        program = Program(process)
        self._started.append(program)
        return program

    async def start_pando(self, *arguments: str, **more: Any) -> Program:
        """Starts a client."""
        return await self.start(PANDO, *arguments, **more)

    async def pando(self, *arguments: str, stdin: bytes | None = None, within: float = WITHIN, **more: Any) -> Outcome:
        """Runs a client to its end; `stdin` is all that it may read."""
        if stdin is not None:
            more["stdin"] = asyncio.subprocess.PIPE
        program = await self.start_pando(*arguments, **more)
        if stdin is not None:
            assert program.process.stdin is not None
            program.process.stdin.write(stdin)
            program.process.stdin.close()
        return await program.finish(within)

    async def shell(self, line: str, within: float = WITHIN, **more: Any) -> Outcome:
        """Runs a line of shell in which $PANDO is the client."""
        env = {"PANDO": PANDO} | dict(more.pop("env", {}))
        return await (await self.start("bash", "-c", line, env=env, **more)).finish(within)

    async def server(self, port: int = 0, secret: str = SECRET) -> tuple[Program, int]:
        """Starts a public server on loopback; returns it and its port."""
        command = [str(BIN / "pando-server"), "--host=127.0.0.1", f"--port={port}"]
        program = await self.start(*command, env={"PANDO_SECRET": secret})
        found = await program.until(lambda: re.search(rb"Listening at http://127\.0\.0\.1:(\d+)\n", program.out))
        return program, int(found[1])

    async def start_client(self, port: int, *arguments: str, secret: str = SECRET, **more: Any) -> Program:
        """Starts a client of the public server on loopback."""
        env = {"PANDO_SECRET": secret}
        return await self.start_pando(*arguments, f"--host=127.0.0.1:{port}", env=env, **more)

    async def volunteer(self, port: int, *arguments: str) -> Program:
        """Starts a headless volunteer of one core."""
        return await self.start(str(BIN / "pando-volunteer"), f"http://127.0.0.1:{port}", "--cores=1", *arguments)

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
            await program.finish()


@asynccontextmanager
async def programs_in(folder: Path) -> AsyncIterator[Programs]:
    """Programs for one test: at its end, nothing may be left but what the test did not end itself."""
    programs = Programs(folder)
    programs.file("f.js", SQUARE)
    try:
        yield programs
    finally:
        await programs.end()
