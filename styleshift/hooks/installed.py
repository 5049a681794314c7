"""Which packages bring plugins, which of them are switched off, and their modules, imported with care."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint

ENTRY_POINT_GROUP = "styleshift"
DISABLE_VARIABLE = "STYLESHIFT_DISABLE_PLUGINS"
# Each takes a second or more to import, which every command that loads plugins would pay.
HEAVY = ("torch", "onnxruntime", "onnx", "scipy", "librosa", "tensorflow", "openvino", "jax")
_SLOW_SECONDS = 1.0  # of the processor
_NEARLY = re.compile(rf"{ENTRY_POINT_GROUP}([._ -]?\w+)?", re.IGNORECASE)  # what authors write instead
_REQUIREMENT = re.compile(r"styleshift(?:\[[^]]*\])?\s*([(<>=!~].*)", re.IGNORECASE)
_NO, _ALL = ("", "0", "false", "no", "off"), ("1", "true", "yes", "on", "all")


@dataclass(frozen=True, slots=True)
class PluginPackage:
    """An installed package that brings plugins.

    Attributes:
        name, version: as its metadata give them; ``unknown`` where an installation is damaged.
        entry_points: of the group ``styleshift``; none where its author put them into another.
        other_group: which one that is.
        needs: the versions of styleshift that its metadata ask for, such as ``>=0.3``.
    """

    name: str
    version: str
    entry_points: tuple[EntryPoint, ...]
    other_group: str = ""
    needs: str = ""

    def refuses(self, version: str) -> bool:
        """It asks for another version of styleshift, as pip would not have installed it beside this one."""
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            return not SpecifierSet(self.needs).contains(version, prereleases=True)
        except InvalidSpecifier:
            return False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A plugin that is installed and not used.

    Attributes:
        package, version: of it.
        reason: why, in one line.
    """

    package: str
    version: str
    reason: str

    def __str__(self) -> str:
        return (
            f"plugin {self.package} {self.version} is left out: {self.reason}; "
            f"{DISABLE_VARIABLE}={self.package} switches it off"
        )


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """What the environment says of plugins.

    Attributes:
        all: none is loaded.
        names: packages that are not.
    """

    all: bool = False
    names: frozenset[str] = frozenset()

    @classmethod
    def from_environment(cls) -> SwitchedOff:
        """Read ``STYLESHIFT_DISABLE_PLUGINS``: yes or no, or names of packages between commas."""
        value = os.environ.get(DISABLE_VARIABLE, "").strip()
        if value.lower() in _NO:
            return cls()
        if value.lower() in _ALL:
            return cls(all=True)
        return cls(names=frozenset(normal(name) for name in value.split(",") if name.strip()))

    def covers(self, package: str) -> bool:
        """Whether this package is not to be loaded."""
        return self.all or normal(package) in self.names


def normal(package: str) -> str:
    """A package's name as indexes compare names."""
    return re.sub(r"[-_.]+", "-", package.strip()).lower()


def plugin_packages(found: Iterable[Distribution]) -> list[PluginPackage]:
    """The packages that bring plugins, in the order of their names.

    A package that is on the path twice counts once, the first time, as an import would choose.
    """
    first: dict[str, PluginPackage] = {}
    for distribution in found:
        found_points = distribution.entry_points
        entry_points = tuple(entry for entry in found_points if entry.group == ENTRY_POINT_GROUP)
        other = next((entry.group for entry in found_points if _NEARLY.fullmatch(entry.group)), "")
        if entry_points or other:  # only now: metadata of every installed package would take long to read
            metadata = distribution.metadata
            # A damaged installation has neither; its type promises no .get.
            name = metadata["Name"] if "Name" in metadata else "unknown"  # noqa: SIM401
            version = metadata["Version"] if "Version" in metadata else "unknown"  # noqa: SIM401
            first.setdefault(
                normal(name), PluginPackage(name, version, entry_points, other, _needs(distribution))
            )
    return [first[name] for name in sorted(first)]


def _needs(distribution: Distribution) -> str:
    """The versions of styleshift that a package asks for; an extra of its own does not count."""
    for line in distribution.requires or ():
        wanted, _, marker = line.partition(";")
        if (found := _REQUIREMENT.fullmatch(wanted.strip())) and "extra" not in marker:
            return found[1].strip("() ")
    return ""


@contextmanager
def watched(package: str, warnings: list[str]) -> Iterator[None]:
    """Within it a plugin is loaded; a sentence is added to ``warnings`` where that takes long.

    What the plugin prints goes to stderr: stdout is for results.
    """
    before, began = heavy_modules(), time.process_time()
    with redirect_stdout(sys.stderr):
        yield
    seconds = time.process_time() - began
    heavy = [name for name in heavy_modules() if name not in before]
    if heavy or seconds >= _SLOW_SECONDS:
        why = f", for it imports {', '.join(heavy)} at its top" if heavy else ""
        warnings.append(
            f"plugin {package} makes every command {seconds:.1f} s slower{why}; its author can move "
            "imports into the functions that need them"
        )


def heavy_modules() -> Collection[str]:
    """Which of ``HEAVY`` this process has imported."""
    return [name for name in HEAVY if name in sys.modules]
