"""The options of a run, as one frozen value, and the secret.

Only `command` sees parsed arguments; everything below it gets `Options`.
"""

from __future__ import annotations

import os
import re
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
)

from pando_client.lending.instructions import OnError, Policy
from pando_shared.allowed_hosts import ANYTHING, Hosts
from pando_shared.errors import UsageError
from pando_shared.limits import DEFAULT_RESULT_BYTES, MAX_RESULT_BYTES
from pando_shared.secret import MIN_SECRET_CHARACTERS, read_file
from pando_shared.signaling import IceServer
from pando_shared.wire.messages import Context

DEFAULT_PORT = 5000
DEFAULT_STUN = "stun:stun.l.google.com:19302"


class Where(Enum):
    """Who computes."""

    LOCAL_NETWORK = "volunteers of the local network, through a server in this process"
    PUBLIC_SERVER = "volunteers of a public server"
    HERE = "this machine, for testing the function"


def _ice_servers(value: object) -> object:
    """Accepts what the original does (URLs separated by commas) and what browsers do (a list of objects)."""
    if isinstance(value, str):
        value = [url.strip() for url in value.split(",") if url.strip()]
    if isinstance(value, list | tuple):
        return tuple(_ice_server(entry) if isinstance(entry, str) else entry for entry in value)
    return value


def _ice_server(url: str) -> dict[str, str]:
    # turn:USER:PASSWORD@HOST:PORT, since a TURN server is of no use without its credentials.
    match = re.fullmatch(r"(turns?):([^:@]+):([^@]*)@(.+)", url)
    if match:
        scheme, username, credential, rest = match.groups()
        return {"urls": f"{scheme}:{rest}", "username": username, "credential": credential}
    return {"urls": url}


def _hosts(value: object) -> object:
    """Accepts hosts separated by commas; `*`, or an option or key that is just true, means all, and false none."""
    if value in ("true", "false"):  # no host is called so
        return (ANYTHING,) if value == "true" else ()
    if isinstance(value, str):
        hosts = tuple(host.strip().lower() for host in value.split(",") if host.strip())
        if not hosts:  # a shell variable that is not set should not open everything
            raise ValueError("it names no host; without a value, or with *, it means all")
        return hosts
    return tuple(value) if isinstance(value, list) else value


class Options(BaseModel):
    """Every option of `pando`, validated. Names are those of the command line, with underscores."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    module: str | None = None
    """The file of the function; `-` for standard input."""
    eval: str | None = None
    """The function itself, instead of a file."""
    items: tuple[str, ...] = ()
    stdin: bool = False
    sync_stdio: bool = False
    host: str | None = None
    port: Annotated[int, Field(ge=0, le=65534)] = DEFAULT_PORT
    secret: SecretStr | None = None
    secret_file: Path | None = None
    key_file: Path | None = None
    local: bool = False
    watch: bool = False
    start_idle: bool = True
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] | Literal["auto"] = "auto"
    window: Annotated[int, Field(ge=1, le=100_000_000)] = Policy().window
    unordered: bool = False
    timeout: Annotated[float, Field(ge=0.001, le=86_400)] | None = None
    max_result: Annotated[int, Field(ge=1, le=MAX_RESULT_BYTES)] = DEFAULT_RESULT_BYTES
    binary_output: bool = False
    context: Context | None = None
    """Where the function runs, if not where its module asks to be run."""
    allow_net: Annotated[Hosts, BeforeValidator(_hosts)] = ()
    speculate: bool = True
    bootstrap_timeout: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    heartbeat: Annotated[int, Field(ge=50, le=3_600_000)] = 2500
    ice_servers: Annotated[tuple[IceServer, ...], Field(max_length=8), BeforeValidator(_ice_servers)] | None = None
    reporting_interval: Annotated[float, Field(gt=0, le=86_400)] = 3.0
    seed: str | None = None
    retries: Annotated[int, Field(ge=1, le=1000)] = 3
    on_error: OnError = OnError.STOP
    # Accepted, without effect: what they were for does not exist here.
    headless: bool = False
    degree: int = 10
    global_monitoring: bool = False

    @property
    def where(self) -> Where:
        """Who computes."""
        if self.local:
            return Where.HERE
        return Where.LOCAL_NETWORK if self.host is None else Where.PUBLIC_SERVER


def secret_of(options: Options) -> str:
    """Returns the shared secret, from `--secret`, `--secret-file` or `PANDO_SECRET`, in this order.

    Raises:
        UsageError: there is none, it is too short to be one, or the file does not hold one.
    """
    if options.secret is not None:
        secret = options.secret.get_secret_value()
    elif options.secret_file is not None:
        secret = read_file(options.secret_file)
    else:
        secret = os.environ.get("PANDO_SECRET", "")
        if re.search("[\ud800-\udfff]", secret):  # how Python keeps bytes that it cannot decode
            raise UsageError("the secret in PANDO_SECRET is not valid UTF-8")
    if not secret:
        raise UsageError("--host needs the server's secret: set PANDO_SECRET, or use --secret-file or --secret")
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise UsageError(
            f"the secret is too short: a server takes none of fewer than {MIN_SECRET_CHARACTERS} characters"
        )
    return secret
