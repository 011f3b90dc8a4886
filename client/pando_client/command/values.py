"""From what the command line and the configuration file say to `Options`, or to an error in our own words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pando_client.command.arguments import CommandLine
from pando_client.command.configuration import Configuration
from pando_client.command.option_table import BY_KEY, Option
from pando_client.options import Options
from pando_shared.errors import UsageError
from pando_shared.text import printable

MAX_SHOWN = 60
"""Characters of a value that are shown."""
UNSHOWN = ("secret", "ice_servers")
"""Options whose values may hold a secret."""


def merged(line: CommandLine, configuration: Configuration) -> Options:
    """Returns the options: the command line over the configuration file over the defaults.

    Raises:
        UsageError: a value is not of its kind; the text names the option, its range, and where it was set.
    """
    values: dict[str, Any] = dict(configuration.values)
    if line.items:  # they win over where the file takes items from
        for key in ("stdin", "sync_stdio"):
            values.pop(key, None)
    values |= line.given
    try:
        return Options.model_validate({**values, "module": line.module, "items": line.items})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        option = BY_KEY[str(first["loc"][0])]
        own = str(first["ctx"]["error"]) if first["type"] == "value_error" else None
        raise UsageError(_wrong(option, own, line.given, configuration)) from None


def _wrong(option: Option, own: str | None, given: Mapping[str, str], configuration: Configuration) -> str:
    """Says what is wrong with the value of an option.

    Args:
        option: of which the value is wrong.
        own: our own words for what is wrong with it, if the range does not say it.
        given: what the command line says.
        configuration: what the file says.
    """
    if option.key in given:
        name, value = f"--{option.name}", given[option.key]
    else:
        key = printable(json.dumps(configuration.keys[option.key]), MAX_SHOWN)
        name, value = f"{key} in {printable(configuration.file)}", configuration.values[option.key]
    if own is not None:
        return f"{name}: {printable(own)}"
    return f"{name} takes {option.takes}" + ("" if option.key in UNSHOWN else f", not {_shown(value)}")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return printable(text, MAX_SHOWN)
