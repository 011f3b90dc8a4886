"""The settings of the server, from the environment and the command line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from pando_server.logs import limited_warn
from pando_server.peers import TrustedProxies
from pando_server.relay.limits import Limits
from pando_server.relay.turn import turn_servers
from pando_shared import ports
from pando_shared.errors import UsageError
from pando_shared.ice_urls import checked
from pando_shared.secret import MIN_SECRET_CHARACTERS
from pando_shared.signaling import IceServers
from pando_shared.text import printable

MAKE_ONE = """python3 -c "import secrets; print(secrets.token_urlsafe(24))\""""


MAX_TURN_URLS = 4

TAKES = {
    "PORT": "a whole number from 0 to 65535",
    "HOST": "an address",
    "WEB_CONCURRENCY": "a whole number",
    "PANDO_MAX_SOCKETS": "a whole number from 1 to 100000",
    "PANDO_MAX_SOCKETS_PER_ADDRESS": "a whole number, 1 or more",
    "PANDO_MAX_JOBS": "a whole number, 1 or more",
    "PANDO_TRUSTED_HOPS": "a whole number from 1 to 10",
    "PANDO_STATIC": "the path of a folder",
    "PANDO_TURN_SECONDS": "a whole number from 60 to 86400",
}
"""Which values a setting takes, by the name that operators know."""


class ServerSettings(BaseSettings):
    """What an operator can set. Frozen; the secret does not show in `repr`.

    With `embedded=True` (the server inside a client's process) the environment is not read, no proxy is believed, and
    one address may hold all the sockets: the volunteers of a test, or of a whole network behind one router.

    Raises:
        ValidationError: a value is missing or wrong. `load` says it in words.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    secret: Annotated[
        SecretStr, Field(min_length=MIN_SECRET_CHARACTERS, validation_alias=AliasChoices("PANDO_SECRET", "SECRET"))
    ]
    port: Annotated[int, Field(ge=0, le=65535, validation_alias="PORT")] = 5000
    host: Annotated[str, Field(min_length=1, validation_alias="HOST")] = ports.EVERYWHERE
    """The address to listen on; `*` for all of IPv4 and IPv6."""
    forwarded_allow_ips: Annotated[str, Field(validation_alias="FORWARDED_ALLOW_IPS")] = "127.0.0.1,::1"
    """The proxies whose `X-Forwarded-*` is believed: addresses and networks, or `*` for every peer that connects."""
    trusted_hops: Annotated[int, Field(ge=1, le=10, validation_alias="PANDO_TRUSTED_HOPS")] = 1
    """How many proxies stand in a row in front of this server."""
    web_concurrency: Annotated[int, Field(validation_alias="WEB_CONCURRENCY")] = 1
    max_sockets: Annotated[int, Field(ge=1, le=100_000, validation_alias="PANDO_MAX_SOCKETS")] = Limits().sockets
    max_sockets_per_address: Annotated[
        int | None,
        Field(ge=1, validation_alias="PANDO_MAX_SOCKETS_PER_ADDRESS"),
    ] = None
    max_jobs: Annotated[int, Field(ge=1, validation_alias="PANDO_MAX_JOBS")] = Limits().jobs
    static: Annotated[Path | None, Field(validation_alias="PANDO_STATIC")] = None
    """The directory of the built volunteer page, if it is not the package's own."""
    turn_urls: Annotated[str, Field(validation_alias="PANDO_TURN_URLS")] = ""
    """The operator's TURN servers, separated by commas."""
    turn_secret: Annotated[SecretStr | None, Field(validation_alias="PANDO_TURN_SECRET")] = None
    """The secret that these share with this server (coturn's `static-auth-secret`)."""
    turn_seconds: Annotated[int, Field(ge=60, le=86_400, validation_alias="PANDO_TURN_SECONDS")] = 3600
    """How long credentials for them can be used."""
    embedded: bool = False

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _names_proxies(cls, value: str) -> str:
        TrustedProxies(value)
        return value

    @field_validator("turn_urls")
    @classmethod
    def _name_turn_servers(cls, value: str) -> str:
        urls = _listed(value)
        if len(urls) > MAX_TURN_URLS:
            raise ValueError(f"at most {MAX_TURN_URLS} servers are given to volunteers")
        for url in urls:
            if not url.startswith(("turn:", "turns:")):
                raise ValueError("each server begins with turn: or turns:")
            if "@" in url:
                raise ValueError("a server stands here without user and password: PANDO_TURN_SECRET makes them")
            checked(url)
        return value

    @model_validator(mode="after")
    def _turn_is_whole(self) -> ServerSettings:
        secret = self.turn_secret is not None and self.turn_secret.get_secret_value() != ""
        if _listed(self.turn_urls) and not secret:
            raise ValueError("PANDO_TURN_URLS needs PANDO_TURN_SECRET, the static-auth-secret of these servers")
        if secret and not _listed(self.turn_urls):
            raise ValueError("PANDO_TURN_SECRET has no effect without PANDO_TURN_URLS: name the TURN servers there")
        return self

    @field_validator("web_concurrency")
    @classmethod
    def _one_process(cls, value: int) -> int:
        if value > 1:
            raise ValueError("volunteers and clients meet in the memory of one process: set WEB_CONCURRENCY=1")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code comes before the environment; an embedded server has no environment."""
        return (init_settings,) if init_settings().get("embedded") else (init_settings, env_settings)

    @property
    def limits(self) -> Limits:
        """The limits that these settings make."""
        per_address = self.max_sockets_per_address
        if per_address is None:
            per_address = self.max_sockets if self.embedded else Limits().sockets_per_address
        return Limits(
            sockets=self.max_sockets,
            sockets_per_address=per_address,
            jobs=self.max_jobs,
            # As many for each of them as there are by default.
            offer_burst=per_address * Limits().offer_burst // Limits().sockets_per_address,
            offers_per_second=per_address * Limits().offers_per_second / Limits().sockets_per_address,
        )

    def turn_servers(self, user: str) -> IceServers:
        """Returns the operator's TURN servers with credentials for one `user`, which can be used from now on."""
        urls = _listed(self.turn_urls)
        if not urls or self.turn_secret is None:
            return ()
        return turn_servers(urls, self.turn_secret.get_secret_value(), user, int(time.time()) + self.turn_seconds)

    @property
    def proxies(self) -> TrustedProxies:
        """The proxies that are believed."""
        if self.embedded:
            return TrustedProxies("")
        return TrustedProxies(self.forwarded_allow_ips, self.trusted_hops, limited_warn())


def load(**given: Any) -> ServerSettings:
    """Returns the settings from the environment, with those `given` (and not None) instead.

    Raises:
        UsageError: something is missing or wrong; one line says what, and what to do.
    """
    try:
        return ServerSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise UsageError(_in_words(error)) from None


def _listed(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _in_words(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False)[0]
    name = str(problem["loc"][0]) if problem["loc"] else ""
    field = ServerSettings.model_fields.get(name)
    if field is not None and isinstance(field.validation_alias, str):
        # What was given in code is called by the name that operators know.
        name = field.validation_alias
    if name in ("secret", "PANDO_SECRET", "SECRET"):
        if problem["type"] == "missing":
            return f"PANDO_SECRET is not set: clients need a secret to use this server. Make one with: {MAKE_ONE}"
        return f"the secret is shorter than {MIN_SECRET_CHARACTERS} characters. Make one with: {MAKE_ONE}"
    if problem["type"] == "value_error":
        text = problem["msg"].removeprefix("Value error, ")
        if not name:  # about several of them, which it names
            return text
        return f"{name}: {text[:1].lower()}{text[1:]}"
    return f"{name} takes {TAKES.get(name, 'text')}, not {printable(problem['input'], 60) or 'nothing'}"
