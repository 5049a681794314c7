"""A recipe: read from TOML, changed by overrides, checked, and written into every checkpoint."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field

from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.registry import load_registry
from styleshift.hooks.shelf import BUILT_IN, how_to_install
from styleshift.recipes.schedule import ScheduleConfig, WarmStartConfig
from styleshift.recipes.settings import (
    ComponentConfig,
    DataConfig,
    LossConfig,
    OptimiserConfig,
    PercussionConfig,
    PhonesConfig,
    PitchConfig,
)
from styleshift.validation import Setting, describe, settings, validate
from styleshift.voice.phones import require_speech
from styleshift.words import did_you_mean

COMPONENTS = ("generator", "discriminator")
EXTRAS = ("losses", "augmentations")
_NETWORKS = {(part, "name") for part in COMPONENTS}

Table = dict[str, Any]


@settings
class Recipe:
    """One experiment, whole."""

    name: str = "seed"
    """Name of the recipe; by default that of its file."""
    summary: str = ""
    """What it is for, in one line."""
    spectrogram: SpectrogramConfig = SpectrogramConfig()
    """The front end."""
    data: DataConfig = DataConfig()
    """Crops, normalisation and augmentation."""
    pitch: PitchConfig = PitchConfig()
    """Voices, in front of the generators."""
    phones: PhonesConfig = PhonesConfig()
    """The sounds of speech, in front of the generators."""
    percussion: PercussionConfig = PercussionConfig()
    """Drums, in front of the generators."""
    generator: ComponentConfig = ComponentConfig("seed")
    """The generators' architecture."""
    discriminator: ComponentConfig = ComponentConfig("seed")
    """The discriminators' architecture."""
    loss: LossConfig = LossConfig()
    """The objective."""
    optimiser: OptimiserConfig = OptimiserConfig()
    """How weights change."""
    warm_start: WarmStartConfig = WarmStartConfig()
    """Training of the generators alone at the start."""
    losses: Mapping[str, Table] = Field(default_factory=dict)
    """Further losses by name, each with `weight` and its options."""
    augmentations: Mapping[str, Table] = Field(default_factory=dict)
    """Further augmentations by name, each with its options."""
    schedule: ScheduleConfig = ScheduleConfig()
    """How long a run is, and what is kept."""

    def __post_init__(self) -> None:
        if self.warm_start.self_pairs and self.warm_start.used and not self.pitch.shift:
            raise ConfigError(
                "warm_start.self_pairs is made for voices whose pitch is moved",
                "set `pitch.shift=true`, too, or `warm_start.self_pairs=false`",
            )
        if self.phones.by and not self.pitch.shift:
            raise ConfigError(
                "phones.by moves the sounds of voices whose pitch is moved",
                "set `pitch.shift=true`, too, or `phones.by=0`",
            )
        if self.phones.by and (self.loss.identity or self.loss.patch_nce_identity):
            raise ConfigError(
                "a loss of identity would teach the generator to undo what phones.by does",
                "set `loss.identity=0` and `loss.patch_nce_identity=0`, or `phones.by=0`",
            )
        if self.phones.by:
            require_speech(self.spectrogram)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the shape of the TOML file."""
        made: dict[str, Any] = {"name": self.name, "summary": self.summary}
        for table in TABLES:
            made[table] = asdict(getattr(self, table))
        for part in COMPONENTS:
            component: ComponentConfig = getattr(self, part)
            made[part] = {"name": component.name, **component.options}
        for part in EXTRAS:
            made[part] = {name: dict(table) for name, table in getattr(self, part).items()}
        return made

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, where: str = "the recipe") -> Recipe:
        """The inverse of :meth:`to_dict`; what is absent has the default, which is the seed's.

        Args:
            values: tables of plain values.
            where: what to call it in an error.

        Raises:
            ConfigError: a table or key that does not exist, a value of another type or out of range.
        """
        plain = dict(values)
        for part in COMPONENTS:
            if isinstance(table := plain.get(part), Mapping):
                options = dict(table)
                plain[part] = {"name": options.pop("name", "seed"), "options": options}
        return validate(cls, plain, where)


TABLES: dict[str, type] = {
    field.name: type(field.default)
    for field in fields(Recipe)
    if is_dataclass(field.default) and field.name not in COMPONENTS
}
"""The settings of each table, by its name in the file; networks and what packages bring apart."""


def recipe_keys() -> list[Setting]:
    """Every key that a recipe may hold, but for the options of its networks, as ``loss.cycle``.

    Those are :func:`styleshift.validation.describe` of the ``config`` of a generator or discriminator.
    """
    top = [key for key in describe(Recipe) if key.key in ("name", "summary")]
    rows = [(name, row) for name, table in TABLES.items() for row in describe(table)]
    return [*top, *(replace(row, key=f"{name}.{row.key}") for name, row in rows)]


def list_recipes(*, installed: bool = True) -> list[str]:
    """Names of the recipes that come with the package and, where ``installed``, with plugins."""
    entries = load_registry().recipes.entries()
    return sorted(name for name, entry in entries.items() if installed or entry.package == BUILT_IN)


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Load a recipe that ships with the package, one of a plugin, or one of your own.

    Args:
        name_or_path: a name of :func:`list_recipes`, or the path of a TOML file.
        overrides: ``table.key=value`` each; the value is read as TOML reads it,
            and as a plain string where it is none. A network of another name begins with its own defaults:
            the options that the recipe has for its own are dropped.

    Raises:
        ConfigError: no such recipe, not TOML, an unknown key, a value of another type or out of range.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        entry = load_registry().recipes.entries().get(str(name_or_path))
        if entry is None:
            raise ConfigError(
                f"there is no recipe {str(name_or_path)!r}; available: {', '.join(list_recipes())}",
                how_to_install(str(name_or_path), "recipe")
                or did_you_mean(str(name_or_path), list_recipes(), "`recipe={}`")
                or "choose one of them, or give the path of your own .toml file",
            )
        path = entry.spec.path
    where = f"recipe {path.stem}"
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"there is no file {path}",
            f"check the path, or use a recipe that ships with styleshift: {', '.join(list_recipes())}",
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"recipe {path} cannot be read: {error}",
            f"it must be TOML in UTF-8; recipes to use or to copy from: {', '.join(list_recipes())}",
        ) from error
    values.setdefault("name", path.stem)
    # The names of networks first: options are those of the network that is named, in any order.
    for table, key, value in sorted(map(_parsed, overrides), key=lambda one: one[:2] not in _NETWORKS):
        _apply(values, table, key, value)
    return Recipe.from_dict(values, where=where)


def _parsed(override: str) -> tuple[str, str, Any]:
    """Table, key and value of one ``table.key=value``."""
    key, equals, text = override.partition("=")
    table, dot, name = key.strip().partition(".")
    tables = (*TABLES, *COMPONENTS, *EXTRAS)
    if not (equals and dot and name):
        raise ConfigError(
            f"the setting {override!r} is not of the form table.key=value", "such as `generator.channels=32`"
        )
    if table not in tables:
        raise ConfigError(
            f"the setting {override!r}: a recipe has no table {table!r}; it has: {', '.join(tables)}",
            did_you_mean(table, tables, f"`{{}}.{name}={text}`" if text else "{}"),
        )
    if table in EXTRAS and "." not in name and text.strip() == "{}":
        return table, name, {}
    if table in EXTRAS and not all(name.rpartition(".")):
        raise ConfigError(
            f"the setting {override!r} is not of the form {table}.NAME.key=value",
            f"such as `{table}.{name.strip('.')}.{'weight=1' if table == 'losses' else 'amount=1'}`; "
            f"`{table}.NAME={{}}` takes the defaults",
        )
    try:
        return table, name, tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return table, name, text.strip()


def _apply(values: dict[str, Any], table: str, key: str, value: Any) -> None:
    """Write one setting into ``values``; another network begins with its own defaults."""
    held = values.setdefault(table, {})
    if table in EXTRAS and isinstance(held, dict):
        name, _, key = key.rpartition(".")
        held = held.setdefault(name or key, {})
        if not name:
            return
    if isinstance(held, dict):
        if (table, key) in _NETWORKS and value != held.get("name", "seed"):
            held.clear()  # the options of the recipe's network mean something else to this one
        held[key] = value
