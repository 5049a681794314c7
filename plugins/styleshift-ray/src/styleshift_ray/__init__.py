"""Ray as an engine for styleshift: the work of ``precompute`` and ``convert`` on many machines."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field
from pydantic.dataclasses import dataclass

from styleshift.hooks import EngineSpec, hookimpl
from styleshift.hooks.engines import Engine


@dataclass(frozen=True)
class Options:
    """Where Ray is, and what a worker is given of it."""

    address: str = Field(
        default="",
        description="Of a cluster that runs, as `ray.init` takes it: `auto`, `HOST:6379`, `ray://HOST:10001`."
        " Without one, what RAY_ADDRESS says; without that, Ray is started on this machine.",
    )
    cpus: float = Field(
        default=1.0,
        gt=0.0,
        description="Processors that one worker takes; where files are in a store, two workers share them.",
    )
    gpus: float = Field(
        default=0.0, ge=0.0, description="Share of a GPU that one worker takes; 0.25 puts four on a card."
    )
    start_seconds: float = Field(
        default=600.0,
        gt=0.0,
        description="How long to wait for a first worker, for instance until a cluster has grown.",
    )


def _build(options: Options) -> Engine:
    from styleshift_ray.engine import RayEngine

    return RayEngine(options)


@hookimpl
def styleshift_engines() -> Iterable[EngineSpec]:
    """``--engine ray``."""
    return [EngineSpec("ray", "workers on a Ray cluster, or on this machine under Ray", _build, Options)]
