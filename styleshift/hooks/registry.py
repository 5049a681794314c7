"""Finds the plugins that are installed and holds what they brought, by kind and name."""

from __future__ import annotations

import importlib
import re
import traceback
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import pluggy

from styleshift import __version__
from styleshift.errors import PluginError
from styleshift.hooks import engines, experiment, records, specs
from styleshift.hooks.installed import (
    DISABLE_VARIABLE,
    ENTRY_POINT_GROUP,
    LeftOut,
    PluginPackage,
    SwitchedOff,
    normal,
    plugin_packages,
    watched,
)
from styleshift.hooks.records import RecordT
from styleshift.hooks.shelf import BUILT_IN, GUIDE, IN_TREE, Registered, Shelf, how_to_install
from styleshift.progress import Reporter
from styleshift.words import did_you_mean

__all__ = [
    "BUILT_IN_MODULES",
    "DISABLE_VARIABLE",
    "ENTRY_POINT_GROUP",
    "IN_TREE",
    "Registered",
    "Registry",
    "Shelf",
    "how_to_install",
    "load_registry",
    "warn_of_plugins",
]

# Imported before anything from outside, so that a built-in name cannot be taken.
BUILT_IN_MODULES = (
    "styleshift.audio.domain",
    "styleshift.recipes.plugin",
    "styleshift.networks.plugin",
    "styleshift.evaluation.plugin",
    "styleshift.vocoders.plugin",
    "styleshift.runtimes.plugin",
    "styleshift.training.trackers",
    "styleshift.engines.plugin",
    "styleshift.models.plugin",
)


class Registry:
    """What is there: built in and from plugins.

    Attributes:
        domains, generators, discriminators, losses, augmentations, metrics, recipes, models, vocoders,
            runtimes, trackers, engines: one :class:`Shelf` a kind.
        left_out: plugins that are installed and could not be used.
        warnings: plain sentences on those, on names that two packages bring, and on slow imports.
        switched_off: plugins that the environment turns off.

    Args:
        guard: calls into plugins are guarded; see :mod:`styleshift.hooks.guard`.
    """

    def __init__(self, *, guard: bool = True) -> None:
        self.warnings: list[str] = []
        self.left_out: list[LeftOut] = []
        self.switched_off = SwitchedOff()

        def shelf(kind: str, record: type[RecordT]) -> Shelf[RecordT]:
            return Shelf(kind, record, self.warnings, guard=guard)

        self.domains = shelf("domain source", records.DomainSpec)
        self.generators = shelf("generator", records.GeneratorSpec)
        self.discriminators = shelf("discriminator", records.DiscriminatorSpec)
        self.losses = shelf("loss", experiment.LossSpec)
        self.augmentations = shelf("augmentation", experiment.AugmentationSpec)
        self.metrics = shelf("metric", experiment.MetricSpec)
        self.recipes = shelf("recipe", experiment.RecipeSpec)
        self.models = shelf("models", experiment.ModelsSpec)
        self.vocoders = shelf("vocoder", records.VocoderSpec)
        self.runtimes = shelf("runtime", records.RuntimeSpec)
        self.trackers = shelf("tracker", records.TrackerSpec)
        self.engines = shelf("engine", engines.EngineSpec)

    @property
    def disabled(self) -> bool:
        """Plugins are turned off, all of them."""
        return self.switched_off.all

    def register(self, plugin: object, package: str, version: str) -> None:
        """Take in everything that a plugin module or object brings, or, where anything is wrong, nothing.

        Raises:
            PluginError: a hook of an unknown name or signature, a wrong record, a name that is built in.
            Exception: whatever a hook itself raises.
        """
        try:
            brought = self._brought(plugin, package)
        except PluginError as error:
            raise PluginError(f"plugin {package} {version}: {error.message}", error.hint) from error
        for shelf, spec in brought:
            shelf.add(spec, package, version)

    def _brought(self, plugin: object, package: str) -> list[tuple[Shelf[Any], Any]]:
        """All records of a plugin with their shelves, each of them fit to be taken in."""
        shelves = self._shelves()
        # All hooks run before the first record is taken in: half a plugin would be worse than none.
        brought = [(shelves[name], spec) for name, hook in _hooks(plugin) for spec in _records(name, hook)]
        names: set[tuple[str, str]] = set()
        for shelf, spec in brought:
            if wrong := shelf.problem(spec, package):
                raise PluginError(wrong, GUIDE)
            if (key := (shelf.kind, spec.name)) in names:
                raise PluginError(f"it brings the {shelf.kind} {spec.name!r} twice", GUIDE)
            names.add(key)
        return brought

    def register_installed(self, found: Iterable[Distribution]) -> None:
        """Take in the plugins of installed packages; one that is broken is left out, with a warning."""
        packages = plugin_packages(found)
        for package in packages:
            if not self.switched_off.covers(package.name):
                self._load(package)
        there = {normal(package.name) for package in packages}
        for name in sorted(self.switched_off.names - there):
            self.warnings.append(f"{DISABLE_VARIABLE} names {name}, and no such plugin is installed")
        for shelf in self.shelves():
            for name, brought in shelf.clashes().items():
                self.warnings.append(
                    f"{shelf.kind} {name!r} is brought by {' and by '.join(brought)}, so it cannot be used; "
                    f"{DISABLE_VARIABLE} with the name of one switches that one off"
                )

    def _load(self, package: PluginPackage) -> None:
        """Import one package and take in what it brings."""
        if not package.entry_points:
            group = package.other_group
            self._leave_out(package, f"its entry point is in the group {group!r}, not {ENTRY_POINT_GROUP!r}")
            return
        if package.needs and package.refuses(__version__):
            self._leave_out(package, f"it needs styleshift {package.needs}; this is {__version__}")
            return
        seen: list[object] = []
        with watched(package.name, self.warnings):
            for entry_point in package.entry_points:
                try:
                    plugin = entry_point.load()
                    if any(plugin is other for other in seen):
                        continue
                    seen.append(plugin)
                    self.register(plugin, package.name, package.version)
                except PluginError as error:
                    own = f"plugin {package.name} {package.version}: "
                    hint = "" if error.hint == GUIDE else f"; {error.hint}"
                    self._leave_out(package, error.message.removeprefix(own) + hint)
                except (Exception, SystemExit) as error:  # a stranger's code may raise anything
                    self._leave_out(package, f"{type(error).__name__}: {_first_line(error)}{_later(error)}")

    def _leave_out(self, package: PluginPackage, reason: str) -> None:
        self.left_out.append(LeftOut(package.name, package.version, reason))
        self.warnings.append(str(self.left_out[-1]))

    def shelves(self) -> list[Shelf[Any]]:
        """One a kind, in the order that data meets them."""
        return list(self._shelves().values())

    def _shelves(self) -> dict[str, Shelf[Any]]:
        """By the hook that fills them, which has the attribute's name."""
        return {
            f"{specs.PROJECT}_{name}": shelf for name, shelf in vars(self).items() if isinstance(shelf, Shelf)
        }


def built_in() -> Registry:
    """A registry of what comes with styleshift, and nothing else."""
    registry = Registry()
    for name in BUILT_IN_MODULES:
        registry.register(importlib.import_module(name), BUILT_IN, __version__)
    return registry


@lru_cache(maxsize=1)
def load_registry() -> Registry:
    """The registry of this process: built-ins first, then every installed plugin.

    A plugin that is broken in any way becomes a warning in ``Registry.warnings``.
    """
    registry = built_in()
    registry.switched_off = SwitchedOff.from_environment()
    if not registry.disabled:
        registry.register_installed(distributions())
    return registry


def warn_of_plugins(reporter: Reporter) -> None:
    """Say which plugins were left out, for commands whose result might have been another with them."""
    for warning in load_registry().warnings:
        reporter.warn(warning)


def _hooks(plugin: object) -> list[tuple[str, pluggy.HookImpl]]:
    """The hooks that one plugin implements, by name, checked against the specifications."""
    # A manager of its own for each plugin: one that is refused leaves nothing behind, and no plugin can wrap
    # another's hooks.
    manager = pluggy.PluginManager(specs.PROJECT)
    manager.add_hookspecs(specs)
    try:
        manager.register(plugin)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise _unknown_hook(error) from error
    callers = manager.get_hookcallers(plugin) or []
    if not callers:
        bare = sorted(name for name in dir(plugin) if name.startswith("styleshift_") and hasattr(specs, name))
        raise PluginError(
            f"its {bare[0]} is not marked with @hookimpl" if bare else "its entry point defines no hook",
            "mark the hooks with @hookimpl from styleshift.hooks, and point the entry point at their module",
        )
    hooks = [(each.name, hook) for each in callers if each.has_spec() for hook in each.get_hookimpls()]
    for name, hook in hooks:
        if hook.wrapper or hook.hookwrapper:
            raise PluginError(f"{name} wraps a hook, which none may", GUIDE)
    return hooks


def _records(name: str, hook: pluggy.HookImpl) -> list[Any]:
    try:
        result = hook.function()  # not through pluggy, which drops None in silence
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}, line {frame.lineno}"
        raise PluginError(
            f"{name} raised {type(error).__name__} ({place}): {_first_line(error)}{_later(error)}"
        ) from error
    if isinstance(result, str | Mapping) or not isinstance(result, Iterable):
        kind = "None" if result is None else type(result).__name__
        raise PluginError(f"{name} returned {kind}, not a list of records", GUIDE)
    return list(result)


def _later(error: BaseException) -> str:
    """What is said where a plugin asks for what this version does not have, and a later one may."""
    said = str(error)
    record = isinstance(error, TypeError) and "Spec.__init__() got an unexpected keyword" in said
    name = isinstance(error, ImportError) and (error.name or "").startswith("styleshift.")
    return f"; it may need a later styleshift than {__version__}" if record or name else ""


def _unknown_hook(error: pluggy.PluginValidationError) -> PluginError:
    """In our words where a hook is not known here; pluggy's for the rest."""
    found = re.search(r"unknown hook '(\w+)'", str(error))
    if not found:
        taken = re.search(r"definition: (\w+)\((.*?)\)\s*Argument", str(error), re.DOTALL)
        if taken:
            return PluginError(f"{taken[1]} asks for arguments ({taken[2]}); a hook takes none", GUIDE)
        return PluginError(" ".join(str(error).split()), GUIDE)
    known = [name for name in vars(specs) if name.startswith("styleshift_")]
    return PluginError(
        f"{found[1]} is no hook of styleshift {__version__}; it is misspelt, or needs a later version",
        did_you_mean(found[1], known, "{}") or GUIDE,
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]
