"""Finds the plugins that are installed and holds what they brought, by kind and name."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from importlib.metadata import Distribution, distributions
from typing import Any, Generic, Protocol, TypeVar

import pluggy

from styleshift.errors import ConfigError, PluginError
from styleshift.hooks import specs
from styleshift.hooks.records import DomainSpec, GeneratorSpec, RuntimeSpec, VocoderSpec

ENTRY_POINT_GROUP = "styleshift"
DISABLE_VARIABLE = "STYLESHIFT_DISABLE_PLUGINS"

# Imported before anything from outside, so that a built-in name cannot be taken.
BUILT_IN_MODULES = (
    "styleshift.audio.domain",
    "styleshift.networks.plugin",
    "styleshift.vocoders.plugin",
    "styleshift.conversion.runtimes",
)


class Named(Protocol):
    """What all records share."""

    @property
    def name(self) -> str:
        """Unique within its kind."""
        ...

    @property
    def summary(self) -> str:
        """One line."""
        ...


RecordT = TypeVar("RecordT", bound=Named)


@dataclass(frozen=True, slots=True)
class Registered(Generic[RecordT]):
    """A record and the package that brought it."""

    spec: RecordT
    package: str
    version: str


class Shelf(Generic[RecordT]):
    """The records of one kind, by name."""

    def __init__(self, kind: str, record: type[RecordT]) -> None:
        self.kind = kind
        self._record = record
        self._entries: dict[str, Registered[RecordT]] = {}

    def add(self, spec: object, package: str, version: str) -> None:
        """Take a record in.

        Raises:
            PluginError: it is no record of this kind, or its name is taken.
        """
        if not isinstance(spec, self._record):
            raise PluginError(
                f"package {package} handed over {type(spec).__name__} where a {self._record.__name__} belongs",
                f"uninstall {package} or set {DISABLE_VARIABLE}=1",
            )
        taken = self._entries.get(spec.name)
        if taken is not None:
            raise PluginError(
                f"{self.kind} {spec.name!r} is brought by two packages: {taken.package} and {package}",
                f"uninstall one of them or set {DISABLE_VARIABLE}=1",
            )
        self._entries[spec.name] = Registered(spec, package, version)

    def entry(self, name: str) -> Registered[RecordT]:
        """The record with its package.

        Raises:
            PluginError: there is none of that name; the message lists those there are.
        """
        found = self._entries.get(name)
        if found is None:
            known = ", ".join(sorted(self._entries)) or "none"
            raise PluginError(
                f"there is no {self.kind} {name!r}; there are: {known}",
                "`styleshift plugins list` shows where each comes from; a plugin is added with pip install",
            )
        return found

    def get(self, name: str) -> RecordT:
        """The record of that name; raises as :meth:`entry` does."""
        return self.entry(name).spec

    def entries(self) -> Mapping[str, Registered[RecordT]]:
        """All, in the order they came."""
        return dict(self._entries)

    def specs(self) -> list[RecordT]:
        """All records, in the order they came."""
        return [entry.spec for entry in self._entries.values()]


class Registry:
    """What is there: built in and from plugins.

    Attributes:
        domains, generators, vocoders, runtimes: one :class:`Shelf` a kind.
        warnings: plain sentences on plugins that could not be loaded.
        disabled: plugins were turned off.
    """

    def __init__(self) -> None:
        self.domains: Shelf[DomainSpec] = Shelf("domain source", DomainSpec)
        self.generators: Shelf[GeneratorSpec] = Shelf("generator", GeneratorSpec)
        self.vocoders: Shelf[VocoderSpec] = Shelf("vocoder", VocoderSpec)
        self.runtimes: Shelf[RuntimeSpec] = Shelf("runtime", RuntimeSpec)
        self.warnings: list[str] = []
        self.disabled = False
        self._manager = pluggy.PluginManager(specs.PROJECT)
        self._manager.add_hookspecs(specs)

    def register(self, plugin: object, package: str, version: str) -> None:
        """Take in everything that a plugin module or object brings.

        Raises:
            PluginError: a hook of an unknown name or signature, a wrong record, a name taken.
        """
        try:
            self._manager.register(plugin, name=f"{package}:{getattr(plugin, '__name__', id(plugin))}")
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(
                f"package {package}: {error}", "the plugin author's guide, docs/plugins.md, lists the hooks"
            ) from error
        for hook_name, shelf in self._shelves().items():
            caller = self._manager.subset_hook_caller(
                hook_name, [other for other in self._manager.get_plugins() if other is not plugin]
            )
            for records in caller():
                for spec in records:
                    shelf.add(spec, package, version)

    def shelves(self) -> list[Shelf[Any]]:
        """One a kind, in the order that data meets them."""
        return list(self._shelves().values())

    def _shelves(self) -> dict[str, Shelf[Any]]:
        return {
            "styleshift_domains": self.domains,
            "styleshift_generators": self.generators,
            "styleshift_vocoders": self.vocoders,
            "styleshift_runtimes": self.runtimes,
        }


@lru_cache(maxsize=1)
def load_registry() -> Registry:
    """The registry of this process: built-ins first, then every installed plugin.

    A plugin that cannot be imported becomes a warning in ``Registry.warnings``.

    Raises:
        PluginError: two packages bring the same name, or a plugin hands over what it must not.
    """
    from styleshift import __version__

    registry = Registry()
    for name in BUILT_IN_MODULES:
        registry.register(importlib.import_module(name), "styleshift", __version__)
    registry.disabled = os.environ.get(DISABLE_VARIABLE, "") not in ("", "0")
    if registry.disabled:
        return registry
    for distribution in distributions():
        _load_distribution(registry, distribution)
    return registry


def _load_distribution(registry: Registry, distribution: Distribution) -> None:
    for entry_point in distribution.entry_points:
        if entry_point.group != ENTRY_POINT_GROUP:
            continue
        package, version = distribution.metadata["Name"], distribution.version
        try:
            plugin = entry_point.load()
        except Exception as error:  # a stranger's code may raise anything at import
            registry.warnings.append(
                f"plugin {package} {version} cannot be loaded and is left out: {type(error).__name__}: {error}"
            )
            continue
        registry.register(plugin, package, version)


def build_config(config: type, values: Mapping[str, Any], owner: str) -> Any:
    """Make a spec's config dataclass from recipe or command-line values.

    Values are taken as they are, except that whole numbers become floats, and strings from the command line
    become numbers or truth values, where the field's default is one.

    Raises:
        ConfigError: an unknown key or a value of another type; ``owner`` is named.
    """
    if not is_dataclass(config):
        raise PluginError(f"{owner}: its config is {config!r}, which is no dataclass")
    defaults = config()
    known = {item.name: getattr(defaults, item.name) for item in fields(config)}
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            names = ", ".join(sorted(known)) or "none"
            raise ConfigError(f"{owner} has no option {key!r}; it has: {names}")
        made[key] = coerce(value, known[key], f"{owner} option {key!r}")
    return config(**made)


def coerce(value: Any, default: Any, what: str) -> Any:
    """``value`` in the type of ``default``; see :func:`build_config`."""
    wanted = type(default)
    if default is None or isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if isinstance(value, str) and wanted in (int, float, bool):
        try:
            if wanted is bool:
                return {"true": True, "false": False}[value.lower()]
            return wanted(value)
        except (KeyError, ValueError):
            pass
    raise ConfigError(f"{what} is {value!r}; it must be a {wanted.__name__}, such as {default!r}")
