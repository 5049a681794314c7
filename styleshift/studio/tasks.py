"""What jobs do: each task calls the library function that its command calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from styleshift.errors import LockedError
from styleshift.progress import Reporter
from styleshift.system.interrupt import StopRequest
from styleshift.workspace import Workspace

if TYPE_CHECKING:
    from styleshift.conversion.library.result import LibraryResult
    from styleshift.corpus import PrecomputeResult

Arguments = Mapping[str, Any]
Task = Callable[[Arguments, Reporter], None]
Result = TypeVar("Result")
_TURN_SECONDS = 0.5


def prepare(given: Arguments, reporter: Reporter) -> None:
    """``styleshift precompute`` of the studio's own collections."""
    from styleshift.corpus import precompute
    from styleshift.recipes import load_recipe

    def read() -> PrecomputeResult:
        return precompute(
            Path(given["audio"]),
            Workspace(Path(given["workspace"])),
            load_recipe(given["recipe"], given["changes"]).spectrogram,
            domains=given["styles"],
            reporter=reporter,
        )

    result = _in_turn(read, reporter)
    for domain in result.domains:
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


def train(given: Arguments, reporter: Reporter) -> None:
    """``styleshift train``."""
    from styleshift.recipes import budget, load_recipe

    recipe = load_recipe(given["recipe"], [*given["changes"], *budget(given["steps"], given["minutes"])])
    with reporter.phase("loading PyTorch"):
        from styleshift.training.run import start_run
    x, y = given["styles"]
    result = start_run(
        Workspace(Path(given["workspace"])),
        (x, y),
        recipe,
        name=given["name"] or None,
        device=given["device"],
        reporter=reporter,
    )
    reporter.event("trained", **result.to_dict())


def resume(given: Arguments, reporter: Reporter) -> None:
    """A run goes on from its last checkpoint."""
    with reporter.phase("loading PyTorch"):
        from styleshift.training.run import resume_run
    result = resume_run(
        Workspace(Path(given["workspace"])),
        given["run"],
        steps=given["steps"] or None,
        minutes=given["minutes"] or None,
        device=given["device"],
        reporter=reporter,
    )
    reporter.event("trained", **result.to_dict())


def export(given: Arguments, reporter: Reporter) -> None:
    """``styleshift export``."""
    from styleshift.bundle.run import export_run

    exported = export_run(
        Workspace(Path(given["workspace"])),
        run=given["run"],
        checkpoint=given["checkpoint"],
        overwrite=given["overwrite"],
        reporter=reporter,
    )
    for made in exported:
        reporter.event("exported", **made.to_dict())


def plan(given: Arguments, reporter: Reporter) -> None:
    """What a conversion would do."""
    from styleshift.conversion.api import forecast_library

    with reporter.phase("looking at the files"):
        forecast = forecast_library(given["source"], given["model"], reporter=reporter, **given["settings"])
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


def convert(given: Arguments, reporter: Reporter) -> None:
    """``styleshift convert`` of a library, or of one recording."""
    _convert(given["source"], given["model"], given["settings"], reporter)


def _convert(source: str, model: str, settings: Arguments, reporter: Reporter) -> LibraryResult:
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
    return result


def evaluate(given: Arguments, reporter: Reporter) -> None:
    """``styleshift evaluate``; with a model, its source is converted first."""
    from styleshift.evaluation.folders import evaluate_folders

    converted = Path(given["converted"])
    source = Path(given["source"]) if given["source"] else None
    if given["model"]:
        settings = {"output": str(converted), "strength": given["strength"]}
        _convert(given["source"], given["model"], settings, reporter)
    result = evaluate_folders(
        converted,
        target=Path(given["target"]),
        source=source,
        truth=Path(given["truth"]) if given["truth"] else None,
        align=given["align"],
        reporter=reporter,
    )
    where = {name: (str(before), str(after)) for name, before, after in result.pairs}
    for name, figures in result.files:
        before, after = where.get(name, ("", str(converted / name)))
        reporter.event("file", name=name, source=before, target=after, figures=figures)
    for name, message in result.failed:
        reporter.event("file", name=name, source="", target=str(converted / name), message=message)
    reporter.event("evaluated", mean=result.mean, interval=result.interval, verdict=result.verdict)


def verify(given: Arguments, reporter: Reporter) -> None:
    """``styleshift models verify``."""
    from styleshift.models.shelf import find_named
    from styleshift.models.verify import verify_model

    model = find_named(Workspace(Path(given["workspace"])), given["model"], reporter.warn)
    with reporter.phase(f"running {model.name}"):
        digest = verify_model(model)
    reporter.event("verified", name=model.name, digest=digest)
    reporter.info(f"{model.name} is intact, and runs here ({digest[:12]})")


TASKS: Mapping[str, Task] = {
    "song": convert,
    **{task.__name__: task for task in (prepare, train, resume, export, plan, convert, evaluate, verify)},
}
