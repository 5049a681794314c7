"""The engine: starts Ray or finds it, and says how much work it can take."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import ray

from styleshift.errors import StyleshiftError
from styleshift.hooks.engines import Crashed, Finished, JobT, OutcomeT, Progress, Stalled, Work
from styleshift_ray.fleet import Fleet

if TYPE_CHECKING:
    from styleshift_ray import Options

# Jobs and outcomes are small: they pass through Ray's store, and recordings never do.
_STORE_BYTES = 100 * 1024 * 1024


class RayEngine:
    """Runs work in Ray actors, one job at a time in each; see :class:`styleshift.hooks.Engine`.

    Args:
        options: where Ray is, and what a worker takes of it.

    Raises:
        StyleshiftError: Ray cannot be reached or started, or has less than one worker takes.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        address = options.address or os.environ.get("RAY_ADDRESS", "")
        self.local = not address and not ray.is_initialized()
        if not ray.is_initialized():
            _connect(address)
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        fits = int(resources.get("CPU", 0) / options.cpus)
        if options.gpus:
            fits = min(fits, int(resources.get("GPU", 0) / options.gpus))
        if not fits:
            has = ", ".join(f"{resources.get(kind, 0):g} {kind}" for kind in ("CPU", "GPU"))
            raise StyleshiftError(
                f"Ray has {has}, which is less than one worker takes",
                "give the engine options `cpus` and `gpus` smaller values, or add machines to the cluster",
            )
        self.workers = fits

    def threads(self, workers: int) -> int:
        """As many as a worker has processors."""
        return max(1, int(self._options.cpus))

    def run(
        self,
        work: Work[JobT, OutcomeT],
        jobs: Iterable[JobT],
        *,
        workers: int,
        patience: float,
        stop: Callable[[], bool],
    ) -> Generator[tuple[JobT, Progress | Finished[OutcomeT] | Crashed | Stalled], None, None]:
        """See :meth:`styleshift.hooks.Engine.run`; what a worker that dies was at is tried once more."""
        if work.waits and self._options.gpus:  # a share of a card is its memory, which does not wait
            workers = min(workers, self.workers)
        with closing(Fleet(self._options, work, workers, patience)) as fleet:
            yield from fleet.events(jobs, stop)


def _connect(address: str) -> None:
    # Neither what workers print, nor Ray's own news, belongs on the stdout of a command.
    quiet: dict[str, Any] = {
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "configure_logging": False,
    }
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            ray.init(include_dashboard=False, object_store_memory=_STORE_BYTES, **quiet)
    except (ConnectionError, OSError, RuntimeError, ValueError, TimeoutError) as error:
        where = f"at {address}" if address else "on this machine"
        raise StyleshiftError(
            f"there is no Ray {where}: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            "start one with `ray start --head`, or leave out the address to run on this machine",
        ) from error
