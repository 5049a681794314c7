"""Converts a planned library: files to workers, outcomes to the journal, nothing lost when it stops."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from styleshift.bundle.load import Bundle
from styleshift.conversion.library import elsewhere
from styleshift.conversion.library.existing import check_existing, is_ours
from styleshift.conversion.library.journal import FOLDER, JournalEntry
from styleshift.conversion.library.names import renamed
from styleshift.conversion.library.plan import LibraryPlan, TrackJob
from styleshift.conversion.library.processes import SHORT, is_short, workers_for
from styleshift.conversion.library.result import LibraryResult
from styleshift.conversion.library.shared import SharedModel
from styleshift.conversion.library.tracks import Track, TrackOutcome
from styleshift.conversion.library.worker import FATAL, begin, work
from styleshift.conversion.settings import ConvertSettings
from styleshift.engines import load_engine, run_all
from styleshift.hooks import Crashed, Finished, Progress, Stalled, Work
from styleshift.progress import FirstFew, Reporter
from styleshift.remote import Store
from styleshift.remote.store import StoreError
from styleshift.system.environment import uncollected
from styleshift.words import reasoned

_BROKER_GRACE_SECONDS = 10.0
# Files that are written down as begun at once, here and in a store; see `_Run._joins`.
_BEGUN_AT_ONCE, _BEGUN_IN_STORE = 16, 500
# Seconds that a file counts for at least.
_LEAST_MUSIC = 0.1


def convert_plan(
    plan: LibraryPlan,
    bundle: Bundle,
    settings: ConvertSettings,
    *,
    stop: Callable[[], bool] = lambda: False,
    reporter: Reporter | None = None,
    shared: SharedModel | None = None,
) -> LibraryResult:
    """Convert all files of a plan.

    Files are converted in worker processes, those that take longest first, so that the end is not one long
    file on one core. A worker that dies costs the file it was at. Every output is whole, or not there.

    Args:
        plan: what to do.
        bundle: the model.
        settings: how; :func:`styleshift.conversion.settings.checked` has looked at them, or else every worker
            says what is wrong.
        stop: called several times a second; true: stop.
        reporter: told of progress.
        shared: the process that runs the model for all workers, where one was begun already.

    Raises:
        LockedError: another run works on the same output.
        UsageError: the output folder cannot be written to.
    """
    began = time.monotonic()
    if plan.single:  # which was asked for by its name
        settings = replace(settings, include_own=True)
    result = LibraryResult(plan)
    with contextlib.ExitStack() as held:
        # One recording goes to a folder of the user's own, where we leave no journal, unless there is one.
        if not plan.single or (plan.output / FOLDER).is_dir():
            held.enter_context(plan.journal)
            if not settings.part and not plan.single:
                _remove_leftovers(plan, "")  # we are alone here; what is there is of a run that was killed
                if plan.leftovers:
                    with contextlib.suppress(StoreError):  # they are in nobody's way
                        Store(plan.send).remove(plan.leftovers)
        shared = shared or held.enter_context(SharedModel(bundle, settings))
        key, reporter = settings.key(bundle.digest), reporter or Reporter()
        _Run(plan, bundle, settings, key, result, stop, reporter, shared).all()
    result.took = time.monotonic() - began
    return result


@dataclass(slots=True)
class _Run:
    """One pool of workers at work."""

    plan: LibraryPlan
    bundle: Bundle
    settings: ConvertSettings
    key: str  # of model and settings
    result: LibraryResult
    stop: Callable[[], bool]
    reporter: Reporter
    shared: SharedModel
    _stopped: bool = False
    # Seconds of music that are not done of each file at work, as its size tells.
    _left: dict[str, float] = field(default_factory=dict)
    # Outputs that lie where somebody else's file did (and may still).
    _foreign: set[str] = field(default_factory=set)
    _few: FirstFew = field(init=False)

    def __post_init__(self) -> None:
        # Run again with -v, those that are done would not be named.
        self._few = FirstFew(self.reporter, named_by="report.jsonl")

    def all(self) -> None:
        """Convert all that have no end; leave early when asked to, or when going on is pointless."""
        todo = 0
        with uncollected():
            for track, found in check_existing(self.plan, self.key, self.settings):
                if found.end is None:
                    todo += 1
                elif self.reporter.followed:
                    self._follow(track, found.end)
        if todo:
            self._convert(todo)

    def _convert(self, todo: int) -> None:
        settings = self.settings
        engine = load_engine(settings.engine, settings.engine_options)
        short = self.plan.tracks.value("count(*)", "WHERE status = '' AND work < ?", SHORT)
        jobs = workers_for(self.plan, todo, short, settings, engine)
        broker = self.shared.taken(settings, engine, jobs)
        # A worker that waits for a broker that hangs says so once that was ended: it gets the time to.
        patience = settings.stall_seconds + (_BROKER_GRACE_SECONDS if broker is not None else 0.0)
        # A process that crashes, or has to be killed, leaves its temporary file to us.
        token = secrets.token_hex(8)
        address = broker.address if broker is not None else None
        start = partial(begin, self.bundle, settings, engine.threads(jobs), token, address)
        with contextlib.ExitStack() as last:
            last.enter_context(self._few)
            last.callback(_remove_leftovers, self.plan, token)  # once the processes have ended
            events = run_all(
                engine,
                Work(start, elsewhere.work, waits=True) if self.plan.remote else Work(start, work),
                self._begun(),
                lambda pair: pair[0].name,
                workers=jobs,
                patience=patience,
                stop=lambda: self.result.fatal is not None or self._asked_to_stop(),
            )
            last.enter_context(contextlib.closing(events))
            # In seconds and not in files, so that an end is in sight before the first of them is done.
            total = self.plan.tracks.value(f"total(max({_LEAST_MUSIC}, music))", "WHERE status = ''")
            task = last.enter_context(
                self.reporter.task("convert", total, "seconds of audio, guessed by size")
            )
            done = 0
            for (job, _), event in events:
                if isinstance(event, Progress):
                    part = min(event.amount, self._left[job.name])
                    self._left[job.name] -= part
                    task.advance(part)
                else:
                    self._record(job, self._outcome(job, event))
                    done += 1
                    task.advance(self._left.pop(job.name), files=f"{done}/{todo}")
            self.result.stopped = self.result.fatal is None and self._asked_to_stop()
        # What was written down as begun, and was not: nothing there will be ours.
        for track, *_ in self.plan.tracks.ends("WHERE state = 'begun' AND status != 'unchanged'"):
            if not self._maybe_there(track):
                self._note(track, "failed")

    def _asked_to_stop(self) -> bool:
        """Once asked, always asked: what the caller answers later counts no more."""
        self._stopped = self._stopped or self.stop()
        return self._stopped

    def _begun(self) -> Iterator[tuple[TrackJob, str]]:
        """Each file as a worker takes it, written down as begun, also where an older output is known.

        From then on nobody can say which of the two lies there, until it is done.
        """
        for batch in self._batches():
            self._note_begun(batch)
            for track in batch:
                if self.result.fatal is not None:
                    return
                self._left[track.name] = max(_LEAST_MUSIC, track.music)
                yield self.plan.job(track), track.known

    def _batches(self) -> Iterator[list[Track]]:
        """Files that are written down as begun together: one wait for all of them."""
        batch: list[Track] = []
        for track in self.plan.tracks.todo():
            if batch and not self._joins(batch, track):
                yield batch
                batch = []
            batch.append(track)
        if batch:
            yield batch

    def _joins(self, batch: list[Track], track: Track) -> bool:
        """Here, a file without an output joins short ones; to wait for a store takes longer than any file."""
        if self.plan.send:
            return len(batch) < _BEGUN_IN_STORE
        return len(batch) < _BEGUN_AT_ONCE and is_short(batch[0]) and not self.plan.there(track)

    def _note_begun(self, batch: list[Track]) -> None:
        for track in batch:
            earlier = self.plan.journal.entry(track.below)
            state = earlier.state if earlier is not None else ""
            if self.plan.there(track) and not is_ours(self.plan, track, state):
                self._foreign.add(track.below)
            # Of an earlier conversion, which may prove to be right still.
            self._note(track, "begun", result=earlier.result if track.known and earlier is not None else {})
        if self.result.fatal is None:
            try:
                self.plan.journal.sync()
            except OSError as error:
                self._full(error)

    def _maybe_there(self, track: Track) -> bool:
        """Whether the output may be there now: of a worker that died, a store may yet have taken it."""
        return bool(self.plan.send) or self.plan.there(track)

    def _outcome(self, job: TrackJob, event: Finished[TrackOutcome] | Crashed | Stalled) -> TrackOutcome:
        if isinstance(event, Finished):
            return event.outcome
        if isinstance(event, Stalled):
            message = f"nothing moved for {self.settings.stall_seconds:.0f} s"
            return TrackOutcome(job.name, "failed", "stalled", message)
        message = f"reading or writing it ended its process: {event.cause}"
        hint = "the file may be damaged; the others are not touched by it"
        return TrackOutcome(job.name, "failed", "crashed", message, hint)

    def _record(self, job: TrackJob, outcome: TrackOutcome) -> None:
        track, name = self.plan.tracks.one(job.number), _one_line(job.name)
        self.plan.tracks.end(track.number, outcome)
        if self.reporter.followed:
            self._follow(track, outcome)
        if outcome.status in ("failed", "left out"):
            if outcome.reason in FATAL:
                self.result.fatal = outcome
                return
            kept = self._maybe_there(track) and track.below not in self._foreign
            self._note(track, "kept" if kept else "failed")
            if outcome.status == "left out":
                self.reporter.detail(f"{name}: left out: {outcome.message}")
            elif not self.plan.single:  # one file's failure is the whole command's, and is said there
                self.reporter.warn(f"{name}: {reasoned(outcome.reason, outcome.message)}")
        else:
            result = outcome.result
            if (
                outcome.status == "unchanged"
                and (earlier := self.plan.journal.entry(track.below)) is not None
            ):
                result = earlier.result
            elif not self.plan.single and (said := renamed(job)):
                result = {**result, "changed": (*result["changed"], said)}
            self._note(track, "done", digest=outcome.digest, stamp=outcome.stamp, result=result)
            self.reporter.detail(f"{name}: {outcome.status}")
            for warning in result.get("warnings", ()) if outcome.status == "done" else ():
                self._few.warn(name, warning)

    def _note(self, track: Track, state: str, **more: Any) -> None:
        runtime, device = self.settings.runtime, self.settings.device.split(":")[0]
        if "auto" not in (runtime, device):  # else each worker settles it for itself
            more |= {"runtime": runtime, "device": device}
        try:
            self.plan.journal.write(JournalEntry(track.below, state, self.key, **more))
        except OSError as error:
            self._full(error)

    def _full(self, error: OSError) -> None:
        reason = "setup" if isinstance(error, StoreError) else "disk full"
        message = f"the journal cannot be written: {error.strerror or error}"
        self.result.fatal = TrackOutcome(self.plan.output.name, "failed", reason, message)

    def _follow(self, track: Track, end: TrackOutcome) -> None:
        source, target = self.plan.places(track)
        earlier = self.plan.journal.entry(track.below) if end.status == "unchanged" else None
        result = end.result if earlier is None else earlier.result
        self.reporter.follow(
            "track",
            name=track.name,
            status=end.status,
            reason=end.reason,
            message=end.message,
            hint=self.reporter.advice(end.hint),
            source=source,
            target=target,
            warnings=list(result.get("warnings", ())),
        )


def _one_line(name: str) -> str:
    """A name that may hold a line break, in a sentence that must not."""
    return name.replace("\n", "\\n").replace("\r", "\\r")


def _remove_leftovers(plan: LibraryPlan, token: str) -> None:
    from styleshift.audio.write import remove_leftovers

    for name in plan.tracks.folders():
        if (folder := plan.output / name).is_dir():
            remove_leftovers(folder, token)
