"""Whether an output that is there is still right, may be replaced, or is not ours."""

from __future__ import annotations

from dataclasses import dataclass

from styleshift.audio.formats import format_of
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan, TrackJob
from styleshift.conversion.library.worker import TrackOutcome
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import EXIT_USAGE


@dataclass(frozen=True, slots=True)
class Existing:
    """What can be said of an output without opening its source.

    Attributes:
        outcome: what becomes of the file; None: it is to be converted.
        digest: of the source that the output was made from; empty: not known, or of no use.
        again: why a file that is converted already is converted again; empty: it is not.
    """

    outcome: TrackOutcome | None = None
    digest: str = ""
    again: str = ""


def check_existing(
    plan: LibraryPlan, job: TrackJob, journal: LibraryJournal | None, key: str, settings: ConvertSettings
) -> Existing:
    """Look whether the output is there and right.

    Args:
        plan: that the job is of.
        job: the file.
        journal: of the output folder; None: there is none.
        key: of model and settings.
        settings: of the conversion: ``overwrite``, and ``strict``, under which an output that lost something
            is not right.
    """
    if not plan.there(job):
        return Existing()
    entry = journal.entry(plan.below(job)) if journal is not None else None
    if settings.overwrite == "always":
        return Existing(again="asked for" if entry is not None and entry.state != "failed" else "")
    if settings.overwrite == "never":
        result = entry.result if entry is not None else {}
        return Existing(TrackOutcome(job.name, "unchanged", result=result))
    if journal is None or entry is None or not is_ours(plan, job, journal):
        return Existing(_in_the_way(plan, job))
    if entry.state != "done":
        return Existing()
    if entry.key != key:
        return Existing(again="settings changed")
    if settings.strict and (entry.result.get("lost") or entry.result.get("losses")):
        return Existing(again="something was lost")
    try:
        now = plan.stamp(job)
    except OSError:
        return Existing()
    if now == entry.stamp:
        return Existing(TrackOutcome(job.name, "unchanged", digest=entry.digest, result=entry.result))
    return Existing(digest=entry.digest, again="source changed")


def is_ours(plan: LibraryPlan, job: TrackJob, journal: LibraryJournal) -> bool:
    """Whether what lies in an output's place was made by a run of ours.

    Of one that was begun when a run was killed the journal cannot tell: it may be ours, or of somebody who
    put it there since, or whose file the run was to replace. Its comment tells, in formats that have one;
    nothing is fetched from a store for that.
    """
    entry = journal.entry(plan.below(job))
    if entry is None or entry.state != "begun" or job.send:
        return entry is not None and journal.ours(entry.target)
    from styleshift.audio.tags.read import made_by_styleshift

    row = format_of(job.target)
    has_comment = row is not None and row.output is not None
    return job.target.is_file() and (not has_comment or made_by_styleshift(job.target))


def _in_the_way(plan: LibraryPlan, job: TrackJob) -> TrackOutcome:
    """The failure of a file in whose output's place is something that we do not know to be ours."""
    if plan.single:
        message, hint = f"{job.target} exists already", "`overwrite=always` replaces it"
        return TrackOutcome(job.name, "failed", "in the way", message, hint, exit_code=EXIT_USAGE)
    message = f"{plan.places(job)[1] if plan.stores else job.target} is there and was not made by styleshift"
    return TrackOutcome(
        job.name,
        "failed",
        "in the way",
        message,
        "move it away, or use `overwrite=always` or `overwrite=never`",
    )
