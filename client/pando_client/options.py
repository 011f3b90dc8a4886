"""The options of a run: from the command line and the configuration file to one frozen value.

Only `command` sees parsed arguments; everything below it gets `Options`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from pando_client.lending.instructions import OnError, Policy
from pando_shared.allowed_hosts import ANYTHING, Hosts
from pando_shared.errors import UsageError
from pando_shared.limits import DEFAULT_RESULT_BYTES, MAX_RESULT_BYTES
from pando_shared.secret import MIN_SECRET_CHARACTERS, read_file
from pando_shared.signaling import IceServer
from pando_shared.text import printable
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
    """Accepts hosts separated by commas; `*`, or an option or key that is just true, means all."""
    if isinstance(value, bool):
        return (ANYTHING,) if value else ()
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
        extra="ignore",
        hide_input_in_errors=True,
        populate_by_name=True,
        # A configuration file may say ice-servers or iceServers.
        alias_generator=AliasGenerator(
            validation_alias=lambda name: AliasChoices(
                name, name.replace("_", "-"), re.sub(r"_(\w)", lambda m: m[1].upper(), name)
            )
        ),
    )

    module: Path
    items: tuple[str, ...] = ()
    stdin: bool = False
    sync_stdio: bool = False
    host: str | None = None
    port: Annotated[int, Field(ge=0, le=65534)] = DEFAULT_PORT
    secret: SecretStr | None = None
    secret_file: Path | None = None
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


def load(given: dict[str, Any], config_files: Sequence[Path]) -> Options:
    """Merges the command line over the configuration files (the first one that exists) over the defaults.

    Args:
        given: what the command line says, and nothing that it does not say.
        config_files: where to look.

    Raises:
        UsageError: a value is not of its kind; the text names the option and where it was set.
    """
    config, origin = _config(config_files)
    known = {_name(key): value for key, value in config.items()}
    merged = {key: value for key, value in known.items() if key not in ("module", "items")} | given
    try:
        return Options.model_validate(merged)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        option = "MODULE" if name == "module" else "--" + _name(name).replace("_", "-")
        source = "" if _name(name) in given else f" (in {origin})"
        raise UsageError(f"{option}{source}: {printable(first['msg'])}") from None


def _name(key: str) -> str:
    """`ice-servers`, `iceServers` and `ice_servers` are the same option."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", key).replace("-", "_").lower()


def _config(files: Sequence[Path]) -> tuple[dict[str, Any], Path | None]:
    for file in files:
        try:
            config = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise UsageError(f"the configuration file {printable(file)} cannot be read: {_why(error)}") from None
        if not isinstance(config, dict):
            raise UsageError(f"the configuration file {printable(file)} does not hold an object")
        return config, file
    return {}, None


def _why(error: OSError | ValueError) -> str:
    """Without the number and the path that the text of an OSError repeats."""
    return printable((isinstance(error, OSError) and error.strerror) or error)


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
    if not secret:
        raise UsageError("--host needs the server's secret: set PANDO_SECRET, or use --secret-file or --secret")
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise UsageError(
            f"the secret is too short: a server takes none of fewer than {MIN_SECRET_CHARACTERS} characters"
        )
    return secret
