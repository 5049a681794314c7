"""Where things live, and the settings that say so.

Precedence: command-line flag, environment (``STYLESHIFT_*``), ``styleshift.toml`` in the current folder, the
user's config file, the default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from styleshift.errors import UsageError

PROJECT_FILE = "styleshift.toml"


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
    return Path(__file__).parent / "models" / "shipped"


def setting(name: str, flag: Any = None) -> Any:
    """One setting by precedence; see the module docstring.

    Args:
        name: a field of :class:`styleshift.user_settings.UserSettings`.
        flag: what the command line said; None where it said nothing.

    Raises:
        ConfigError: a settings file cannot be read, has an unknown key or a value of the wrong type.
    """
    if flag is not None:
        return flag
    from styleshift.user_settings import UserSettings, read_file, read_variable

    variable = f"STYLESHIFT_{name.upper()}"
    if text := os.environ.get(variable):
        return read_variable(name, text, variable)
    for file in (Path(PROJECT_FILE), Path(platformdirs.user_config_dir("styleshift")) / "config.toml"):
        values = read_file(file)
        if name in values:
            return values[name]
    return getattr(UserSettings(), name)


def workspace(flag: str | Path | None = None) -> Workspace:
    """The workspace by precedence; nothing is created.

    Raises:
        UsageError: it is an address, and whoever asks needs a folder.
        ConfigError: see :func:`setting`.
    """
    place = setting("workspace", flag)
    if "://" in str(place):
        raise UsageError(f"the workspace {place} is an address", "this needs a folder on this machine")
    return Workspace(Path(place).expanduser())
