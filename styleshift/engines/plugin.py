"""The engine that is built in, through the same hook as everybody's, and how one is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from styleshift.hooks.engines import Engine, EngineSpec
from styleshift.hooks.records import NoOptions
from styleshift.hooks.specs import hookimpl


def load_engine(name: str = "local", options: Mapping[str, Any] | None = None) -> Engine:
    """The engine of that name.

    Args:
        name: as ``styleshift plugins list`` shows it.
        options: of the engine, as text or plain values.

    Raises:
        PluginError: there is none of that name.
        ConfigError: it has no such option, or the value does not fit.
        StyleshiftError: it cannot be used here.
    """
    from styleshift.hooks.registry import load_registry

    spec, config = load_registry().engines.configured(name, options or {})
    return spec.build(config)


def _local(options: NoOptions) -> Engine:
    from styleshift.engines.local import LocalEngine

    return LocalEngine()


@hookimpl
def styleshift_engines() -> Iterable[EngineSpec]:
    """Processes on this machine."""
    return [EngineSpec("local", "worker processes on this machine", _local)]
