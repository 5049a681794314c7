"""Where things live, and the settings that say so.

Precedence: command-line flag, environment (``STYLESHIFT_*``), ``styleshift.toml`` in the current folder, the
user's config file, the default.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from styleshift.errors import ConfigError
from styleshift.words import did_you_mean

PROJECT_FILE = "styleshift.toml"
DEFAULTS: dict[str, Any] = {
    "workspace": "styleshift-workspace",
    "recipe": "small",
    "device": "auto",
    "jobs": 0,
    "runtime": "auto",
    "vocoder": "griffin-lim",
}


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder that holds everything styleshift makes on the way to a model."""

    root: Path

    @property
    def spectrograms(self) -> Path:
        """``<root>/spectrograms/<domain>/``."""
        return self.root / "spectrograms"

    @property
    def runs(self) -> Path:
        """``<root>/runs/<name>/``."""
        return self.root / "runs"

    @property
    def models(self) -> Path:
        """``<root>/models/*.onnx``."""
        return self.root / "models"


def user_models() -> Path:
    """The user's own model folder, looked into after the workspace."""
    return Path(platformdirs.user_data_dir("styleshift")) / "models"


def shipped_models() -> Path:
    """The models that come with the package, looked into last."""
    return Path(__file__).parent / "models"


def setting(name: str, flag: Any = None) -> Any:
    """One setting by precedence; see the module docstring.

    Args:
        name: a key of ``DEFAULTS``.
        flag: what the command line said; None where it said nothing.

    Raises:
        ConfigError: a settings file cannot be read, has an unknown key or a value of the wrong type.
    """
    default = DEFAULTS[name]
    if flag is not None:
        return flag
    variable = f"STYLESHIFT_{name.upper()}"
    if value := os.environ.get(variable):
        if not isinstance(default, int):
            return value
        if not value.isdecimal():
            raise ConfigError(f"{variable} is {value!r}; it must be a whole number, 0 or more")
        return int(value)
    for file in (Path(PROJECT_FILE), Path(platformdirs.user_config_dir("styleshift")) / "config.toml"):
        values = _read(file)
        if name in values:
            return values[name]
    return default


def workspace(flag: Path | None = None) -> Workspace:
    """The workspace by precedence; nothing is created."""
    return Workspace(Path(setting("workspace", flag)).expanduser())


def _read(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}", "mend or remove it") from error
    for key, value in values.items():
        if key not in DEFAULTS:
            raise ConfigError(
                f"{file} has an unknown key {key!r}; known: {', '.join(sorted(DEFAULTS))}",
                did_you_mean(key, DEFAULTS, "{!r}"),
            )
        if type(value) is not type(DEFAULTS[key]):
            wanted = type(DEFAULTS[key]).__name__
            raise ConfigError(f"{file}: {key} is {value!r}; it must be a {wanted}")
        if isinstance(value, int) and value < 0:
            raise ConfigError(f"{file}: {key} is {value}; it must be 0 or more")
    return values
