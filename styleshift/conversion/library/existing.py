"""Whether an output that is there is still right, may be replaced, or is not ours."""

from __future__ import annotations

from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan, TrackJob
from styleshift.conversion.library.worker import TrackOutcome
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import EXIT_USAGE


def check_existing(
    plan: LibraryPlan, job: TrackJob, journal: LibraryJournal | None, key: str, settings: ConvertSettings
) -> tuple[TrackOutcome | None, str]:
    """What can be said of a file without opening it; else None, and the hash its output was made from.

    Args:
        plan: that the job is of.
        job: the file.
        journal: of the output folder; None: there is none.
        key: of model and settings.
        settings: of the conversion: ``overwrite``, and ``strict``, under which an output that lost something
            is not right.
    """
    there = job.target.exists() or job.target.is_symlink()
    if not there or settings.overwrite == "always":
        return None, ""
    entry = journal.entry(plan.below(job)) if journal is not None else None
    if settings.overwrite == "never":
        return TrackOutcome(job.name, "unchanged", result=entry.result if entry is not None else {}), ""
    if journal is None or entry is None or not journal.ours(entry.target):
        return _in_the_way(plan, job), ""
    if entry.state != "done" or entry.key != key:
        return None, ""
    if settings.strict and (entry.result.get("lost") or entry.result.get("losses")):
        return None, ""
    try:
        found = job.source.stat()
    except OSError:
        return None, ""
    now = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    if now == (entry.size, entry.mtime_ns, entry.ctime_ns, entry.inode):
        return TrackOutcome(job.name, "unchanged", sha256=entry.sha256, result=entry.result), ""
    return None, entry.sha256


def _in_the_way(plan: LibraryPlan, job: TrackJob) -> TrackOutcome:
    """The failure of a file in whose output's place is something that we do not know to be ours."""
    if plan.single:
        message, hint = f"{job.target} exists already", "`overwrite=always` replaces it"
        return TrackOutcome(job.name, "failed", "in the way", message, hint, exit_code=EXIT_USAGE)
    message = f"{job.target} is there and was not made by styleshift"
    return TrackOutcome(
        job.name,
        "failed",
        "in the way",
        message,
        "move it away, or use `overwrite=always` or `overwrite=never`",
    )
