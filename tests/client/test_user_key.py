"""The user's key: drawn once, kept from others, the same afterwards."""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from pando_client.user_key import KeyNotKept, UserKey, draw_key, read_or_draw, usual_file, usual_key
from pando_shared.errors import UsageError
from pando_shared.wire.job_proof import signed_text

VECTORS = json.loads((Path(__file__).parents[2] / "shared" / "vectors" / "v2" / "job_proof.json").read_text())


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("vector", VECTORS["signatures"])
def test_a_signature_is_the_one_of_the_vectors(vector: dict[str, str]) -> None:
    key = UserKey(ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private"])))
    assert key.public == vector["key"]
    assert key.sign(vector["job"], vector["binding"]) == vector["signature"]


def test_a_signature_holds_for_its_job_and_channel_alone() -> None:
    key = draw_key()
    public = ed25519.Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key.public + "="))
    signature = base64.urlsafe_b64decode(key.sign("a", "relay 00") + "==")
    public.verify(signature, signed_text("a", "relay 00"))
    with pytest.raises(InvalidSignature):
        public.verify(signature, signed_text("a", "relay 01"))


def test_a_key_is_drawn_once_and_then_read(tmp_path: Path) -> None:
    file = tmp_path / "new" / "key"
    first = read_or_draw(file)
    assert read_or_draw(file).public == first.public
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["key"]


def test_two_runs_that_draw_at_once_have_the_same_key(tmp_path: Path) -> None:
    start = threading.Barrier(8)
    keys: list[str] = []

    def run() -> None:
        start.wait()
        keys.append(read_or_draw(tmp_path / "key").public)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_read_or_change_is_not_used(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    read_or_draw(file)
    file.chmod(mode)
    with pytest.raises(UsageError, match=r"can be read or changed by others: chmod 600 makes it yours alone"):
        read_or_draw(file)


def pem(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey, password: bytes = b"") -> bytes:
    secret = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no private key"),
        (b"\xff\x00", "holds no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds no private key"),
        (b"x" * 20_000, "holds no private key"),
        (pem(rsa.generate_private_key(65537, 2048)), "holds a key of another kind, not Ed25519"),
        (pem(ed25519.Ed25519PrivateKey.generate(), b"a password"), "is protected with a password"),
    ],
    ids=["empty", "garbage", "half a key", "large", "RSA", "password"],
)
def test_a_file_that_holds_no_key_is_said_and_kept(tmp_path: Path, content: bytes, said: str) -> None:
    file = written(tmp_path / "key", content)
    with pytest.raises(UsageError, match=said):
        read_or_draw(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("name", ["folder", "a\0b"])
def test_what_is_no_file_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        read_or_draw(tmp_path / name)


def test_a_key_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    file = written(tmp_path / "file", b"") / "key"
    with pytest.raises((KeyNotKept, UsageError)):
        read_or_draw(file)
    with pytest.raises(KeyNotKept, match=r"the key file /proc/key cannot be written: "):
        read_or_draw(Path("/proc/key"))


def test_without_a_home_that_can_be_written_the_key_lasts_for_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/proc")
    key, said = usual_key()
    assert len(key.public) == 43
    assert said.endswith("; the address of this job alone is good for this run only")


def test_the_usual_file_is_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    key, said = usual_key()
    assert (said, read_or_draw(usual_file()).public) == ("", key.public)
    assert usual_file() == tmp_path / ".pando" / "key"


def test_nothing_shows_the_private_half() -> None:
    key = draw_key()
    assert repr(key) == f"<UserKey {key.public}>"
