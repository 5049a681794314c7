"""Finds the plugins that are installed and holds what they brought, by kind and name."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any, Generic, Protocol, TypeVar

import pluggy

from styleshift.errors import PluginError
from styleshift.hooks import specs
from styleshift.hooks.check import record_problem
from styleshift.hooks.engines import EngineSpec
from styleshift.hooks.options import build_config
from styleshift.hooks.records import DomainSpec, GeneratorSpec, RuntimeSpec, TrackerSpec, VocoderSpec
from styleshift.progress import Reporter
from styleshift.words import did_you_mean

__all__ = [
    "BUILT_IN_MODULES",
    "DISABLE_VARIABLE",
    "ENTRY_POINT_GROUP",
    "Registered",
    "Registry",
    "Shelf",
    "build_config",
    "how_to_install",
    "load_registry",
    "warn_of_plugins",
]

ENTRY_POINT_GROUP = "styleshift"
DISABLE_VARIABLE = "STYLESHIFT_DISABLE_PLUGINS"
GUIDE = "docs/reference/plugin-hooks.md, the plugin author's guide, lists the hooks and their records"

# Imported before anything from outside, so that a built-in name cannot be taken.
BUILT_IN_MODULES = (
    "styleshift.audio.domain",
    "styleshift.networks.plugin",
    "styleshift.vocoders.plugin",
    "styleshift.runtimes.plugin",
    "styleshift.training.trackers",
    "styleshift.engines.plugin",
)

# What the packages beside styleshift bring: whoever names one of these has read of it.
IN_TREE = {
    "generator": {"unet": "styleshift-unet"},
    "vocoder": {"agla": "styleshift-phase", "admm": "styleshift-phase"},
    "runtime": {"openvino": "styleshift-openvino", "openvino-bfloat16": "styleshift-openvino"},
    "domain source": {"midi": "styleshift-midi"},
}


def how_to_install(name: str, kind: str | None = None) -> str:
    """A hint, where a package that lies beside styleshift brings that name; else nothing.

    Args:
        name: of a record.
        kind: its kind; None for any.
    """
    for known, names in IN_TREE.items():
        if kind in (None, known) and name in names:
            package = names[name]
            return f"pip install ./plugins/{package}, in styleshift's source folder"
    return ""


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

    def requirement(self) -> dict[str, str]:
        """What a checkpoint or a bundle writes down: ``{"package": ..., "version": ...}``."""
        return {"package": self.package, "version": self.version}


class Shelf(Generic[RecordT]):
    """The records of one kind, by name.

    Args:
        kind: in words, for tables and errors.
        record: its type.
        warnings: sentences on plugins that could not be loaded; whoever asks for a name that is missing
            reads them, for it may be one of theirs.
    """

    def __init__(self, kind: str, record: type[RecordT], warnings: Sequence[str] = ()) -> None:
        self.kind = kind
        self._warnings = warnings
        self._record = record
        self._entries: dict[str, Registered[RecordT]] = {}

    def add(self, spec: object, package: str, version: str) -> None:
        """Take a record in.

        Raises:
            PluginError: it is no record of this kind, a field of it is wrong, or its name is taken.
        """
        if not isinstance(spec, self._record):
            raise PluginError(
                f"package {package} handed over {type(spec).__name__}, not {self._record.__name__}",
                f"{GUIDE}; to go on without {package}, uninstall it or set {DISABLE_VARIABLE}=1",
            )
        if wrong := record_problem(spec):
            raise PluginError(
                f"package {package}: the {self._record.__name__} {spec.name!r} {wrong}",
                f"{GUIDE}; to go on without {package}, uninstall it or set {DISABLE_VARIABLE}=1",
            )
        taken = self._entries.get(spec.name)
        if taken is not None:
            who = (
                f"brought twice by {package}"
                if taken.package == package
                else f"brought by two packages: {taken.package} {taken.version} and {package} {version}"
            )
            unwanted = package if taken.package in (package, "styleshift") else "one of them"
            raise PluginError(
                f"{self.kind} {spec.name!r} is {who}", f"uninstall {unwanted} or set {DISABLE_VARIABLE}=1"
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
                "; ".join(self._warnings)
                or how_to_install(name, self.kind)
                or did_you_mean(name, self._entries, "{!r}")
                or "`styleshift plugins list` shows what there is; a plugin is added with pip install",
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
        domains, generators, vocoders, runtimes, trackers, engines: one :class:`Shelf` a kind.
        warnings: plain sentences on plugins that could not be loaded.
        disabled: plugins were turned off.
    """

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.domains: Shelf[DomainSpec] = Shelf("domain source", DomainSpec, self.warnings)
        self.generators: Shelf[GeneratorSpec] = Shelf("generator", GeneratorSpec, self.warnings)
        self.vocoders: Shelf[VocoderSpec] = Shelf("vocoder", VocoderSpec, self.warnings)
        self.runtimes: Shelf[RuntimeSpec] = Shelf("runtime", RuntimeSpec, self.warnings)
        self.trackers: Shelf[TrackerSpec] = Shelf("tracker", TrackerSpec, self.warnings)
        self.engines: Shelf[EngineSpec] = Shelf("engine", EngineSpec, self.warnings)
        self.disabled = False

    def register(self, plugin: object, package: str, version: str) -> None:
        """Take in everything that a plugin module or object brings, or, when a hook fails, nothing.

        Raises:
            PluginError: a hook of an unknown name or signature, a wrong record, a name taken.
            Exception: whatever a hook itself raises.
        """
        shelves = self._shelves()
        # All hooks run before the first record is taken in: half a plugin would be worse than none.
        for hook, records in [(hook, _records(hook, package)) for hook in _hooks(plugin, package)]:
            for spec in records:
                shelves[hook.name].add(spec, package, version)

    def register_installed(self, found: Iterable[Distribution]) -> None:
        """Take in the plugins of installed packages; one that breaks becomes a line in :attr:`warnings`.

        Raises:
            PluginError: as :meth:`register` does.
        """
        for package, version, entry_points in _plugin_packages(found):
            seen: list[object] = []
            for entry_point in entry_points:
                try:
                    plugin = entry_point.load()
                    if any(plugin is other for other in seen):
                        continue
                    seen.append(plugin)
                    self.register(plugin, package, version)
                except PluginError:
                    raise
                except (Exception, SystemExit) as error:  # a stranger's code may raise anything
                    self.warnings.append(
                        f"plugin {package} {version} cannot be loaded and is left out: "
                        f"{type(error).__name__}: {_first_line(error)}"
                    )

    def shelves(self) -> list[Shelf[Any]]:
        """One a kind, in the order that data meets them."""
        return list(self._shelves().values())

    def _shelves(self) -> dict[str, Shelf[Any]]:
        return {
            "styleshift_domains": self.domains,
            "styleshift_generators": self.generators,
            "styleshift_vocoders": self.vocoders,
            "styleshift_runtimes": self.runtimes,
            "styleshift_trackers": self.trackers,
            "styleshift_engines": self.engines,
        }


@lru_cache(maxsize=1)
def load_registry() -> Registry:
    """The registry of this process: built-ins first, then every installed plugin.

    A plugin that cannot be imported, or whose hook fails, becomes a warning in ``Registry.warnings``.

    Raises:
        PluginError: two packages bring the same name, or a plugin hands over what it must not.
    """
    from styleshift import __version__

    registry = Registry()
    for name in BUILT_IN_MODULES:
        registry.register(importlib.import_module(name), "styleshift", __version__)
    registry.disabled = os.environ.get(DISABLE_VARIABLE, "") not in ("", "0")
    if not registry.disabled:
        registry.register_installed(distributions())
    return registry


def warn_of_plugins(reporter: Reporter) -> None:
    """Say which plugins could not be loaded, for commands whose result might have been another with them."""
    for warning in load_registry().warnings:
        reporter.warn(warning)


def _hooks(plugin: object, package: str) -> list[pluggy.HookCaller]:
    """The hooks that one plugin implements, checked against the specifications."""
    # A manager of its own for each plugin: one that is refused leaves nothing behind, and no plugin can wrap
    # another's hooks.
    manager = pluggy.PluginManager(specs.PROJECT)
    manager.add_hookspecs(specs)
    try:
        manager.register(plugin)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"package {package}: {' '.join(str(error).split())}", GUIDE) from error
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        for implementation in caller.get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                raise PluginError(f"package {package}: {caller.name} wraps a hook, which none may", GUIDE)
    if not callers:
        raise PluginError(
            f"package {package}: its entry point defines no hook",
            "mark the hooks with @hookimpl from styleshift.hooks, and point the entry point at their module",
        )
    return [caller for caller in callers if caller.has_spec()]


def _records(hook: pluggy.HookCaller, package: str) -> list[object]:
    results = hook()
    records: list[object] = []
    for result in results:
        if isinstance(result, str | Mapping) or not isinstance(result, Iterable):
            raise PluginError(
                f"package {package}: {hook.name} returned {type(result).__name__}, not a list of records",
                GUIDE,
            )
        records.extend(result)
    return records


def _plugin_packages(found: Iterable[Distribution]) -> list[tuple[str, str, list[EntryPoint]]]:
    """Name, version and entry points of the packages that bring plugins, in the order of their names.

    A package that is on the path twice counts once, the first time, as an import would choose.
    """
    first: dict[str, tuple[str, str, list[EntryPoint]]] = {}
    for distribution in found:
        entry_points = [entry for entry in distribution.entry_points if entry.group == ENTRY_POINT_GROUP]
        if entry_points:  # only now: metadata of every installed package would take long to read
            metadata = distribution.metadata
            # A damaged installation has neither; its type promises no .get.
            name = metadata["Name"] if "Name" in metadata else "unknown"  # noqa: SIM401
            version = metadata["Version"] if "Version" in metadata else "unknown"  # noqa: SIM401
            first.setdefault(re.sub(r"[-_.]+", "-", name).lower(), (name, version, entry_points))
    return [first[name] for name in sorted(first)]


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]
