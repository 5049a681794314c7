"""The report of a run, for programs: one JSON line a file, in the output folder."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from styleshift.conversion.library import LibraryResult
from styleshift.conversion.plan import Plan


def report_lines(plan: Plan, result: LibraryResult) -> list[dict[str, Any]]:
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
        if outcome is not None and outcome.status == "failed":
            line |= {"reason": outcome.reason, "message": outcome.message, "hint": outcome.hint}
        if outcome is not None and outcome.result:
            line |= outcome.result
        lines.append(line)
    for skipped in plan.skipped:
        lines.append(
            {"name": skipped.name, "status": "skipped", "reason": skipped.kind, "message": skipped.message}
        )
    return lines


def write_report(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write ``lines`` in one step, in place of an earlier run's report.

    Raises:
        OSError: the disk is full, or the folder not writable.
    """
    handle, name = tempfile.mkstemp(prefix=".styleshift-", suffix=".jsonl", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
