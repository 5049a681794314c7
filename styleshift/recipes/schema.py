"""A recipe: read from TOML, changed by ``--set``, checked, and written into every checkpoint."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.recipes.settings import (
    ComponentConfig,
    DataConfig,
    LossConfig,
    OptimiserConfig,
    ScheduleConfig,
    WarmStartConfig,
)
from styleshift.words import did_you_mean

FOLDER = Path(__file__).parent

TABLES: dict[str, type] = {
    "spectrogram": SpectrogramConfig,
    "data": DataConfig,
    "loss": LossConfig,
    "optimiser": OptimiserConfig,
    "warm_start": WarmStartConfig,
    "schedule": ScheduleConfig,
}
COMPONENTS = ("generator", "discriminator")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One experiment, whole.

    Attributes:
        name: of the file it came from.
        summary: one line.
        spectrogram: front-end settings.
        data: crops, normalisation, augmentation.
        generator: the generators' architecture.
        discriminator: the discriminators' architecture.
        loss: the objective.
        optimiser: how weights change.
        warm_start: training of the generators alone at the start.
        schedule: how long, and what is kept.
    """

    name: str = "seed"
    summary: str = ""
    spectrogram: SpectrogramConfig = field(default_factory=SpectrogramConfig)
    data: DataConfig = field(default_factory=DataConfig)
    generator: ComponentConfig = field(default_factory=lambda: ComponentConfig("seed"))
    discriminator: ComponentConfig = field(default_factory=lambda: ComponentConfig("seed"))
    loss: LossConfig = field(default_factory=LossConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    warm_start: WarmStartConfig = field(default_factory=WarmStartConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the shape of the TOML file."""
        made: dict[str, Any] = {"name": self.name, "summary": self.summary}
        for table in TABLES:
            made[table] = asdict(getattr(self, table))
        for part in COMPONENTS:
            component: ComponentConfig = getattr(self, part)
            made[part] = {"name": component.name, **component.options}
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
        known = {"name", "summary", *TABLES, *COMPONENTS}
        for key in values:
            if key not in known:
                raise _unknown(where, str(key), sorted(known))
        made: dict[str, Any] = {}
        for key in ("name", "summary"):
            if key in values:
                made[key] = _typed(values[key], "", f"{where}: {key}")
        for table, kind in TABLES.items():
            made[table] = _build(kind, _table(values, table, where), f"{where}: {table}")
        for part in COMPONENTS:
            options = dict(_table(values, part, where))
            name = _typed(options.pop("name", "seed"), "", f"{where}: {part}.name")
            made[part] = ComponentConfig(name, options)
        return cls(**made)


def list_recipes() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe that comes with the package, or one of the user's own.

    Args:
        name_or_path: a name of :func:`list_recipes`, or the path of a TOML file.
        overrides: ``table.key=value`` each, as ``--set`` takes them; the value is read as TOML reads it,
            and as a plain string where it is none.

    Raises:
        ConfigError: no such recipe, not TOML, an unknown key, a value of another type or out of range.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = FOLDER / f"{name_or_path}.toml"
        if not path.is_file():
            raise ConfigError(
                f"there is no recipe {str(name_or_path)!r}; there are: {', '.join(list_recipes())}",
                did_you_mean(str(name_or_path), list_recipes(), "--recipe {}")
                or "name one of them, or give the path of a .toml file of your own",
            )
    where = f"recipe {path.stem}"
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"there is no file {path}",
            f"check the path, or take a recipe that comes with styleshift: {', '.join(list_recipes())}",
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"recipe {path} cannot be read: {error}") from error
    values.setdefault("name", path.stem)
    for override in overrides:
        _apply(values, override)
    return Recipe.from_dict(values, where=where)


def _apply(values: dict[str, Any], override: str) -> None:
    """Write one ``table.key=value`` into ``values``."""
    key, equals, text = override.partition("=")
    table, dot, name = key.strip().partition(".")
    tables = (*TABLES, *COMPONENTS)
    if not (equals and dot and name):
        raise ConfigError(
            f"--set {override!r} is not of the form table.key=value", "such as --set generator.channels=32"
        )
    if table not in tables:
        raise ConfigError(
            f"--set {override!r}: a recipe has no table {table!r}; it has: {', '.join(tables)}",
            did_you_mean(table, tables, f"--set {{}}.{name}={text}"),
        )
    try:
        value: Any = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    values.setdefault(table, {})
    if isinstance(values[table], dict):
        values[table][name] = value


def _table(values: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = values.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: {name} is {table!r}; it must be a table, [{name}]")
    return table


def _build(kind: type, values: Mapping[str, Any], where: str) -> Any:
    """Make one settings dataclass from plain values, each in the type of its default."""
    defaults = kind()
    names = [item.name for item in fields(kind)]
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key not in names:
            raise _unknown(where, key, names)
        made[key] = _typed(value, getattr(defaults, key), f"{where}.{key}")
    try:
        return kind(**made)
    except ConfigError as error:
        prefix, _, _ = where.partition(":")
        raise ConfigError(f"{prefix}: {error.message}", error.hint) from error


def _typed(value: Any, default: Any, what: str) -> Any:
    wanted = type(default)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
        raise ConfigError(f"{what} is {value!r}; it must be {names[wanted]}, such as {default!r}")
    return value


def _unknown(where: str, key: str, known: Sequence[str]) -> ConfigError:
    hint = did_you_mean(key, known, "{!r}") or f"known: {', '.join(known)}"
    return ConfigError(f"{where} has an unknown key {key!r}", hint)
