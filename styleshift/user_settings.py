"""What ``styleshift.toml``, the user's config file and the environment may set."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field

from styleshift.errors import ConfigError
from styleshift.validation import schema_of, settings, validate


@settings
class UserSettings:
    """The keys of a settings file; ``STYLESHIFT_<KEY>`` in the environment sets the same."""

    workspace: str = Field(default="styleshift-workspace", min_length=1)
    """The folder of spectrograms, runs and models, or its address."""
    recipe: str = Field(default="small", min_length=1)
    """The recipe of a training."""
    device: str = Field(default="auto", min_length=1)
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    engine: str = Field(default="local", min_length=1)
    """Where precompute and convert work."""
    jobs: int = Field(default=0, ge=0)
    """Worker processes; 0 is one a processor."""
    runtime: str = Field(default="auto", min_length=1)
    """What runs a model in a conversion."""
    vocoder: str = Field(default="griffin-lim", min_length=1)
    """What makes sound of spectrograms."""
    fetched_gb: int = Field(default=2, ge=1)
    """Most gigabytes of recordings from a store that lie on this machine at a time."""
    cache: str = ""
    """The folder for copies of workspaces that are in a store; none: the user's cache folder."""


def read_file(file: Path) -> dict[str, Any]:
    """What a settings file sets, checked; nothing where there is no such file.

    Raises:
        ConfigError: it cannot be read, has an unknown key or a value of another type or out of range.
    """
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    # Values nested a thousand deep, or numbers of thousands of digits, are none of a person's.
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{file} cannot be read: {error}", "fix or remove it") from error
    validate(UserSettings, values, str(file))
    return values


def read_variable(name: str, text: str, variable: str) -> Any:
    """The value that an environment variable gives a setting.

    Raises:
        ConfigError: it is of another type or out of range.
    """
    if schema_of(UserSettings)["properties"][name]["type"] == "string":
        return text  # as it is: a folder's name may be no UTF-8
    value = int(text) if text.removeprefix("-").isdecimal() else text
    return getattr(validate(UserSettings, {name: value}, variable), name)
