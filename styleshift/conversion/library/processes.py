"""How many worker processes convert a library, and whether they share one that runs the model."""

from __future__ import annotations

from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.tracks import Track
from styleshift.conversion.settings import ConvertSettings
from styleshift.hooks import Engine
from styleshift.hooks.registry import load_registry
from styleshift.hooks.shelf import BUILT_IN

# In the unit of `Track.work`, about 1 s of music: to convert less takes no longer than to wait for the disk.
SHORT = 1000.0
# So many of them a processor are worth the start of a second process for it.
_MANY_SHORT = 100
_MOST_ON_GPU = 6


def default_jobs(settings: ConvertSettings, engine: Engine, short: int = 0, *, in_store: bool = False) -> int:
    """Workers: one a processor; a few where each may have a package's vocoder on this machine's GPU.

    Args:
        settings: of the conversion.
        engine: that runs the workers.
        short: how many short files there are. Of many of them a worker waits for the disk about as long as it
            works, so there are two a processor.
        in_store: recordings come from a store, or go to one: two a processor, too.
    """
    if in_store or (engine.local and settings.device == "cpu" and short > _MANY_SHORT * engine.workers):
        many = 2 * engine.workers
    else:
        many = engine.workers
    if not engine.local or settings.device == "cpu":
        return many
    built_in = load_registry().vocoders.entry(settings.vocoder).package == BUILT_IN
    return many if built_in else min(many, _MOST_ON_GPU)


def workers_for(plan: LibraryPlan, files: int, short: int, settings: ConvertSettings, engine: Engine) -> int:
    """How many workers convert so many files of a plan, so many of them short: one at least."""
    most_short = short if 2 * short > files else 0  # two long files at a time take a processor's caches
    jobs = settings.jobs or default_jobs(settings, engine, most_short, in_store=plan.remote)
    return max(1, min(jobs, files))


def is_short(track: Track) -> bool:
    """Whether waiting for the disk takes as long as converting it."""
    return track.work < SHORT


def shares_device(settings: ConvertSettings, engine: Engine, jobs: int) -> bool:
    """Whether one process runs the model for all workers: on a GPU, where several sessions are in the way."""
    return engine.local and jobs > 1 and settings.device not in ("auto", "cpu")
