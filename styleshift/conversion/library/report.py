"""The reports of a run in its output folder: one for programs, one to look at and listen to."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from styleshift.bundle.load import Bundle
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.run import LibraryResult
from styleshift.conversion.library.worker import TrackOutcome
from styleshift.pages import Player, Shot, render
from styleshift.system.files import write_text

# Players for so many tracks, spread over the library; a page with thousands would not open.
_PLAYERS = 12


def write_reports(plan: LibraryPlan, result: LibraryResult, bundle: Bundle, part: str = "") -> Path:
    """Write ``report.jsonl`` and ``report.html``, in place of an earlier run's; returns the first one's path.

    Args:
        plan: what was to be done.
        result: what became of it.
        bundle: the model.
        part: name of the part of the library, which is then part of the files' names.

    Raises:
        OSError: the disk is full, or the folder not writable.
    """
    lines = report_lines(plan, result)
    stem = f"report-{part}" if part else "report"
    path = plan.output / f"{stem}.jsonl"
    write_text(path, "".join(json.dumps(line) + "\n" for line in lines))
    write_text(plan.output / f"{stem}.html", _page(plan, result, bundle))
    return path


def report_lines(plan: LibraryPlan, result: LibraryResult) -> list[dict[str, Any]]:
    """A record for each file of the plan, in its order, and for each thing that was skipped."""
    lines: list[dict[str, Any]] = []
    for job in plan.jobs:
        outcome = result.outcomes.get(job.name)
        line: dict[str, Any] = {
            "name": job.name,
            "status": outcome.status if outcome else "not reached",
            "source": str(job.source.absolute()),
            "target": str(job.target.absolute()),
        }
        if outcome is not None and outcome.status in ("failed", "left out"):
            line |= {"reason": outcome.reason, "message": outcome.message, "hint": outcome.hint}
        if outcome is not None and outcome.result:
            line |= outcome.result
        lines.append(line)
    for skipped in plan.skipped:
        lines.append(
            {"name": skipped.name, "status": "skipped", "reason": skipped.kind, "message": skipped.message}
        )
    return lines


def _page(plan: LibraryPlan, result: LibraryResult, bundle: Bundle) -> str:
    statuses = ("done", "unchanged", "failed", "left out")
    done, unchanged, failed, own = (result.of(status) for status in statuses)
    metadata = bundle.metadata
    left = len(plan.jobs) - len(result.outcomes)
    summary = (
        f"{metadata.source} to {metadata.target}: {len(done)} converted, {len(unchanged)} up to date, "
        f"{len(failed)} failed"
        + (f", {len(own)} left out that styleshift made" if own else "")
        + (f", {left} not reached" if left else "")
        + f". {result.seconds_there / 3600:.2f} hours of music are converted"
        + (
            f", {result.seconds / 3600:.2f} of them in this run, in {result.took / 60:.1f} minutes."
            if done
            else "; this run had none to convert."
        )
    )
    there = {outcome.name for outcome in (*done, *unchanged)}
    heard = [job for job in plan.jobs if job.name in there]
    return render(
        "library.html",
        title=plan.output.name,
        summary=summary,
        failed=[(each.name, each.reason, each.message, _advice(each)) for each in failed],
        players=[
            Player(
                job.name,
                [Shot("before", _address(plan, job.source)), Shot("after", _address(plan, job.target))],
            )
            for job in heard[:: max(1, -(-len(heard) // _PLAYERS))]
        ],
    )


def _advice(outcome: TrackOutcome) -> str:
    if outcome.reason != "damaged":
        return outcome.hint
    salvage = "--salvage converts what can be read before the damage"
    return f"{outcome.hint}, or {salvage}" if outcome.hint else salvage


def _address(plan: LibraryPlan, path: Path) -> str:
    # Relative, so that the two folders can be moved together; by bytes, so that any name works.
    return quote(os.fsencode(os.path.relpath(path.absolute(), plan.output.absolute())))
