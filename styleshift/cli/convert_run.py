"""What ``styleshift convert`` does: find the model, plan, work, say what came of it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from styleshift.bundle.find import find_model
from styleshift.bundle.load import Bundle, load_bundle
from styleshift.cli.console import TerminalReporter
from styleshift.cli.convert_plan import show_plan, spoken
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan, parse_shard, plan_conversion
from styleshift.conversion.library.report import report_lines, write_reports
from styleshift.conversion.library.run import STALL_SECONDS, LibraryResult, convert_plan, default_jobs
from styleshift.conversion.library.worker import TrackOutcome
from styleshift.conversion.settings import ConvertSettings, checked, parse_options, with_runtime
from styleshift.errors import EXIT_OK, EXIT_SOME_FAILED, AudioError, StyleshiftError, UsageError
from styleshift.system.interrupt import StopRequest
from styleshift.workspace import setting, workspace

# A report of failures on the screen stays readable; the file has them all.
_SHOWN_FAILURES = 50


@dataclass(frozen=True, slots=True)
class ConvertRequest:
    """The words of one ``styleshift convert``; None where nothing was said."""

    source: Path
    target: str | None = None
    origin: str | None = None
    model: Path | None = None
    output: Path | None = None
    audio_format: str = "same"
    vocoder: str | None = None
    vocoder_options: tuple[str, ...] = ()
    runtime: str | None = None
    device: str | None = None
    jobs: int | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limit: int | None = None
    shard: str | None = None
    overwrite: str = "stale"
    salvage: bool = False
    keep_times: bool = False
    include_own: bool = False
    give_up: float = STALL_SECONDS
    dry_run: bool = False
    workspace: Path | None = None


def run_convert(request: ConvertRequest, reporter: TerminalReporter) -> int:
    """Do what was asked for and show it; the exit code is 0 or 3.

    Raises:
        StyleshiftError: nothing could be done, or the run ended before its end.
    """
    shard = parse_shard(request.shard)
    settings = make_settings(request)
    bundle = choose_model(request, reporter)
    plan = plan_conversion(
        request.source,
        bundle.metadata.target,
        output=request.output,
        audio_format=request.audio_format,
        include=request.include,
        exclude=request.exclude,
        limit=request.limit,
        shard=shard,
    )
    for skipped in plan.skipped:
        say = reporter.warn if skipped.notable else reporter.detail
        say(f"{skipped.name}: skipped: {skipped.message}")
    earlier = LibraryJournal.peek(plan.output).runtimes(settings.key(bundle.digest))
    settings = with_runtime(settings, bundle, reporter, earlier)
    jobs = int(setting("jobs", request.jobs)) or default_jobs(settings.device)
    if request.dry_run:
        show_plan(plan, bundle, settings, jobs, request.overwrite, reporter)
        return EXIT_OK
    metadata = bundle.metadata
    reporter.detail(f"model {bundle.path}: {metadata.source} to {metadata.target}")
    part = f"{shard[0]}of{shard[1]}" if shard else ""
    with StopRequest() as stop:
        result = convert_plan(
            plan,
            bundle,
            settings,
            jobs=jobs,
            overwrite=request.overwrite,
            part=part,
            stop=stop,
            reporter=reporter,
            stall_seconds=request.give_up,
        )
        if plan.single:
            return _show_single(plan, result, stop, reporter)
        report = _write(plan, result, bundle, part, reporter)
        _show_library(plan, result, report, reporter)
        damaged = sum(outcome.reason == "damaged" for outcome in result.of("failed"))
        if damaged and not request.salvage:
            reporter.info(f"{damaged} of them damaged: --salvage converts what can be read before the damage")
        _raise_if_cut_short(plan, result, stop)
    return EXIT_SOME_FAILED if result.of("failed") else EXIT_OK


def make_settings(request: ConvertRequest) -> ConvertSettings:
    """Settings by precedence, checked against the plugins that are installed.

    Raises:
        StyleshiftError: an unknown vocoder, runtime, device, or option of one.
    """
    settings = ConvertSettings(
        audio_format=request.audio_format,
        vocoder=str(setting("vocoder", request.vocoder)),
        vocoder_options=parse_options(request.vocoder_options),
        runtime=str(setting("runtime", request.runtime)),
        device=str(setting("device", request.device)),
        salvage=request.salvage,
        keep_times=request.keep_times,
        include_own=request.include_own,
    )
    return checked(settings)


def choose_model(request: ConvertRequest, reporter: TerminalReporter) -> Bundle:
    """The model that was named, or the one that fits.

    Raises:
        StyleshiftError: none fits, or several do, or the named one is something else.
    """
    if request.model is None:
        if request.target is None:
            raise UsageError("it is not said which style is wanted", "--to DOMAIN, or --model FILE")

        def command(path: Path) -> list[str]:
            return ["styleshift", "convert", str(request.source), "--model", str(path)]

        return find_model(
            workspace(request.workspace),
            target=request.target,
            source=request.origin,
            command=command,
            warn=reporter.warn,
        )
    bundle = load_bundle(request.model)
    metadata = bundle.metadata
    if request.target not in (None, metadata.target) or request.origin not in (None, metadata.source):
        raise UsageError(
            f"{request.model} converts {metadata.source} to {metadata.target}",
            f"--from {shlex.quote(metadata.source)} --to {shlex.quote(metadata.target)}, or neither",
        )
    return bundle


def _show_single(
    plan: LibraryPlan, result: LibraryResult, stop: StopRequest, reporter: TerminalReporter
) -> int:
    job = plan.jobs[0]
    if result.stopped:
        raise stop.error("stopped; nothing is written", "run the same command again")
    outcome = result.outcomes[job.name]
    if outcome.status == "failed":
        raise _as_error(outcome)
    reporter.event("file", name=job.name, status=outcome.status, target=str(job.target), **outcome.result)
    if outcome.status == "unchanged":
        reporter.result(f"{job.target} is there already")
    else:
        seconds = outcome.result["seconds"]
        reporter.result(f"{job.target}  {seconds:.1f} s of music in {result.took:.1f} s")
    return EXIT_OK


def _as_error(outcome: TrackOutcome) -> StyleshiftError:
    if outcome.exit_code:
        error = StyleshiftError(outcome.message, outcome.hint)
        error.exit_code = outcome.exit_code
        return error
    return AudioError(f"{outcome.name}: {outcome.message}", outcome.hint, reason=outcome.reason)


def _write(
    plan: LibraryPlan, result: LibraryResult, bundle: Bundle, part: str, reporter: TerminalReporter
) -> Path | None:
    path = None
    try:
        path = write_reports(plan, result, bundle, part)
    except OSError as error:
        reporter.warn(f"no report could be written to {plan.output}: {error.strerror or error}")
    for line in report_lines(plan, result):
        reporter.event("file", **line)
    return path


def _show_library(
    plan: LibraryPlan, result: LibraryResult, report: Path | None, reporter: TerminalReporter
) -> None:
    statuses = ("done", "unchanged", "failed", "left out")
    done, unchanged, failed, own = (len(result.of(status)) for status in statuses)
    seconds, took = result.seconds, result.took
    left = len(plan.jobs) - len(result.outcomes)
    figures = [
        ("converted", done),
        ("up to date", unchanged),
        ("failed", failed),
        *([("made by styleshift, left out", own)] if own else []),
        *([("not reached", left)] if left else []),
        *([("music there now", spoken(result.seconds_there))] if unchanged else []),
        ("music converted", spoken(seconds)),
        ("time", spoken(took)),
        ("speed", f"{seconds / took:.1f} x real time" if seconds else ""),
    ]
    reporter.table(str(plan.output), ["files and time", ""], figures)
    if failed:
        rows = [(outcome.name, outcome.reason, outcome.message) for outcome in result.of("failed")]
        reporter.table("not converted", ["file", "reason", "what was found"], rows[:_SHOWN_FAILURES])
        if len(rows) > _SHOWN_FAILURES:
            reporter.result(f"and {len(rows) - _SHOWN_FAILURES} more, all in {report}")
    reporter.event(
        "converted",
        output=str(plan.output),
        report=str(report) if report else None,
        done=done,
        unchanged=unchanged,
        failed=failed,
        left_out=own,
        left=left,
        music_seconds=seconds,
        music_seconds_there=result.seconds_there,
        seconds=took,
    )
    reporter.result(f"{done} converted, {unchanged} up to date, {failed} failed: {plan.output}")
    if report:
        reporter.info(f"to look at and listen to: {report.with_suffix('.html')}")


def _raise_if_cut_short(plan: LibraryPlan, result: LibraryResult, stop: StopRequest) -> None:
    finished = len(result.of("done", "unchanged"))
    if result.fatal is not None:
        fatal = result.fatal
        if fatal.reason == "disk full":
            raise AudioError(
                f"the disk is full: {finished} of {len(plan.jobs)} files are done, all of them whole",
                "make space and run the same command again; it goes on where it was",
                reason="disk full",
            )
        raise _as_error(fatal)
    if result.stopped:
        raise stop.error(
            f"stopped: {finished} of {len(plan.jobs)} files are done, all of them whole",
            "the same command goes on where it was",
        )
