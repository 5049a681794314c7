"""Whether an output that is there is still right, may be replaced, or is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from styleshift.audio.formats import format_of
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.tracks import Known, Track, TrackOutcome
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import EXIT_USAGE


class Existing(NamedTuple):
    """What can be said of an output without opening its source.

    Attributes:
        end: what becomes of the file; None: it is to be converted.
        digest: of the source that the output was made from; empty: not known, or of no use.
        again: why a file that is converted already is converted again; empty: it is not.
    """

    end: TrackOutcome | None = None
    digest: str = ""
    again: str = ""


_NEW = Existing()


def check_existing(
    plan: LibraryPlan, key: str, settings: ConvertSettings
) -> Iterator[tuple[Track, Existing]]:
    """Look, for each file of a plan, whether its output is there and right, and note it in the plan.

    Args:
        plan: with its journal.
        key: of model and settings.
        settings: of the conversion: ``overwrite``, and ``strict``, under which an output that lost something
            is not right.
    """
    for tracks in plan.tracks.known():
        found = [(track, _check(plan, track, known, key, settings)) for track, known in tracks]
        plan.tracks.settle((track.number, each.end, each.again, each.digest) for track, each in found)
        yield from found


def _check(
    plan: LibraryPlan, track: Track, known: Known | None, key: str, settings: ConvertSettings
) -> Existing:
    if not plan.there(track):
        return _NEW
    unchanged = Existing(TrackOutcome(track.name, "unchanged"))
    if settings.overwrite == "always":
        return Existing(again="asked for") if known is not None and known.state != "failed" else _NEW
    if settings.overwrite == "never":
        return unchanged
    if known is None or not is_ours(plan, track, known.state):
        return Existing(_in_the_way(plan, track))
    if known.state != "done":
        return _NEW
    if known.key != key:
        return Existing(again="settings changed")
    if settings.strict and known.lossy:
        return Existing(again="something was lost")
    if known.stamp == track.stamp:
        return unchanged
    return Existing(digest=known.digest, again="source changed")


def is_ours(plan: LibraryPlan, track: Track, state: str) -> bool:
    """Whether what lies in an output's place was made by a run of ours.

    Of one that was begun when a run was killed the journal cannot tell: it may be ours, or of somebody who
    put it there since, or whose file the run was to replace. Its comment tells, in formats that have one;
    nothing is fetched from a store for that.

    Args:
        plan: that the file is of.
        track: the file.
        state: of its output in the journal; empty: it is not there.
    """
    if state != "begun" or plan.send:
        return state not in ("", "failed")
    from styleshift.audio.tags.read import made_by_styleshift

    target = Path(plan.places(track)[1])
    row = format_of(target)
    has_comment = row is not None and row.tagged
    return target.is_file() and (not has_comment or made_by_styleshift(target))


def _in_the_way(plan: LibraryPlan, track: Track) -> TrackOutcome:
    """The failure of a file in whose output's place is something that we do not know to be ours."""
    target = plan.places(track)[1] if plan.remote else plan.job(track).target
    message = f"{target} is there and was not made by styleshift"
    hint, code = "move it away, or use `overwrite=always` or `overwrite=never`", 0
    if plan.single:
        message, hint, code = f"{target} exists already", "`overwrite=always` replaces it", EXIT_USAGE
    return TrackOutcome(track.name, "failed", "in the way", message, hint, exit_code=code)
