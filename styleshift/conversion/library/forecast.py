"""What a run would do and how long it would take, without writing anything."""

from __future__ import annotations

from dataclasses import dataclass, replace

from styleshift.bundle.load import Bundle
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan, TrackJob
from styleshift.conversion.library.run import default_jobs, judge
from styleshift.conversion.library.worker import left_out
from styleshift.conversion.settings import ConvertSettings
from styleshift.engines import load_engine
from styleshift.errors import AudioError


@dataclass(frozen=True, slots=True)
class TrackForecast:
    """What would become of one file.

    Attributes:
        job: the file and its output.
        fate: ``convert``, ``up to date``, ``left out`` or ``fail``.
        reason: why it would not be converted.
        seconds: length of the music by the file's header, where it would be converted and says so.
    """

    job: TrackJob
    fate: str
    reason: str = ""
    seconds: float | None = None


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
    from styleshift.conversion.track.load import load_converter, real_time_factor

    journal, key = LibraryJournal.peek(plan.output), settings.key(bundle.digest)
    if plan.single:  # which was asked for by its name
        settings = replace(settings, include_own=True)
    tracks = []
    for job in plan.jobs:
        outcome, _ = judge(plan, job, journal, key, settings.overwrite)
        if outcome is None:
            tracks.append(_look(job, settings))
        else:
            fate = "up to date" if outcome.status == "unchanged" else "fail"
            tracks.append(TrackForecast(job, fate, outcome.reason))
    engine = load_engine(settings.engine, settings.engine_options)
    jobs = settings.jobs or default_jobs(settings.device, engine)
    workers = max(1, min(jobs, sum(track.fate == "convert" for track in tracks)))
    converter, description = load_converter(bundle, settings, engine.threads(workers))
    found = LibraryForecast(plan, tuple(tracks), workers, 0.0, description)
    return replace(found, work_seconds=real_time_factor(converter) * found.music_seconds / workers)


def _look(job: TrackJob, settings: ConvertSettings) -> TrackForecast:
    """What the file's header and tags say."""
    from styleshift.audio.read import open_audio
    from styleshift.audio.tags.read import made_by_styleshift

    try:
        with open_audio(job.source) as stream:
            if not settings.salvage:
                stream.check_promise()
            seconds = stream.info.seconds
    except AudioError as error:
        return TrackForecast(job, "fail", error.reason)
    if not settings.include_own and made_by_styleshift(job.source):
        return TrackForecast(job, "left out", left_out(job).message)
    return TrackForecast(job, "convert", "", seconds)
