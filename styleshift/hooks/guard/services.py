"""What a training or a conversion uses beside the music: trackers and engines."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from styleshift.hooks.engines import Crashed, Engine, EngineSpec, Finished, Progress, Stalled, Work
from styleshift.hooks.guard.owner import END, Owner, kind_of
from styleshift.hooks.records import Excerpt, Tracker, TrackerSpec


def check_tracker(owner: Owner, spec: TrackerSpec, config: Any) -> None:
    """Whether the tracker can be used here."""
    owner.call(spec.check, config)


def build_tracker(owner: Owner, spec: TrackerSpec, *given: Any) -> Tracker:
    """A tracker whose every call is guarded."""
    return _Tracker(owner, owner.built(spec, *given, members=("figures", "excerpts", "close")))


@dataclass(frozen=True, slots=True)
class _Tracker:
    owner: Owner
    tracker: Tracker

    def figures(self, step: int, figures: Mapping[str, float]) -> None:
        """See :class:`styleshift.hooks.records.Tracker`."""
        self.owner.call(self.tracker.figures, step, figures)

    def excerpts(self, step: int, excerpts: Sequence[Excerpt]) -> None:
        """See :class:`styleshift.hooks.records.Tracker`."""
        self.owner.call(self.tracker.excerpts, step, excerpts)

    def close(self) -> None:
        """See :class:`styleshift.hooks.records.Tracker`."""
        self.owner.call(self.tracker.close)


def build_engine(owner: Owner, spec: EngineSpec, config: Any) -> Engine:
    """An engine whose events are checked."""
    return _Engine(owner, owner.built(spec, config, members=("local", "workers", "threads", "run")))


class _Engine:
    """An engine whose events are checked; see :class:`styleshift.hooks.engines.Engine`."""

    def __init__(self, owner: Owner, engine: Engine) -> None:
        self._owner, self._engine = owner, engine
        self.local = bool(engine.local)
        self.workers = self._at_least_one("workers", engine.workers)

    def threads(self, workers: int) -> int:
        """CPU threads for each of so many workers."""
        return self._at_least_one("threads", self._owner.call(self._engine.threads, workers))

    def run(self, work: Work[Any, Any], jobs: Iterable[Any], **limits: Any) -> Generator[Any, None, None]:
        """Do all jobs, and hand over their events."""
        events = self._owner.call(lambda: iter(self._engine.run(work, jobs, **limits)))
        try:
            while (event := self._owner.call(next, events, END)) is not END:
                pair = isinstance(event, tuple) and len(event) == 2
                if not pair or not isinstance(event[1], Progress | Finished | Crashed | Stalled):
                    raise self._owner.fault(f"run gave {kind_of(event)}, not a job with its event")
                yield event
        finally:
            if close := getattr(events, "close", None):
                self._owner.call(close)  # ends its workers

    def _at_least_one(self, what: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self._owner.fault(f"{what} is {value!r}; it must be a whole number from 1")
        return value
