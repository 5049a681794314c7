"""Whose a call is, and the error for what it did."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from styleshift.errors import PluginError, StyleshiftError
from styleshift.system.environment import debugging

END = object()  # what no plugin can have given


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose call it is.

    Attributes:
        package, version: of the plugin.
        record: what it brings, as ``generator equaliser``.
    """

    package: str
    version: str
    record: str

    def fault(self, what: str) -> Exception:
        """The error to raise for what the plugin did."""
        return PluginError(
            f"plugin {self.package} {self.version}, {self.record}: {what}",
            f"report it to its author{_where()}",
        )

    def built(self, spec: Any, *given: Any, members: Sequence[str] = ()) -> Any:
        """What a record builds: something that has these members, or that can be called."""
        made = self.call(spec.build, *given)
        for name in members:
            if not hasattr(made, name):
                raise self.fault(f"build returned {kind_of(made)}, which has no {name}")
        if not members and not callable(made):
            raise self.fault(f"build returned {kind_of(made)}, which cannot be called")
        return made

    def call(self, function: Callable[..., Any], *given: Any) -> Any:
        """Call a function of the plugin.

        Raises:
            StyleshiftError: what the plugin itself raised of that kind.
            PluginError: for whatever else it raised.
        """
        try:
            return function(*given)
        except (StyleshiftError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            if _out_of_memory(error):
                raise
            raise self.fault(_in_one_line(error)) from error


def kind_of(value: object) -> str:
    """What a value is, in a word."""
    return "None" if value is None else type(value).__name__


def _in_one_line(error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [""])[0][:300]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _out_of_memory(error: BaseException) -> bool:
    """As frameworks say it; whoever called may try with less."""
    return "outofmemory" in type(error).__name__.lower() or "out of memory" in str(error).lower()


def _where() -> str:
    """The traceback, where it would be lost on the way: in a worker process, and only when it is wanted."""
    if debugging() and multiprocessing.parent_process() is not None:
        return "\n" + traceback.format_exc().rstrip()
    return ""
