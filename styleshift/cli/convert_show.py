"""What ``styleshift convert`` shows of what was done, or would be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from styleshift.cli.console import TerminalReporter
from styleshift.conversion.library.forecast import LibraryForecast, TrackForecast
from styleshift.conversion.library.groups import lost_and_changed
from styleshift.conversion.library.report import report_lines
from styleshift.conversion.library.result import LibraryResult, count_hints, own_hint
from styleshift.conversion.library.tracks import TrackOutcome
from styleshift.errors import AudioError, StyleshiftError
from styleshift.system.interrupt import StopRequest
from styleshift.words import spoken

# A report of failures on the screen stays readable; the file has them all.
_SHOWN_FAILURES = 50


def show_forecast(forecast: LibraryForecast, reporter: TerminalReporter) -> None:
    """What would become of each file, and how long it would take."""
    output = forecast.plan.place
    rows = []
    for track in forecast.tracks:
        told, job = asdict(track), track.job
        told |= {"source": job.fetch or str(job.source), "target": job.send or str(job.target)}
        told["hint"] = reporter.advice(track.hint)
        reporter.event("planned", name=told.pop("job")["name"], **told)
        below = forecast.plan.tracks.one(job.number).below
        rows.append((job.name, below, _fate(track), _length(track.seconds)))
    reporter.table(f"dry run, nothing is written: {output}", ["file", "becomes", "will", "length"], rows)
    # Those for whose losses alone `strict` refuses them have no message.
    failures = [(track.job.name, track.reason, track.message) for track in forecast.tracks if track.message]
    _show_failures("what will fail", failures[:_SHOWN_FAILURES], reporter)
    if len(failures) > _SHOWN_FAILURES:
        reporter.result(f"and {len(failures) - _SHOWN_FAILURES} more; --json tells of all")
    _show_losses([(track.job.name, track.lost, track.changed) for track in forecast.tracks], reporter)
    fates = ("convert", "up to date", "left out", "fail")
    convert, up_to_date, left_out, fail = (forecast.count(fate) for fate in fates)
    seconds = forecast.music_seconds
    reporter.event(
        "plan",
        files=len(rows),
        hours=None if forecast.plan.fetch else seconds / 3600,
        convert=convert,
        up_to_date=up_to_date,
        left_out=left_out,
        fail=fail,
        output=output,
        minutes_of_work=None if forecast.plan.fetch else forecast.work_seconds / 60,
        runtime=forecast.runtime,
    )
    unseen = bool(forecast.plan.fetch)
    audio = "" if unseen else f", {spoken(seconds)} of audio"
    reporter.result(
        f"{len(rows)} file{'s' * (len(rows) != 1)}: {convert} to convert{audio}; "
        f"{up_to_date} up to date, {left_out} left out, {fail}{' or more' * unseen} will fail"
    )
    if convert and unseen:
        reporter.info(
            "only names and sizes are looked at of files in a store; lengths, tags and damage show when they "
            f"are converted, {forecast.workers} at once, by {forecast.runtime}"
        )
    elif convert:
        reporter.info(
            "headers, lengths and tags are checked; damage inside a file only shows when it is converted"
        )
        work = spoken(forecast.work_seconds)
        reporter.result(
            f"about {work} to convert them, {forecast.workers} at once, by {forecast.runtime}; "
            "starting, reading and writing take some more"
        )
    failing = [track for track in forecast.tracks if track.fate == "fail"]
    hints = count_hints((track.reason, track.hint, track.job.name) for track in failing)
    _show_hints([*hints, *own_hint(left_out)], reporter)


def show_result(result: LibraryResult, stop: StopRequest, reporter: TerminalReporter) -> None:
    """What became of the files, and where the reports are.

    Raises:
        StyleshiftError: one recording that was asked for failed, or the run ended before its end.
    """
    if not result.plan.single:
        _show_library(result, reporter)
    _raise_if_cut_short(result, stop)
    if result.plan.single:
        _show_single(result, reporter)


def _show_single(result: LibraryResult, reporter: TerminalReporter) -> None:
    job = result.plan.job(result.plan.tracks.one(0))
    outcome = result.outcomes[job.name]
    if outcome.status == "failed":
        raise _as_error(outcome)
    target = job.send or str(job.target)
    reporter.event("file", name=job.name, status=outcome.status, target=target, **outcome.result)
    if outcome.status == "unchanged":
        reporter.result(f"{target} exists already")
    else:
        seconds = outcome.result["seconds"]
        reporter.result(f"{target}  {seconds:.1f} s of audio in {result.took:.1f} s")
        # A library has a report for it; what was warned of was said.
        unlike = [each for each in outcome.result["changed"] if each not in outcome.result["warnings"]]
        if unlike:
            reporter.info(f"not as in the source: {'; '.join(unlike)}")


def _show_library(result: LibraryResult, reporter: TerminalReporter) -> None:
    if reporter.json_lines:
        for line in report_lines(result, reporter.advice):
            reporter.event("file", **line)
    plan, report = result.plan, result.report_place
    done, unchanged, failed, own = map(result.count, ("done", "unchanged", "failed", "left out"))
    seconds, took = result.seconds, result.took
    left = len(plan.tracks) - len(result.outcomes)
    figures = [
        ("converted", done),
        *((f"of them again, {why}", count) for why, count in result.again_counts),
        ("up to date", unchanged),
        ("failed", failed),
        *([("made by styleshift, left out", own)] if own else []),
        *([("not reached", left)] if left else []),
        *([("audio there now", spoken(result.seconds_there))] if unchanged else []),
        *([("audio converted", spoken(seconds))] if done else []),
        ("time", spoken(took)),
        *([("speed", f"{seconds / took:.1f} x real time")] if seconds else []),
    ]
    reporter.table(plan.place, ["files and time", ""], figures)
    if failed:
        shown = result.of("failed", most=_SHOWN_FAILURES)
        rows = [(outcome.name, outcome.reason, outcome.message) for outcome in shown]
        _show_failures("not converted", rows, reporter)
        if failed > len(rows):
            reporter.result(f"and {failed - len(rows)} more, all in {report}")
    _show_losses(result.unlike_told, reporter)
    reporter.event(
        "converted",
        output=plan.place,
        report=report or None,
        done=done,
        unchanged=unchanged,
        failed=failed,
        left_out=own,
        left=left,
        music_seconds=seconds,
        music_seconds_there=result.seconds_there,
        seconds=took,
    )
    reporter.result(f"{done} converted, {unchanged} up to date, {failed} failed: {plan.place}")
    if report:
        reporter.info(f"see and hear it: {report.removesuffix('.jsonl')}.html")
    _show_hints(result.hints, reporter)


def _show_failures(title: str, rows: Sequence[tuple[str, str, str]], reporter: TerminalReporter) -> None:
    if rows:
        reporter.table(title, ["file", "reason", "what was found"], rows)


def _show_hints(hints: Iterable[tuple[str, str]], reporter: TerminalReporter) -> None:
    for which, hint in hints:
        reporter.info(f"{which}: {hint}")


def _show_losses(
    tracks: Iterable[tuple[str, Sequence[str], Sequence[str]]], reporter: TerminalReporter
) -> None:
    """What is changed or lost, summed up; each file's own is in the reports and the JSON lines."""
    rows = [
        (each.said, word, str(each.count), each.names[0])
        for word, found in zip(("lost", "changed"), lost_and_changed(tracks), strict=True)
        for each in found.shown
    ]
    if rows:
        reporter.table("not as in the source", ["what", "is", "files", "such as"], rows[:_SHOWN_FAILURES])


def _raise_if_cut_short(result: LibraryResult, stop: StopRequest) -> None:
    plan, done = result.plan, result.count("done", "unchanged")
    again = "run the same command again"
    if plan.single:
        finished = f"{plan.places(plan.tracks.one(0))[1]} is {'whole' if done else 'not written'}"
    else:
        finished = f"{done} of {len(plan.tracks)} files are done{', all of them whole' if done else ''}"
        again += " to continue"
    if result.fatal is not None:
        if result.fatal.reason == "disk full":
            raise AudioError(f"the disk is full: {finished}", f"make space, then {again}", reason="disk full")
        raise _as_error(result.fatal)
    if result.stopped:
        raise stop.error(f"stopped: {finished}", again)


def _as_error(outcome: TrackOutcome) -> StyleshiftError:
    if outcome.exit_code:
        error = StyleshiftError(outcome.message, outcome.hint)
        error.exit_code = outcome.exit_code
        return error
    return AudioError(f"{outcome.name}: {outcome.message}", outcome.hint, reason=outcome.reason)


def _fate(track: TrackForecast) -> str:
    again = " again" if track.fate == "convert" else ""
    return f"{track.fate}{again}: {track.reason}" if track.reason else track.fate


def _length(seconds: float | None) -> str:
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02}"
