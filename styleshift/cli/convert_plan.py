"""What ``styleshift convert --dry-run`` shows: what would become of each file, and how long it would take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.run import judge
from styleshift.conversion.library.worker import left_out
from styleshift.conversion.track.load import load_converter, real_time_factor
from styleshift.errors import AudioError
from styleshift.system.environment import processors

if TYPE_CHECKING:
    from styleshift.bundle.load import Bundle
    from styleshift.cli.console import TerminalReporter
    from styleshift.conversion.library.plan import LibraryPlan, TrackJob
    from styleshift.conversion.settings import ConvertSettings


def show_plan(
    plan: LibraryPlan,
    bundle: Bundle,
    settings: ConvertSettings,
    jobs: int,
    overwrite: str,
    reporter: TerminalReporter,
) -> None:
    """Say what would be done, without writing anything. Files are opened, but their music is not decoded."""
    journal, key = LibraryJournal.peek(plan.output), settings.key(bundle.digest)
    rows, counts, music = [], dict.fromkeys(("convert", "up to date", "left out", "fail"), 0), 0.0
    for job in plan.jobs:
        outcome, _ = judge(plan, job, journal, key, overwrite)
        seconds: float | None = None
        why = ""
        if outcome is not None:
            fate, why = ("up to date" if outcome.status == "unchanged" else "fail"), outcome.reason
        else:
            fate, why, seconds = _look(job, settings, plan.single)
        counts[fate] += 1
        music += seconds or 0.0
        target = job.target.relative_to(plan.output).as_posix()
        rows.append((job.name, target, f"{fate}: {why}" if why else fate, _length(seconds)))
        reporter.event(
            "planned",
            name=job.name,
            source=str(job.source),
            target=str(job.target),
            fate=fate,
            reason=why,
            seconds=seconds,
        )
    workers = max(1, min(jobs, counts["convert"]))
    converter, description = load_converter(bundle, settings, max(1, processors() // workers))
    work = real_time_factor(converter) * music / workers
    reporter.table(f"{plan.output}: nothing is written", ["file", "becomes", "will", "length"], rows)
    reporter.event(
        "plan",
        files=len(rows),
        hours=music / 3600,
        convert=counts["convert"],
        up_to_date=counts["up to date"],
        left_out=counts["left out"],
        fail=counts["fail"],
        output=str(plan.output),
        minutes_of_work=work / 60,
        runtime=description,
    )
    reporter.result(
        f"{len(rows)} files: {counts['convert']} to convert, {spoken(music)} of music; "
        f"{counts['up to date']} up to date, {counts['left out']} left out, {counts['fail']} will fail"
    )
    if counts["convert"]:
        reporter.info(
            "headers, lengths and tags were looked at; damage inside a file shows when it is converted"
        )
        reporter.result(f"about {spoken(work)} of work for {workers} at once, {description}")


def _look(job: TrackJob, settings: ConvertSettings, single: bool) -> tuple[str, str, float | None]:
    """What the file's header and tags say: its fate, the reason, and its length."""
    from styleshift.audio.read import open_audio
    from styleshift.audio.tags import made_by_styleshift

    try:
        with open_audio(job.source) as stream:
            if not settings.salvage:
                stream.check_promise()
            seconds = stream.info.seconds
    except AudioError as error:
        return "fail", error.reason, None
    if not (settings.include_own or single) and made_by_styleshift(job.source):
        return "left out", left_out(job).message, None
    return "convert", "", seconds


def _length(seconds: float | None) -> str:
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def spoken(seconds: float) -> str:
    """A length of time in the unit that fits it."""
    for size, unit in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds" if seconds >= 10 else f"{seconds:.1f} seconds"
