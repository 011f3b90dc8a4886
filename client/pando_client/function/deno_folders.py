"""Where Deno may write: its cache, and that of packages. On most machines it knows by itself.

On others there is no home, or nothing can be written in it: then a folder of this user for temporary files takes its
place, and if there is none either, Deno does without. A cache that holds something is used also if it is read-only.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

NOWHERE = f"{os.devnull}/deno"
"""Where no cache can be: Deno is content with that, but not with having no idea where its cache might be."""
BLOCK = bytes(4096)
"""What has to fit: on a full disk a file can be made, but not filled."""


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns the environment for a process of Deno.

    Args:
        given: that of this process, if not `os.environ`.
    """
    env = dict(os.environ if given is None else given)
    if not _is_home(env.get("HOME", "/")):
        del env["HOME"]  # Deno looks for files there, and does not bear every way in which they are not there
    packages = _user_cache(env)
    spare = None if _is_usable(packages, "pando/npm") else temporary_folder()
    if spare is not None or packages is None:
        env["XDG_CACHE_HOME"] = str(spare or os.devnull)
    own = Path(given_folder) if (given_folder := env.get("DENO_DIR")) else packages and packages / "deno"
    if own is not None and _is_usable(own):
        env["DENO_DIR"] = str(own)
    else:
        other = spare or temporary_folder()
        env["DENO_DIR"] = NOWHERE if other is None else str(other / "deno")
    return env


def temporary_folder() -> Path | None:
    """Returns a folder that only this user can read and write, the same one each time; None if there can be none."""
    try:
        parent = Path(tempfile.gettempdir())
        if parent.samefile(".") and str(parent) not in map(os.environ.get, ("TMPDIR", "TEMP", "TMP")):
            return None  # Python takes the working folder in the end, but that is the user's
        folder = parent / f"pando-{os.geteuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        # Somebody else may have made it, to be read from.
        is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
        return folder if is_ours and can_write(folder) else None
    except OSError:
        return None


def can_write(folder: Path) -> bool:
    """Whether a file can be written in the folder, or, where it is missing, in the one that it would be made in."""
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(BLOCK)
            file.flush()
    except (OSError, ValueError):
        return False
    return True


def _is_home(home: str) -> bool:
    try:
        os.stat(os.path.join(home, ".npmrc"))  # noqa: PTH116, PTH118 - a variable may hold what no path may
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _user_cache(env: Mapping[str, str]) -> Path | None:
    """Returns the folder in which this user's programs keep what they can make again; None if nobody knows it."""
    if (given := env.get("XDG_CACHE_HOME", "")).startswith("/"):
        return Path(given)
    home = env.get("HOME")
    if home is None:
        home = os.path.expanduser("~")  # noqa: PTH111 - as it is where it is not known whose home is meant
    if not home.startswith("/"):
        return None
    return Path(home) / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _is_usable(folder: Path | None, part: str = "") -> bool:
    """Whether something is in that part of the folder, or can be written there."""
    if folder is None:
        return False
    try:
        return any(True for _ in (folder / part).iterdir()) or can_write(folder)
    except (OSError, ValueError):
        return can_write(folder)
