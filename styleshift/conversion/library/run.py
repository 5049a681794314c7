"""Converts a planned library: files to workers, outcomes to the journal, nothing lost when it stops."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from styleshift.bundle.load import Bundle
from styleshift.conversion.library import elsewhere
from styleshift.conversion.library.existing import check_existing, is_ours
from styleshift.conversion.library.journal import FOLDER, JournalEntry
from styleshift.conversion.library.plan import LibraryPlan, TrackJob
from styleshift.conversion.library.result import LibraryResult
from styleshift.conversion.library.tracks import End, Track
from styleshift.conversion.library.worker import FATAL, TrackOutcome, begin, work
from styleshift.conversion.settings import ConvertSettings
from styleshift.engines import load_engine, run_all
from styleshift.hooks import Crashed, Engine, Finished, Progress, Stalled, Work
from styleshift.hooks.registry import load_registry
from styleshift.hooks.shelf import BUILT_IN
from styleshift.progress import Reporter
from styleshift.remote import Store
from styleshift.remote.store import StoreError
from styleshift.system.environment import uncollected

if TYPE_CHECKING:
    from styleshift.runtimes.broker_process import BrokerProcess

_BROKER_GRACE_SECONDS = 10.0
_MOST_ON_GPU = 6
# Short files without an output that are written down as begun at once: to wait for the disk takes as long as
# to convert one. In the unit of `Track.work`, about 1 s of music.
_BEGUN_AT_ONCE, _SHORT = 16, 1000.0
_BEGUN_IN_STORE = 500
# Seconds that a file counts for at least.
_LEAST_MUSIC = 0.1
# So many of them a processor are worth the start of a second process for it.
_MANY_SHORT = 100


def convert_plan(
    plan: LibraryPlan,
    bundle: Bundle,
    settings: ConvertSettings,
    *,
    stop: Callable[[], bool] | None = None,
    reporter: Reporter | None = None,
    broker: BrokerProcess | None = None,
) -> LibraryResult:
    """Convert all files of a plan.

    Files are converted in worker processes, those that take longest first, so that the end is not one long
    file on one core. A worker that dies costs the file it was at. Every output is whole, or not there.

    Args:
        plan: what to do.
        bundle: the model.
        settings: how; :func:`styleshift.conversion.settings.checked` has looked at them, or else every worker
            says what is wrong.
        stop: called several times a second; true: stop. None: nobody asks for it.
        reporter: told of progress.
        broker: that runs the model for all workers; None begins one where that is better.

    Raises:
        LockedError: another run works on the same output.
        UsageError: the output folder cannot be written to.
    """
    reporter = reporter or Reporter()
    began = time.monotonic()
    journal = plan.journal
    with contextlib.ExitStack() as held:
        # One recording goes to a folder of the user's own, where we leave no journal, unless there is one.
        if not plan.single or (plan.output / FOLDER).is_dir():
            held.enter_context(journal)
            if not settings.part and not plan.single:
                _remove_leftovers(plan, "")  # we are alone here; what is there is of a run that was killed
                if plan.leftovers:
                    with contextlib.suppress(StoreError):  # they are in nobody's way
                        Store(plan.send).remove(plan.leftovers)
        result = _run(plan, bundle, settings, stop, reporter, broker)
    result.took = time.monotonic() - began
    return result


def _run(
    plan: LibraryPlan,
    bundle: Bundle,
    settings: ConvertSettings,
    stop: Callable[[], bool] | None,
    reporter: Reporter,
    broker: BrokerProcess | None,
) -> LibraryResult:
    result = LibraryResult(plan)
    if plan.single:  # which was asked for by its name
        settings = replace(settings, include_own=True)
    todo = 0
    with uncollected():
        for track, found in check_existing(plan, settings.key(bundle.digest), settings):
            if not found.end.status:
                todo += 1
            elif reporter.followed:
                _follow(plan, track, found.end, reporter)
    if todo:
        _Run(plan, bundle, settings, result, stop, reporter, broker).all(todo)
    return result


def default_jobs(settings: ConvertSettings, engine: Engine, short: int = 0, *, in_store: bool = False) -> int:
    """Workers: one a processor; a few where each may have a package's vocoder on this machine's GPU.

    Args:
        settings: of the conversion.
        engine: that runs the workers.
        short: how many short files there are. Of many of them a worker waits for the disk about as long as it
            works, so there are two a processor.
        in_store: recordings come from a store, or go to one: two a processor, too.
    """
    if in_store or (engine.local and settings.device == "cpu" and short > _MANY_SHORT * engine.workers):
        many = 2 * engine.workers
    else:
        many = engine.workers
    if not engine.local or settings.device == "cpu":
        return many
    built_in = load_registry().vocoders.entry(settings.vocoder).package == BUILT_IN
    return many if built_in else min(many, _MOST_ON_GPU)


def workers_for(plan: LibraryPlan, files: int, short: int, settings: ConvertSettings, engine: Engine) -> int:
    """How many workers convert so many files of a plan, so many of them short: one at least."""
    most_short = short if 2 * short > files else 0  # two long files at a time take a processor's caches
    jobs = settings.jobs or default_jobs(settings, engine, most_short, in_store=plan.remote)
    return max(1, min(jobs, files))


def is_short(track: Track) -> bool:
    """Whether waiting for the disk takes as long as converting it."""
    return track.work < _SHORT


def shares_device(settings: ConvertSettings, engine: Engine, jobs: int) -> bool:
    """Whether one process runs the model for all workers: on a GPU, where several sessions are in the way."""
    return engine.local and jobs > 1 and settings.device not in ("auto", "cpu")


class _Run:
    """One pool of workers at work."""

    def __init__(
        self,
        plan: LibraryPlan,
        bundle: Bundle,
        settings: ConvertSettings,
        result: LibraryResult,
        stop: Callable[[], bool] | None,
        reporter: Reporter,
        broker: BrokerProcess | None,
    ) -> None:
        self._plan = plan
        self._journal = plan.journal
        self._bundle = bundle
        self._settings = settings
        self._key = settings.key(bundle.digest)
        # What the command settled on; a caller who did not leaves it to each worker.
        settled = "auto" not in (settings.runtime, settings.device)
        self._made_by = (settings.runtime, settings.device.split(":")[0]) if settled else ("", "")
        self._result = result
        self._stop = stop
        self._shared = broker
        self._stopped = False
        self._reporter = reporter
        # Seconds of music that are not done of each file at work, as its size tells.
        self._left: dict[str, float] = {}
        self._foreign: set[str] = set()  # outputs that lie where somebody else's file did (and may still)

    def all(self, todo: int) -> None:
        """Convert all that have no end; leave early when asked to, or when going on is pointless.

        Args:
            todo: how many they are.
        """
        settings = self._settings
        engine = load_engine(settings.engine, settings.engine_options)
        short = self._plan.tracks.value("count(*)", "WHERE status = '' AND work < ?", _SHORT)
        jobs = workers_for(self._plan, todo, short, settings, engine)
        threads = engine.threads(jobs)
        # A process that crashes, or has to be killed, leaves its temporary file to us.
        token = secrets.token_hex(8)
        with contextlib.ExitStack() as last:
            last.callback(_remove_leftovers, self._plan, token)  # once the processes have ended
            broker = self._shared if engine.local else None
            if broker is None and shares_device(settings, engine, jobs):
                broker = last.enter_context(self._broker(threads))

            def stopping() -> bool:
                if broker is not None:
                    broker.tend()
                return self._result.fatal is not None or self._asked_to_stop()

            start = partial(begin, self._bundle, settings, threads, token, broker.address if broker else None)
            # A worker that waits for a broker that hangs says so once that was ended: it gets the time to.
            patience = settings.stall_seconds + (_BROKER_GRACE_SECONDS if broker is not None else 0.0)
            events = run_all(
                engine,
                Work(start, elsewhere.work, waits=True) if self._plan.remote else Work(start, work),
                self._begun(),
                lambda pair: pair[0].name,
                workers=jobs,
                patience=patience,
                stop=stopping,
            )
            last.enter_context(contextlib.closing(events))
            # In music and not in files, so that an end is in sight before the first of them is done.
            total = self._plan.tracks.value(f"total(max({_LEAST_MUSIC}, music))", "WHERE status = ''")
            task = last.enter_context(self._reporter.task("convert", total, "seconds of music"))
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
            self._result.stopped = self._result.fatal is None and self._asked_to_stop()
        # What was written down as begun, and was not: nothing there will be ours.
        begun = "WHERE state = 'begun' AND status != 'unchanged'"
        for track, _ in self._plan.tracks.ends(begun):
            entry = self._journal.entry(track.below)
            if entry is not None and not self._maybe_there(track):
                self._note(replace(entry, state="failed"))

    def _asked_to_stop(self) -> bool:
        """Once asked, always asked: what the caller answers later counts no more."""
        self._stopped = self._stopped or (self._stop is not None and self._stop())
        return self._stopped

    def _broker(self, threads: int) -> BrokerProcess:
        from styleshift.conversion.track.load import GPU_FRAMES, load_session
        from styleshift.runtimes.broker_process import BrokerProcess

        build = partial(load_session, self._bundle, self._settings, threads)
        return BrokerProcess(build, GPU_FRAMES, self._settings.stall_seconds)

    def _begun(self) -> Iterator[tuple[TrackJob, str]]:
        """Each file as a worker takes it, written down as begun, also where an older output is known.

        From then on nobody can say which of the two lies there, until it is done.
        """
        coming = self._plan.tracks.todo()
        noted: deque[Track] = deque()
        ahead: deque[Track] = deque()
        while True:
            if not noted:
                ahead.extend(islice(coming, _BEGUN_IN_STORE - len(ahead)))
                if not ahead:
                    return
                noted.extend(self._note_begun(ahead))
            if self._result.fatal is not None:
                return
            track = noted.popleft()
            self._left[track.name] = max(_LEAST_MUSIC, track.music)
            yield self._plan.job(track), track.known

    def _note_begun(self, ahead: deque[Track]) -> list[Track]:
        """Write down a file as begun, and short ones behind it that have no output yet: one wait for all.

        Returns:
            Those that were written down; they are no more ahead.
        """
        begun = [ahead.popleft()]
        if self._plan.send:  # to wait for a store takes longer still
            begun.extend(ahead)
            ahead.clear()
        elif is_short(begun[0]):  # and so are all behind it
            while ahead and len(begun) < _BEGUN_AT_ONCE and not self._plan.there(ahead[0]):
                begun.append(ahead.popleft())
        for track in begun:
            earlier = self._journal.entry(track.below)
            state = earlier.state if earlier is not None else ""
            if self._plan.there(track) and not is_ours(self._plan, track, state):
                self._foreign.add(track.below)
            # Of an earlier conversion, which may prove to be right still.
            result = earlier.result if track.known and earlier is not None else {}
            self._note(JournalEntry(track.below, "begun", self._key, result=result))
        if self._result.fatal is None:
            try:
                self._journal.sync()
            except OSError as error:
                self._full(error)
        return begun

    def _maybe_there(self, track: Track) -> bool:
        """Whether the output may be there now: of a worker that died, a store may yet have taken it."""
        return bool(self._plan.send) or self._plan.there(track)

    def _outcome(self, job: TrackJob, event: Finished[TrackOutcome] | Crashed | Stalled) -> TrackOutcome:
        if isinstance(event, Finished):
            return event.outcome
        if isinstance(event, Stalled):
            message = f"nothing moved for {self._settings.stall_seconds:.0f} s"
            return TrackOutcome(job.name, "failed", "stalled", message)
        return TrackOutcome(
            job.name,
            "failed",
            "crashed",
            f"reading or writing it ended its process: {event.cause}",
            "the file may be damaged; the others are not touched by it",
        )

    def _record(self, job: TrackJob, outcome: TrackOutcome) -> None:
        track = self._plan.tracks.one(job.number)
        end = End(outcome.status, outcome.reason, outcome.message, outcome.hint, outcome.exit_code)
        self._plan.tracks.end(track.number, end)
        if self._reporter.followed:
            _follow(self._plan, track, end, self._reporter)
        if outcome.status in ("failed", "left out"):
            if outcome.reason in FATAL:
                self._result.fatal = outcome
                return
            kept = self._maybe_there(track) and track.below not in self._foreign
            self._note(JournalEntry(track.below, "kept" if kept else "failed", self._key))
            if outcome.status == "left out":
                self._reporter.detail(f"{_one_line(job.name)}: left out: {outcome.message}")
            elif not self._plan.single:  # one file's failure is the whole command's, and is said there
                self._reporter.warn(f"{_one_line(job.name)}: {outcome.reason}: {outcome.message}")
        else:
            result = outcome.result
            if outcome.status == "unchanged" and (earlier := self._journal.entry(track.below)) is not None:
                result = earlier.result
            self._note(
                JournalEntry(track.below, "done", self._key, outcome.digest, outcome.stamp, result=result)
            )
            self._reporter.detail(f"{_one_line(job.name)}: {outcome.status}")
            for warning in result.get("warnings", ()) if outcome.status == "done" else ():
                self._reporter.warn(f"{_one_line(job.name)}: {warning}")

    def _note(self, entry: JournalEntry) -> None:
        runtime, device = self._made_by
        try:
            self._journal.write(replace(entry, runtime=runtime, device=device))
        except OSError as error:
            self._full(error)

    def _full(self, error: OSError) -> None:
        self._result.fatal = TrackOutcome(
            self._plan.output.name,
            "failed",
            "setup" if isinstance(error, StoreError) else "disk full",
            f"the journal cannot be written: {error.strerror or error}",
        )


def _follow(plan: LibraryPlan, track: Track, end: End, reporter: Reporter) -> None:
    source, target = plan.places(track)
    reporter.follow(
        "track",
        name=track.name,
        status=end.status,
        reason=end.reason,
        message=end.message,
        hint=reporter.advice(end.hint),
        source=source,
        target=target,
    )


def _one_line(name: str) -> str:
    """A name that may hold a line break, in a sentence that must not."""
    return name.replace("\n", "\\n").replace("\r", "\\r")


def _remove_leftovers(plan: LibraryPlan, token: str) -> None:
    from styleshift.audio.write import remove_leftovers

    for name in plan.tracks.folders():
        if (folder := plan.output / name).is_dir():
            remove_leftovers(folder, token)
