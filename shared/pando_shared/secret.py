"""The secret that a public server shares with its clients: how long it is, and how a file holds it."""

from __future__ import annotations

from pathlib import Path

from pando_shared.errors import UsageError
from pando_shared.text import printable

MIN_SECRET_CHARACTERS = 16
"""Characters: a secret of this length, drawn at random, is not guessed at the rate at which logins may fail."""
MAX_FILE_CHARACTERS = 4096
"""Characters of a secret file: a longer one was named by mistake."""


def read_file(path: Path) -> str:
    """Returns the secret in the file at `path`: its first line, without the white space around it.

    Server and client read a file in this one way, so that the same file is the same secret. The secret may be empty or
    shorter than `MIN_SECRET_CHARACTERS`; the caller says what that means.

    Raises:
        UsageError: the file cannot be read, is too long, or has text after its first line.
    """
    name = printable(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MAX_FILE_CHARACTERS + 1)
    except UnicodeDecodeError:
        raise UsageError(f"the secret file {name} cannot be read: it is not text") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise UsageError(f"the secret file {name} cannot be read: {printable(reason)}") from None
    if len(text) > MAX_FILE_CHARACTERS:
        raise UsageError(f"the secret file {name} is longer than {MAX_FILE_CHARACTERS} characters")
    secret, _, rest = text.partition("\n")
    if rest.strip():
        raise UsageError(f"the secret file {name} has text after its first line: the secret must be its only line")
    return secret.strip()
