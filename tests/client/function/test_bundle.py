"""The user's module: bundled and checked, or one clear error."""

# ruff: noqa: ASYNC240 - nobody else waits for this event loop

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from pando_client import console
from pando_client.function import bundle as bundle_module
from pando_client.function.bundle import Bundle, PageGuess
from pando_client.function.module import module_of
from pando_shared.errors import FunctionError, ToolError
from pando_shared.wire.messages import Context

SHAPE = "function (x, cb) { cb(null, x) }"
GOOD = f"module.exports['/pando/1.0.0'] = {SHAPE}\n"


async def bundle(module: Path, context: Context | None = None) -> Bundle:
    return await bundle_module.bundle(module_of(str(module)), context)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return tmp_path / "f.js"


async def refused(module: Path, content: str | None, context: Context | None = None) -> str:
    if content is not None:
        module.write_text(content, encoding="utf-8")
    with pytest.raises(FunctionError) as caught:
        await bundle(module, context)
    text = str(caught.value)
    assert "\n" not in text
    return text


async def test_a_bundle_is_the_packed_script_of_all_that_is_required(module: Path) -> None:
    for name, content in {
        "lib/one.js": "module.exports = 'from beside'",
        "node_modules/two/package.json": '{"name": "two", "version": "1.0.0", "main": "main.js"}',
        "node_modules/two/main.js": "exports.two = 'from a package'",
    }.items():
        file = module.parent / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    module.write_text(f"var one = require('./lib/one')\nvar two = require('two').two\n{GOOD}")
    packed = (await bundle(module)).script
    code = gzip.decompress(packed).decode()
    assert "from beside" in code
    assert "from a package" in code
    assert str(module.parent) not in code, "the volunteers need not know where it lies"


async def test_the_same_module_gives_the_same_bundle(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module.write_text(GOOD)
    first = await bundle(module)
    monkeypatch.chdir(module.parent)
    assert await bundle(Path("f.js")) == first


async def test_a_module_that_is_not_there(module: Path) -> None:
    assert await refused(module, None) == f"the module {module} does not exist"
    assert await refused(module.parent, None) == f"the module {module.parent} is a folder"
    assert (await refused(module / "x" / "y.js", None)).endswith("does not exist")
    assert (await refused(Path("x" * 300), None)).endswith("cannot be read: File name too long")


async def test_a_name_with_control_characters_is_shown_escaped(tmp_path: Path) -> None:
    assert "\\x1b" in await refused(tmp_path / "a\x1b[2J.js", None)


async def test_a_syntax_error_has_its_place(module: Path) -> None:
    assert (await refused(module, "var a = 1\n\nvar b = 2 +* 3\n" + GOOD)).startswith(f"{module}:3:12: ")


@pytest.mark.parametrize(
    "content", ["", "exports.x = 1\n", f"module.exports['/pando/1'] = {SHAPE}", "module.exports = null"]
)
async def test_a_module_without_the_property(module: Path, content: str) -> None:
    assert await refused(module, content) == f"{module}: Incompatible module, missing '/pando/1.0.0' property"


@pytest.mark.parametrize("value", ["3", "function (x) {}", "function (x, cb, more) {}", "'f'", "{}", "(...all) => 1"])
async def test_a_property_of_the_wrong_shape(module: Path, value: str) -> None:
    said = await refused(module, f"module.exports['/pando/1.0.0'] = {value}\n")
    wrong = "Incompatible module, '/pando/1.0.0' property is not a function or does not expect two arguments"
    assert said == f"{module}: {wrong}"


async def test_a_package_that_is_not_installed_is_named_with_its_line(module: Path) -> None:
    said = await refused(module, "\nvar x = require('no-such-package')\n" + GOOD)
    assert said.startswith(f'{module}:2:17: There is no package "no-such-package" beside the module')
    assert said.endswith("var x = require('no-such-package')")


async def test_an_error_in_a_file_that_is_required(module: Path) -> None:
    (module.parent / "other.js").write_text("var (\n")
    assert (await refused(module, "require('./other')\n" + GOOD)).startswith(f"{module.parent / 'other.js'}:1:")


async def test_a_module_that_throws_while_it_loads(module: Path) -> None:
    said = await refused(module, "throw new TypeError('not\\n\\u001b[31m today')\n" + GOOD)
    assert said.startswith(f"{module}:1:7: Loading the module failed: TypeError: not\\n\\x1b[31m today")
    assert "\x1b" not in said


async def test_a_module_that_hangs_while_it_loads_is_given_up(module: Path) -> None:
    assert "Loading the module took longer than" in await refused(module, "for (;;) {}\n" + GOOD)


NEEDS_PAGE = f"var c = document.createElement('canvas')\n{GOOD}"
ASKS_FOR_PAGE = "module.exports.pando = { context: 'page' }\n"


async def test_a_module_that_needs_a_page_and_is_denied_it_is_told_of_the_option(module: Path) -> None:
    text = await refused(module, NEEDS_PAGE, "worker")
    assert ":1:9: Loading the module failed: ReferenceError: document is not defined" in text
    assert "--context=page" in text


async def test_a_module_that_needs_a_page_passes_where_it_gets_one(module: Path) -> None:
    module.write_text(NEEDS_PAGE)
    assert (await bundle(module, "page")).context == "page"


async def test_a_module_that_uses_what_only_a_page_has_gets_a_page(module: Path) -> None:
    looks = "module.exports['/pando/1.0.0'] = function (x, cb) { cb(typeof document === 'undefined', x) }\n"
    module.write_text(looks)
    made = await bundle(module)
    assert (made.context, made.page_guess) == ("page", PageGuess(f"{module}:1:63", "document"))
    module.write_text(NEEDS_PAGE)
    assert (await bundle(module)).page_guess == PageGuess(f"{module}:1:9", None)
    # Who has been asked, or has asked, is not second-guessed.
    module.write_text(looks)
    made = await bundle(module, "worker")
    assert (made.context, made.page_guess) == ("worker", None)
    module.write_text(looks + ASKS_FOR_PAGE)
    made = await bundle(module)
    assert (made.context, made.page_guess) == ("page", None)
    module.write_text(looks + ASKS_FOR_PAGE.replace("page", "worker"))
    assert (await bundle(module)).context == "worker"


async def test_a_package_that_cannot_be_loaded_without_a_page_gets_one(module: Path) -> None:
    package = module.parent / "node_modules" / "shows"
    package.mkdir(parents=True)
    (package / "index.js").write_text("module.exports = document.body")
    module.write_text(f"require('shows')\n{GOOD}")
    made = await bundle(module)
    assert made.context == "page"
    assert made.page_guess is not None
    assert made.page_guess.what is None


async def test_a_module_asks_for_its_context_and_the_command_line_wins(module: Path) -> None:
    module.write_text(GOOD)
    assert (await bundle(module)).context == "worker"
    # Also one of which nothing more is known, because loading it fails here.
    today = "export const pando = { context: 'page' }\nexport default (x) => x"
    for text in (GOOD + ASKS_FOR_PAGE, ASKS_FOR_PAGE + NEEDS_PAGE, today):
        module.write_text(text)
        assert (await bundle(module)).context == "page"
    module.write_text(GOOD + ASKS_FOR_PAGE)
    assert (await bundle(module, "worker")).context == "worker"
    module.write_text(GOOD + "module.exports.pando = { context: 'moon' }")
    assert (await bundle(module)).context == "worker"


async def test_a_bundle_that_is_too_large(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "MAX_PACKED_BUNDLE_BYTES", 10)
    assert "too large" in await refused(module, GOOD)


async def test_a_bundle_that_volunteers_would_not_unpack(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module.write_text(GOOD)
    size = len(gzip.decompress((await bundle(module)).script))
    monkeypatch.setattr(bundle_module, "MAX_UNPACKED_BUNDLE_BYTES", size)
    await bundle(module)
    monkeypatch.setattr(bundle_module, "MAX_UNPACKED_BUNDLE_BYTES", size - 1)
    assert await refused(module, None) == (
        f"the bundle of {module} is too large: {size} bytes; a volunteer takes {size - 1} at most"
    )


@pytest.mark.parametrize(
    ("script", "why", "details"),
    [
        ("exit 3", "it ended with exit status 3; ", []),
        (
            "echo nonsense; echo 'error: out of paper' >&2; echo more >&2; exit 1",
            "it ended with exit status 1; ",
            ["error: out of paper", "more"],
        ),
        ('echo \'{"ok": false, "error": {"kind": "internal", "text": "oh", "original": "panic"}}\'', "", ["panic"]),
        ("echo '{}'", "it ended with exit status 0; ", []),
    ],
)
async def test_a_bundler_that_fails(
    module: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str, details: list[str]
) -> None:
    """What Deno and esbuild say is for those who ask for details."""
    said: list[str] = []
    monkeypatch.setattr(console, "debug", said.append)
    module.write_text(GOOD)
    monkeypatch.setattr(bundle_module, "command", lambda *_: ["sh", "-c", script])
    with pytest.raises(ToolError) as caught:
        await bundle(module)
    assert str(caught.value) == f"the bundler failed: {why}DEBUG=pando-computing shows what it said"
    assert said == details


async def test_a_bundler_that_hangs_is_ended(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module.write_text(GOOD)
    number = module.parent / "pid"
    monkeypatch.setattr(bundle_module, "command", lambda *_: ["sh", "-c", f"echo $$ > {number}; exec sleep 1000"])
    monkeypatch.setattr(bundle_module, "BUNDLE_SECONDS", 0.5)
    with pytest.raises(ToolError, match=r"did not finish within 0 s"):
        await bundle(module)
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)
