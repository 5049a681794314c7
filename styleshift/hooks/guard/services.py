"""What a training or a conversion uses beside the music: trackers and engines."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from functools import partial
from types import SimpleNamespace
from typing import Any

from styleshift.hooks.engines import Crashed, Engine, EngineSpec, Finished, Progress, Stalled, Work
from styleshift.hooks.guard.owner import END, Owner, kind_of
from styleshift.hooks.records import TrackerSpec


def check_tracker(owner: Owner, spec: TrackerSpec, config: Any) -> None:
    """Whether the tracker can be used here."""
    owner.call(spec.check, config)


def build_tracker(owner: Owner, spec: TrackerSpec, *given: Any) -> SimpleNamespace:
    """A tracker whose every call is guarded."""
    members = ("figures", "excerpts", "close")
    tracker = owner.built(spec, *given, members=members)
    return SimpleNamespace(**{name: partial(owner.call, getattr(tracker, name)) for name in members})


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
