"""The reports of a run in its output folder: one for programs, one to look at and listen to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from styleshift.bundle.load import Bundle
from styleshift.conversion.library.groups import grouped, lost_and_changed
from styleshift.conversion.library.heard import Heard, heard
from styleshift.conversion.library.result import LibraryResult
from styleshift.conversion.library.tracks import IS_MADE
from styleshift.pages import render
from styleshift.progress import Reporter
from styleshift.remote import Store
from styleshift.system.environment import uncollected
from styleshift.system.files import atomic_file, remove_partial_files, write_text
from styleshift.words import spoken

# Players for so many tracks, spread over the library, and rows of a table: a page with thousands would not
# open. `report.jsonl` has all.
_PLAYERS = 12
_ROWS = 500


def write_reports(result: LibraryResult, bundle: Bundle, part: str, reporter: Reporter) -> Path | None:
    """Write ``report.jsonl`` and ``report.html`` where the outputs are, in place of an earlier run's.

    Args:
        result: what became of the files.
        bundle: the model.
        part: name of the part of the library, which is then part of the files' names.
        reporter: words the advice, and is told where the reports cannot be written.

    Returns:
        The path of the first one; None: the disk is full, or the place not writable.
    """
    output = result.plan.output
    stem = f"report-{part}" if part else "report"
    while any((output / f"{stem}.{ending}").is_dir() for ending in ("jsonl", "html")):
        stem = f"styleshift-{stem}"  # a folder of the library has that name
    path = output / f"{stem}.jsonl"
    try:
        remove_partial_files(output, f"{stem}.")  # of a run that was killed while it wrote them
        _write_lines(path, result, reporter.advice)
        write_text(path.with_suffix(".html"), _page(result, bundle, reporter.advice, path.name))
        if result.plan.send:
            for each in (path, path.with_suffix(".html")):
                Store(result.plan.send).send(each, each.name)
    except OSError as error:
        reporter.warn(f"no report could be written to {result.plan.place}: {error.strerror or error}")
        return None
    return path


def _write_lines(path: Path, result: LibraryResult, advice: Callable[[str], str]) -> None:
    with uncollected(), atomic_file(path) as file:
        for line, figures in _lines(result, advice):
            text = json.dumps(line)
            # Figures are JSON already, and most of the text.
            file.write((text if figures == "{}" else f"{text[:-1]}, {figures[1:]}").encode("ascii") + b"\n")


def report_lines(result: LibraryResult, advice: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    """A record for each file of the plan, in its order, and for each thing that was skipped."""
    for line, figures in _lines(result, advice):
        yield line | json.loads(figures)


def _lines(result: LibraryResult, advice: Callable[[str], str]) -> Iterator[tuple[dict[str, Any], str]]:
    """The records, each with its figures apart, in JSON."""
    plan = result.plan
    for track, end, figures in plan.tracks.ends():
        source, target = plan.places(track)
        line = {"name": track.name, "status": end.status or "not reached", "source": source, "target": target}
        if end.status in ("failed", "left out"):
            line |= {"reason": end.reason, "message": end.message, "hint": advice(end.hint)}
        if end.status == "done" and track.again:
            line["again"] = track.again
        yield line, figures.text
    for skipped in plan.skipped:
        yield (
            {"name": skipped.name, "status": "skipped", "reason": skipped.kind, "message": skipped.message},
            "{}",
        )


def _page(result: LibraryResult, bundle: Bundle, advice: Callable[[str], str], report: str) -> str:
    plan = result.plan
    done, unchanged, failed, own = map(result.count, ("done", "unchanged", "failed", "left out"))
    metadata = bundle.metadata
    left = len(plan.tracks) - len(result.outcomes)
    summary = (
        f"{metadata.source} to {metadata.target}: {done} converted"
        + "".join(f" ({count} of them again: {why})" for why, count in result.again_counts)
        + f", {unchanged} up to date, {failed} failed"
        + (f", {own} left out that styleshift made" if own else "")
        + (f", {left} not reached" if left else "")
        + f". {spoken(result.seconds_there)} of audio are converted"
        + (
            f", {spoken(result.seconds)} of them in this run, which took {spoken(result.took)}."
            if done
            else "; this run had none to convert."
        )
    )
    played = Heard([], []) if plan.remote else heard(plan, _PLAYERS)
    shown = len(played.players) + len(played.unplayed)
    lost, changed = lost_and_changed(result.unlike_told)
    return render(
        "library.html",
        title=plan.output.name,
        summary=summary,
        report=report,
        changed=changed,
        lost=lost,
        failed=[(each.name, each.reason, each.message) for each in result.of("failed", most=_ROWS)],
        more_failed=max(0, failed - _ROWS),
        hints=[f"{which}: {advice(hint)}" for which, hint in result.hints],
        warnings=grouped(result.warnings),
        skipped=grouped((each.name, each.message) for each in plan.skipped),
        unheard=plan.tracks.value("count(*)", f"WHERE {IS_MADE}") - shown,
        players=played.players,
        unplayed=played.unplayed,
    )
