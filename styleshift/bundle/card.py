"""A model's card: what it was made of, by whom, how well it does, and what it is bad at."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from styleshift.errors import ConfigError
from styleshift.validation import settings, validate


@settings
class ModelCard:
    """What a person wants to know before using a model. Every part may be empty.

    After the model cards of Mitchell et al. (2019, arXiv:1810.03993), as short as a page.
    """

    summary: str = ""
    """One sentence: what goes in, what comes out."""
    material: str = ""
    """What it learned from, and how that was made."""
    credits: tuple[str, ...] = ()
    """Who made the material, with licences and where it is to be had."""
    recipe: str = ""
    """How it was trained, in words."""
    made_by: str = ""
    """The command that makes it anew."""
    scores: tuple[Mapping[str, str], ...] = ()
    """Rows of a table of what was measured, as text by column."""
    scores_note: str = ""
    """On what, how and with which spread it was measured."""
    bad_at: tuple[str, ...] = ()
    """What it does badly, as heard and as seen."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what is empty is left out."""
        return {key: value for key, value in asdict(self).items() if value}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelCard:
        """The inverse of :meth:`to_dict`; parts that a newer styleshift wrote are passed over.

        Raises:
            ConfigError: a part is of another type.
        """
        known = {field.name for field in fields(cls)}
        return validate(cls, {key: value for key, value in values.items() if key in known}, "card")


def read_card(path: Path, source: str, target: str) -> ModelCard:
    """One direction's card from a TOML file.

    Keys at the top are of both directions; a table named ``"SOURCE to TARGET"`` has, or replaces, one's own.

    Args:
        path: of the file.
        source: domain that goes in.
        target: domain that comes out.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or has a key that no card has.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the card {path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the card {path} is not TOML: {error}") from error
    directions = {key: value for key, value in values.items() if " to " in key and isinstance(value, dict)}
    common = {key: value for key, value in values.items() if key not in directions}
    return validate(ModelCard, {**common, **directions.get(f"{source} to {target}", {})}, f"card {path.name}")
