"""The reports of a run in its output folder: one for programs, one to look at and listen to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from styleshift.bundle.load import Bundle
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.result import LibraryResult
from styleshift.pages import Player, Shot, render
from styleshift.progress import Reporter
from styleshift.system.files import atomic_file, write_text
from styleshift.words import spoken

# Players for so many tracks, spread over the library, and rows of a table: a page with thousands would not
# open. `report.jsonl` has all.
_PLAYERS = 12
_ROWS = 500


def write_reports(result: LibraryResult, bundle: Bundle, part: str, reporter: Reporter) -> Path | None:
    """Write ``report.jsonl`` and ``report.html``, in place of an earlier run's.

    Args:
        result: what became of the files.
        bundle: the model.
        part: name of the part of the library, which is then part of the files' names.
        reporter: words the advice, and is told where the reports cannot be written.

    Returns:
        The path of the first one; None: the disk is full, or the folder not writable.
    """
    output = result.plan.output
    stem = f"report-{part}" if part else "report"
    while any((output / f"{stem}.{ending}").is_dir() for ending in ("jsonl", "html")):
        stem = f"styleshift-{stem}"  # a folder of the library has that name
    path = output / f"{stem}.jsonl"
    try:
        with atomic_file(path) as file:
            file.writelines(
                json.dumps(line).encode() + b"\n" for line in report_lines(result, reporter.advice)
            )
        write_text(path.with_suffix(".html"), _page(result, bundle, reporter.advice, path.name))
    except OSError as error:
        reporter.warn(f"no report could be written to {output}: {error.strerror or error}")
        return None
    return path


def report_lines(result: LibraryResult, advice: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    """A record for each file of the plan, in its order, and for each thing that was skipped."""
    plan = result.plan
    for job in plan.jobs:
        outcome = result.outcomes.get(job.name)
        source, target = plan.places(job)
        line: dict[str, Any] = {
            "name": job.name,
            "status": outcome.status if outcome else "not reached",
            "source": source,
            "target": target,
        }
        if outcome is not None and outcome.status in ("failed", "left out"):
            line |= {"reason": outcome.reason, "message": outcome.message, "hint": advice(outcome.hint)}
        if outcome is not None and outcome.status == "done" and job.name in result.again:
            line["again"] = result.again[job.name]
        if outcome is not None and outcome.result:
            line |= outcome.result
        yield line
    for skipped in plan.skipped:
        yield {"name": skipped.name, "status": "skipped", "reason": skipped.kind, "message": skipped.message}


def _page(result: LibraryResult, bundle: Bundle, advice: Callable[[str], str], report: str) -> str:
    plan = result.plan
    statuses = ("done", "unchanged", "failed", "left out")
    done, unchanged, failed, own = (result.of(status) for status in statuses)
    metadata = bundle.metadata
    left = len(plan.jobs) - len(result.outcomes)
    summary = (
        f"{metadata.source} to {metadata.target}: {len(done)} converted"
        + "".join(f" ({count} of them again: {why})" for why, count in result.again_counts)
        + f", {len(unchanged)} up to date, {len(failed)} failed"
        + (f", {len(own)} left out that styleshift made" if own else "")
        + (f", {left} not reached" if left else "")
        + f". {spoken(result.seconds_there)} of music are converted"
        + (
            f", {spoken(result.seconds)} of them in this run, which took {spoken(result.took)}."
            if done
            else "; this run had none to convert."
        )
    )
    there = {outcome.name for outcome in (*done, *unchanged)}
    heard = [job for job in plan.jobs if job.name in there] if plan.stores is None else []
    unlike = [each for each in (*done, *unchanged) if each.result.get("changed") or each.result.get("lost")]
    return render(
        "library.html",
        title=plan.output.name,
        summary=summary,
        report=report,
        unlike=[
            (each.name, "; ".join(each.result.get("changed", ())), ", ".join(each.result.get("lost", ())))
            for each in unlike[:_ROWS]
        ],
        more_unlike=max(0, len(unlike) - _ROWS),
        failed=[(each.name, each.reason, each.message, advice(each.hint)) for each in failed[:_ROWS]],
        more_failed=max(0, len(failed) - _ROWS),
        players=[
            Player(
                job.name,
                [Shot("before", _address(plan, job.source)), Shot("after", _address(plan, job.target))],
            )
            for job in heard[:: max(1, -(-len(heard) // _PLAYERS))]
        ],
    )


def _address(plan: LibraryPlan, path: Path) -> str:
    # Relative, so that the two folders can be moved together; by bytes, so that any name works.
    return quote(os.fsencode(os.path.relpath(path.absolute(), plan.output.absolute())))
