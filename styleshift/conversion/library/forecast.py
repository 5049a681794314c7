"""What a run would do and how long it would take, without writing anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from styleshift.bundle.load import Bundle
from styleshift.conversion.library.existing import Existing, check_existing
from styleshift.conversion.library.names import renamed
from styleshift.conversion.library.plan import LibraryPlan, TrackJob
from styleshift.conversion.library.processes import is_short, workers_for
from styleshift.conversion.library.tracks import TrackOutcome
from styleshift.conversion.library.worker import failed, left_out, unforeseen
from styleshift.conversion.settings import ConvertSettings
from styleshift.engines import load_engine
from styleshift.errors import StyleshiftError
from styleshift.system.environment import silent_decoders

if TYPE_CHECKING:
    from styleshift.audio.tags.preview import TagPreview


@dataclass(frozen=True, slots=True)
class TrackForecast:
    """What would become of one file.

    Attributes:
        job: the file and its output.
        fate: ``convert``, ``up to date``, ``left out`` or ``fail``.
        reason: why it would not be converted, or converted again.
        message: what was found where it would fail.
        hint: what to try then.
        seconds: length of the music by the file's header, where it would be converted and says so.
        kept: names of the tags, pictures, chunks and chapters that the output would have as well.
        changed: what would be otherwise than in the source, in plain words.
        lost: names of what the output would not have.
    """

    job: TrackJob
    fate: str
    reason: str = ""
    message: str = ""
    hint: str = ""
    seconds: float | None = None
    kept: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LibraryForecast:
    """What a run would do.

    Attributes:
        plan: where outputs would go.
        tracks: in the order of the plan.
        workers: processes that would share the work.
        work_seconds: how long they would take, measured by converting noise; reading and writing left out.
        runtime: what would run the model: library, provider, precision.
    """

    plan: LibraryPlan
    tracks: tuple[TrackForecast, ...]
    workers: int
    work_seconds: float
    runtime: str

    def count(self, fate: str) -> int:
        """How many files would have this fate."""
        return sum(track.fate == fate for track in self.tracks)

    @property
    def music_seconds(self) -> float:
        """Music that would be converted."""
        return sum(track.seconds or 0.0 for track in self.tracks)


def forecast(plan: LibraryPlan, bundle: Bundle, settings: ConvertSettings) -> LibraryForecast:
    """Look at headers, lengths, tags and the journal; music is not decoded, so damage inside is not seen.

    Args:
        plan: what is to be done.
        bundle: the model, which is loaded and timed.
        settings: with a runtime and a device that work.
    """
    from styleshift.audio.tags.preview import TagPreview
    from styleshift.conversion.track.load import load_converter, real_time_factor

    key = settings.key(bundle.digest)
    if plan.single:  # which was asked for by its name
        settings = replace(settings, include_own=True)
    with TagPreview() as preview, silent_decoders():
        tracks = [
            _track(plan.job(track), found, settings, preview, single=plan.single)
            for track, found in check_existing(plan, key, settings)
        ]
    engine = load_engine(settings.engine, settings.engine_options)
    wanted = [plan.tracks.one(track.job.number) for track in tracks if track.fate == "convert"]
    workers = workers_for(plan, len(wanted), sum(map(is_short, wanted)), settings, engine)
    converter, description = load_converter(bundle, settings, engine.threads(workers))
    found = LibraryForecast(plan, tuple(tracks), workers, 0.0, description)
    work = real_time_factor(converter) * found.music_seconds
    return replace(found, work_seconds=work / min(workers, engine.workers))


def _track(
    job: TrackJob, found: Existing, settings: ConvertSettings, preview: TagPreview, *, single: bool
) -> TrackForecast:
    if found.end is None:
        named = "" if single else renamed(job)  # its name was asked for, or is another anyway
        return _look(job, settings, preview, found.again, (named,) if named else ())
    return TrackForecast(job, "up to date") if found.end.status == "unchanged" else _fails(job, found.end)


def _fails(job: TrackJob, end: TrackOutcome) -> TrackForecast:
    return TrackForecast(job, "fail", end.reason, end.message, end.hint)


def _look(
    job: TrackJob, settings: ConvertSettings, preview: TagPreview, again: str, named: tuple[str, ...]
) -> TrackForecast:
    """What the file's header and tags say, and what would become of them."""
    if job.fetch:  # it is not here to be looked at
        return TrackForecast(job, "convert", again, changed=named)
    from styleshift.audio.encoding import choose
    from styleshift.audio.formats import output_format
    from styleshift.audio.tags.read import made_by_styleshift
    from styleshift.audio.write import check_taken
    from styleshift.conversion.track.first_pass import look_at

    try:
        info, extras, seconds = look_at(job.source, settings)
        if not settings.include_own and made_by_styleshift(job.source):
            return TrackForecast(job, "left out", left_out(job).message)
        choice = choose(info, job.target, None if job.format == "same" else output_format(job.format))
        check_taken(job.target, choice.format, choice.sample_rate, info.channels)
        same_positions = choice.sample_rate == info.sample_rate
        carried = preview.carried(
            job.source, choice.format, choice.sample_rate, same_positions=same_positions
        )
    except StyleshiftError as error:
        return _fails(job, failed(job, error, settings))
    except Exception as error:  # met by one file: the others are looked at
        return _fails(job, unforeseen(job, error))
    changed = (*choice.changes, *(f"{name}: left out, no longer true" for name in carried.dropped), *named)
    lost = (*extras, *carried.lost)
    if settings.strict and (lost or choice.losses):
        return TrackForecast(job, "fail", "loss", kept=carried.kept, changed=changed, lost=lost)
    return TrackForecast(
        job, "convert", again, seconds=seconds, kept=carried.kept, changed=changed, lost=lost
    )
