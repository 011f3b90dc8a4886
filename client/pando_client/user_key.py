"""The key of the user: proves to volunteers whose job it is, and is the same in all of a user's runs.

It is an Ed25519 key pair (RFC 8032). The private half stays in a file that only the user can read, in the form that
OpenSSL reads as well (PKCS #8, PEM: RFC 5958, RFC 7468). The public half is part of the address that volunteers get.
"""

from __future__ import annotations

import base64
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from pando_shared.errors import UsageError
from pando_shared.machine import in_words
from pando_shared.text import printable
from pando_shared.wire.job_proof import signed_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class KeyNotKept(UsageError):
    """A key that was drawn cannot be kept in its file."""


MAX_BYTES = 10_000
"""Bytes of a key file; a longer one was named by mistake."""
OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class UserKey:
    """A key pair. Nothing here shows its private half.

    Args:
        private: the private half.
    """

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = _base64url(private.public_key().public_bytes_raw())
        """The public half: 32 bytes as 43 characters of base64url (RFC 4648, section 5), without padding."""

    def __repr__(self) -> str:
        return f"<UserKey {self.public}>"

    def sign(self, job: str, binding: str) -> str:
        """Returns the signature over a job and the channel that `binding` tells: 64 bytes as base64url."""
        return _base64url(self._private.sign(signed_text(job, binding)))


def draw_key() -> UserKey:
    """Returns a new key, which is kept nowhere."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # takes a while to load

    return UserKey(Ed25519PrivateKey.generate())


def usual_key() -> tuple[UserKey, str]:
    """Returns the key in the usual file, drawn if there is none, and what is to be said of it: nothing, if it is kept.

    Raises:
        UsageError: the file is there and cannot be used.
    """
    file = usual_file()
    try:
        return read_or_draw(file), ""
    except KeyNotKept as error:
        return draw_key(), f"{error}; the address of this job alone is good for this run only"


def usual_file() -> Path:
    """Where the key is unless `--key-file` says otherwise."""
    # Not `Path.expanduser`, which raises where it is not known whose home is meant.
    return Path(os.path.expanduser("~/.pando/key"))  # noqa: PTH111


def read_or_draw(file: Path) -> UserKey:
    """Returns the key in `file`. If there is no such file, draws a key and keeps it there.

    Raises:
        UsageError: the file cannot be read, holds no such key, or can be read by others.
        KeyNotKept: there is no such file, and it cannot be written.
    """
    for _ in range(2):
        try:
            return _read(file)
        except FileNotFoundError:
            pass
        try:
            return _draw_into(file)
        except FileExistsError:
            continue  # another run was faster: its key counts
        except OSError as error:
            raise KeyNotKept(f"the key file {printable(file)} cannot be written: {_why(error)}") from None
    raise UsageError(f"the key file {printable(file)} cannot be read: it comes and goes")


def _read(file: Path) -> UserKey:
    """Raises FileNotFoundError besides what `read_or_draw` raises."""
    name = printable(file)
    try:
        with file.open("rb") as opened:
            others = stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & OF_OTHERS
            pem = opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        why = _why(error) if isinstance(error, OSError) else "no file can have this name"
        raise UsageError(f"the key file {name} cannot be read: {why}") from None
    if others:
        raise UsageError(f"the key file {name} can be read or changed by others: chmod 600 makes it yours alone")
    return UserKey(_parsed(pem, name))


def _parsed(pem: bytes, name: str) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    way_out = "name another file with --key-file, or move this one away and a new key is drawn"
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise UsageError(f"the key file {name} is protected with a password, which Pando cannot ask for") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"the key file {name} holds no private key: {way_out}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"the key file {name} holds a key of another kind, not Ed25519: {way_out}")
    return key


def _draw_into(file: Path) -> UserKey:
    """Raises OSError: the file cannot be written; FileExistsError: it is there by now."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.parent.mkdir(mode=0o700, exist_ok=True)
    # Written beside, and then linked: nobody ever finds half a key, and none that is there is replaced.
    beside = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(pem)
            os.fsync(opened.fileno())
        os.link(beside, file)
    finally:
        beside.unlink()
    return UserKey(private)


def _why(error: OSError) -> str:
    return in_words(error) or printable(error.strerror or error)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
