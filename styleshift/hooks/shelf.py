"""The records of one kind, by name, each with the package that brought it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from styleshift.errors import PluginError
from styleshift.hooks.check import record_problem
from styleshift.hooks.guard import Owner, guarded
from styleshift.hooks.options import build_config
from styleshift.hooks.records import NoOptions, RecordT
from styleshift.words import did_you_mean

GUIDE = "docs/reference/plugin-hooks.md, the plugin author's guide, lists the hooks and their records"
BUILT_IN = "styleshift"  # the package of what comes with it

# What the packages beside styleshift bring: whoever names one of these has read of it.
IN_TREE = {
    "generator": {"unet": "styleshift-unet"},
    "vocoder": {"agla": "styleshift-phase", "admm": "styleshift-phase", "vocos": "styleshift-vocos"},
    "runtime": {"openvino": "styleshift-openvino", "openvino-bfloat16": "styleshift-openvino"},
    "domain source": {"midi": "styleshift-midi", "tags": "styleshift-tags"},
    "loss": {"chroma": "styleshift-live"},
    "augmentation": {"room": "styleshift-live", "hiss": "styleshift-live"},
    "recipe": {"live": "styleshift-live"},
    "engine": {"ray": "styleshift-ray"},
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


@dataclass(frozen=True, slots=True)
class Registered(Generic[RecordT]):
    """A record and the package that brought it."""

    spec: RecordT
    package: str
    version: str


class Shelf(Generic[RecordT]):
    """The records of one kind, by name.

    Args:
        kind: in words, for tables and errors.
        record: its type.
        warnings: sentences on plugins that were left out; whoever asks for a name that is missing reads them,
            for it may be one of theirs.
        guard: calls into what plugins bring are guarded; see :mod:`styleshift.hooks.guard`.
    """

    def __init__(
        self, kind: str, record: type[RecordT], warnings: Sequence[str] = (), *, guard: bool = True
    ) -> None:
        self.kind = kind
        self._record = record
        self._warnings = warnings
        self._guard = guard
        self._entries: dict[str, Registered[RecordT]] = {}
        self._twice: dict[str, list[str]] = {}

    def problem(self, spec: object, package: str) -> str:
        """What keeps a record out, as a sentence on ``package``; empty where nothing does."""
        if not isinstance(spec, self._record):
            return f"it returned {type(spec).__name__}, not {self._record.__name__}"
        if wrong := record_problem(spec):
            return f"its {self._record.__name__} {spec.name!r} {wrong}"
        taken = self._entries.get(spec.name)
        if taken is not None and taken.package == package:
            return f"it brings the {self.kind} {spec.name!r} twice"
        if taken is not None and taken.package == BUILT_IN:
            return f"the {self.kind} {spec.name!r} that it brings is built in"
        return ""

    def add(self, spec: RecordT, package: str, version: str) -> None:
        """Take a record in of which :meth:`problem` says nothing.

        A name that another package has brought is from then on nobody's.
        """
        name = spec.name
        if name in self._entries or name in self._twice:
            if former := self._entries.pop(name, None):
                self._twice[name] = [f"{former.package} {former.version}"]
            self._twice[name].append(f"{package} {version}")
            return
        if self._guard and package != BUILT_IN:
            spec = guarded(spec, Owner(package, version, f"{self.kind} {name}"))
        self._entries[name] = Registered(spec, package, version)

    def entry(self, name: str) -> Registered[RecordT]:
        """The record with its package.

        Raises:
            PluginError: there is none of that name, and the message lists those there are; or there are two.
        """
        if name in self._twice:
            raise PluginError(
                f"{self.kind} {name!r} is brought by {' and by '.join(self._twice[name])}",
                "uninstall one of them, or set STYLESHIFT_DISABLE_PLUGINS to its name",
            )
        found = self._entries.get(name)
        if found is None:
            known = ", ".join(sorted(self._entries)) or "none"
            raise PluginError(
                f"there is no {self.kind} {name!r}; available: {known}",
                "; ".join(self._warnings)
                or how_to_install(name, self.kind)
                or did_you_mean(name, self._entries, "{!r}")
                or "`styleshift plugins list` shows what there is; a plugin is added with pip install",
            )
        return found

    def get(self, name: str) -> RecordT:
        """The record of that name; raises as :meth:`entry` does."""
        return self.entry(name).spec

    def configured(self, name: str, options: Mapping[str, Any]) -> tuple[RecordT, Any]:
        """The record of that name, and its config with some options set.

        Raises:
            PluginError: as :meth:`entry`.
            ConfigError: as :func:`styleshift.hooks.options.build_config`.
        """
        spec = self.get(name)
        return spec, build_config(getattr(spec, "config", NoOptions), options, f"{self.kind} {name}")

    def entries(self) -> Mapping[str, Registered[RecordT]]:
        """All, in the order they came; a name that two packages bring is left out."""
        return dict(self._entries)

    def specs(self) -> list[RecordT]:
        """All records, in the order they came."""
        return [entry.spec for entry in self._entries.values()]

    def clashes(self) -> Mapping[str, list[str]]:
        """The names that more than one package brings, and which packages."""
        return dict(self._twice)
