"""What jobs do: each task calls the library function that its command calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from styleshift.errors import LockedError
from styleshift.progress import Reporter
from styleshift.system.interrupt import StopRequest
from styleshift.workspace import Workspace

Task = Callable[..., None]
"""Takes the workspace, a reporter, and by name what :mod:`styleshift.studio.asked` made of a request."""
Result = TypeVar("Result")
_TURN_SECONDS = 0.5


def prepare(
    place: Workspace, reporter: Reporter, *, audio: str, recipe: str, changes: list[str], styles: list[str]
) -> None:
    """``styleshift precompute`` of the studio's own collections."""
    from styleshift.corpus import precompute
    from styleshift.recipes import load_recipe

    spectrogram = load_recipe(recipe, changes).spectrogram
    read = partial(precompute, Path(audio), place, spectrogram, domains=styles, reporter=reporter)
    for domain in _in_turn(read, reporter).domains:
        reporter.event("domain", **domain.to_dict())


def _in_turn(work: Callable[[], Result], reporter: Reporter) -> Result:
    """Wait while another process has what this needs: a page may ask for two things at once."""
    try:
        return work()
    except LockedError as error:
        with reporter.phase(error.message):
            while True:
                time.sleep(_TURN_SECONDS)
                with suppress(LockedError):
                    return work()


def train(
    place: Workspace,
    reporter: Reporter,
    *,
    styles: list[str],
    recipe: str,
    changes: list[str],
    name: str,
    device: str,
    steps: int | None,
    minutes: float | None,
) -> None:
    """``styleshift train``."""
    from styleshift.recipes import budget, load_recipe

    chosen = load_recipe(recipe, [*changes, *budget(steps, minutes)])
    with reporter.phase("loading PyTorch"):
        from styleshift.training.run import start_run
    x, y = styles
    result = start_run(place, (x, y), chosen, name=name or None, device=device, reporter=reporter)
    reporter.event("trained", **result.to_dict())


def resume(place: Workspace, reporter: Reporter, *, run: str, **sitting: Any) -> None:
    """A run goes on from its last checkpoint."""
    with reporter.phase("loading PyTorch"):
        from styleshift.training.run import resume_run
    reporter.event("trained", **resume_run(place, run, reporter=reporter, **sitting).to_dict())


def export(place: Workspace, reporter: Reporter, **given: Any) -> None:
    """``styleshift export``."""
    from styleshift.bundle.run import export_run

    for made in export_run(place, reporter=reporter, **given):
        reporter.event("exported", **made.to_dict())


def plan(
    place: Workspace, reporter: Reporter, *, source: str, model: str, settings: Mapping[str, Any]
) -> None:
    """What a conversion would do."""
    from styleshift.conversion.api import forecast_library

    with reporter.phase("looking at the files"):
        forecast = forecast_library(source, model, reporter=reporter, **settings)
    for track in forecast.tracks:
        reporter.event(
            "track",
            name=track.job.name,
            status=f"to {track.fate}" if track.fate in ("convert", "fail") else track.fate,
            message=track.reason,
            source=str(track.job.source),
            target=str(track.job.target),
            seconds=track.seconds,
            changed=list(track.changed),
            lost=list(track.lost),
        )
    reporter.event(
        "plan",
        output=str(forecast.plan.output),
        music_seconds=forecast.music_seconds,
        work_seconds=forecast.work_seconds,
        workers=forecast.workers,
        runtime=forecast.runtime,
    )


def convert(
    place: Workspace, reporter: Reporter, *, source: str, model: str, settings: Mapping[str, Any]
) -> None:
    """``styleshift convert`` of a library, or of one recording."""
    from styleshift.conversion.api import convert_library
    from styleshift.errors import StyleshiftError

    with StopRequest() as stop:
        result = convert_library(source, model, stop=lambda: stop.requested, reporter=reporter, **settings)
        reporter.event(
            "converted",
            output=str(result.plan.output),
            report=str(result.report or ""),
            music_seconds=result.seconds,
            seconds=result.took,
        )
        if result.fatal is not None:
            raise StyleshiftError(result.fatal.message, result.fatal.hint)
        if result.stopped:
            raise stop.error("stopped; what is done is whole, and the same conversion goes on from there")
    if result.plan.single and (failed := result.of("failed")):
        raise StyleshiftError(f"{failed[0].name}: {failed[0].message}", failed[0].hint)


def evaluate(
    place: Workspace,
    reporter: Reporter,
    *,
    converted: str,
    source: str,
    target: str,
    truth: str,
    model: str,
    strength: float | None,
    align: bool,
) -> None:
    """``styleshift evaluate``; with a model, its source is converted first."""
    from styleshift.evaluation.folders import evaluate_folders

    if model:
        settings = {"output": converted, "strength": strength}
        convert(place, reporter, source=source, model=model, settings=settings)
    result = evaluate_folders(
        Path(converted),
        target=Path(target),
        source=Path(source) if source else None,
        truth=Path(truth) if truth else None,
        align=align,
        reporter=reporter,
    )
    where = {name: (str(before), str(after)) for name, before, after in result.pairs}
    for name, figures in result.files:
        before, after = where.get(name, ("", f"{converted}/{name}"))
        reporter.event("file", name=name, source=before, target=after, figures=figures)
    for name, message in (*result.failed, *result.left_out):
        reporter.event("file", name=name, source="", target=f"{converted}/{name}", message=message)
    reporter.event(
        "evaluated",
        mean=result.mean,
        interval=result.interval,
        verdict=result.verdict,
        tags=result.tags,
    )


def verify(place: Workspace, reporter: Reporter, *, model: str) -> None:
    """``styleshift models verify``."""
    from styleshift.models.shelf import find_named
    from styleshift.models.verify import verify_model

    found = find_named(place, model, reporter.warn)
    with reporter.phase(f"running {found.name}"):
        digest = verify_model(found)
    reporter.event("verified", name=found.name, digest=digest)
    reporter.info(f"{found.name} is intact, and runs here ({digest[:12]})")


TASKS: Mapping[str, Task] = {
    "song": convert,
    **{task.__name__: task for task in (prepare, train, resume, export, plan, convert, evaluate, verify)},
}
