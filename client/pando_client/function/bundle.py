"""The user's module, bundled to one script and checked, before any volunteer is asked for."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pando_client import console
from pando_client.function.deno import command
from pando_client.function.deno_failures import why
from pando_client.function.deno_process import start
from pando_client.function.module import Module
from pando_shared.errors import FunctionError, ToolError
from pando_shared.limits import MAX_PACKED_BUNDLE_BYTES, MAX_UNPACKED_BUNDLE_BYTES
from pando_shared.text import printable
from pando_shared.wire.messages import Context

BUNDLE_SECONDS = 60.0
"""Time that the bundler may take; the first run may fetch packages."""
BUNDLER_FAILED = "the bundler failed: DEBUG=pando-computing shows what it said"
COMPILED_QUICKLY = "--v8-flags=--liftoff-only"
"""The bundler is a large program that runs once: to compile it well takes longer than it then runs."""


class BundleProblem(BaseModel):
    """Why there is no bundle, and where."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: str
    text: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    source: str | None = None
    original: str | None = None
    """What a library said for which there are no words."""


class PageUse(BaseModel):
    """What in the user's own files only a page has, and where they use it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    what: str
    file: str
    line: int
    column: int


class BundleOutcome(BaseModel):
    """What `bundler.js` prints."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ok: bool
    code: str = ""
    map: str = ""
    files: tuple[str, ...] = ()
    warnings: tuple[BundleProblem, ...] = ()
    context: Context | None = None
    page_use: PageUse | None = None
    not_in_worker: BundleProblem | None = None
    error: BundleProblem | None = None


@dataclass(frozen=True)
class PageGuess:
    """Why a function gets a page that nobody has asked for.

    Attributes:
        place: in the user's files, printable.
        what: the name of what is used there that only a page has; None if the module cannot be loaded without a page.
    """

    place: str
    what: str | None


@dataclass(frozen=True)
class Bundle:
    """The function as it travels, and where its parts came from."""

    script: bytes
    """gzip."""
    source_map: str
    """JSON; stays here."""
    files: tuple[str, ...] = ()
    """What it is made of, by names beside the module."""
    context: Context = "worker"
    """Where the function runs."""
    page_guess: PageGuess | None = None
    """Why in a page, if neither the command line nor the module says where."""


async def bundle(module: Module, context: Context | None = None) -> Bundle:
    """Bundles the module and what it requires, and says on standard error what may be wrong with it.

    Args:
        module: that exports the function.
        context: where the function is to run; None for where its module asks to be run, or seems to belong.

    Raises:
        FunctionError: the module is missing, does not parse, lacks a package, or has no function of the right shape.
        ToolError: the bundler itself failed.
    """
    arguments = _arguments(module)
    permissions = ["--allow-read", "--allow-env", "--allow-run", "--allow-sys", "--allow-write"]
    process = await start(
        command("bundler.js", [COMPILED_QUICKLY, *permissions], arguments),
        stdin=asyncio.subprocess.DEVNULL if module.text is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(BUNDLE_SECONDS):
            output, errors = await process.communicate(None if module.text is None else module.text.encode())
    except TimeoutError:
        raise ToolError(f"the bundler did not finish within {BUNDLE_SECONDS:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        outcome = BundleOutcome.model_validate_json(output)
    except ValidationError:
        text = errors.decode("utf-8", "replace")
        for line in text.splitlines():
            console.debug(line)
        raise ToolError(f"the bundler failed: {why(text, process.returncode)}") from None
    if outcome.error is not None:
        if outcome.error.original:
            console.debug(outcome.error.original)
        if outcome.error.kind == "internal":
            raise ToolError(BUNDLER_FAILED)
        unusable = FunctionError(_located(outcome.error, module))
        unusable.files = outcome.files
        raise unusable
    for warning in outcome.warnings:
        console.error(_located(warning, module))
    chosen = context or outcome.context
    if chosen == "worker" and outcome.not_in_worker is not None:
        raise FunctionError(_located(outcome.not_in_worker, module))
    guess = _page_guess(outcome, module) if chosen is None else None
    in_context = chosen or ("worker" if guess is None else "page")
    return Bundle(_packed(outcome.code.encode(), module), outcome.map, outcome.files, in_context, guess)


def _page_guess(outcome: BundleOutcome, module: Module) -> PageGuess | None:
    """Returns why the function belongs in a page, if it does."""
    if (problem := outcome.not_in_worker) is not None:
        return PageGuess(_place(problem.file or module.name, problem.line, problem.column), None)
    if (use := outcome.page_use) is not None:
        return PageGuess(_place(use.file, use.line, use.column), use.what)
    return None


def _arguments(module: Module) -> list[str]:
    """Returns what the bundler is given, besides a text on its standard input.

    Raises:
        FunctionError: the module's file is missing.
    """
    if module.text is None:
        return [str(_readable(module.path))]
    return [str(module.folder.resolve()), "expression" if module.is_expression else "module", module.name]


def _packed(script: bytes, module: Module) -> bytes:
    """Returns the script as it travels.

    Raises:
        FunctionError: every volunteer would refuse it.
    """
    too_large = f"the bundle of {printable(module.name)} is too large"
    if len(script) > MAX_UNPACKED_BUNDLE_BYTES:
        raise FunctionError(f"{too_large}: {len(script)} bytes; a volunteer takes {MAX_UNPACKED_BUNDLE_BYTES} at most")
    packed = gzip.compress(script, compresslevel=6, mtime=0)
    if len(packed) > MAX_PACKED_BUNDLE_BYTES:
        raise FunctionError(f"{too_large}: {len(packed)} bytes, compressed")
    return packed


def _readable(module: Path) -> Path:
    """Returns the whole path of the module.

    Raises:
        FunctionError: there is no such file, or we may not read it.
    """
    try:
        if not module.is_file():
            problem = "is a folder" if module.is_dir() else "is not a file" if module.exists() else "does not exist"
            raise FunctionError(f"the module {printable(module)} {problem}")
        with module.open("rb"):
            return module.resolve()
    except OSError as error:  # a name that is too long, a folder that we may not enter
        raise FunctionError(f"the module {printable(module)} cannot be read: {error.strerror}") from None
    except ValueError:  # a null character, or what the encoding of names does not have
        raise FunctionError(f"the module {printable(module)} cannot be read: no file can have this name") from None


def _place(file: str, line: int | None, column: int | None) -> str:
    """`FILE:LINE:COLUMN`, as far as they are known, printable."""
    return printable(":".join(str(part) for part in (file, line, column) if part is not None))


def _located(problem: BundleProblem, module: Module) -> str:
    """The place, what is wrong there, and the line itself."""
    place = _place(problem.file or module.name, problem.line, problem.column)
    text = f"{place}: {printable(problem.text.rstrip('.'), 500)}"
    return text + (f": {printable(problem.source.strip(), 120)}" if problem.source else "")
