"""The workers of one run, seen from the driver: who is at what, who has died, and what is tried again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

import ray
from ray.exceptions import ObjectLostError, RayActorError, RayError, RayTaskError

from styleshift.errors import StyleshiftError
from styleshift.hooks.engines import Crashed, Finished, JobT, OutcomeT, Progress, Stalled, Work
from styleshift_ray.worker import Worker

if TYPE_CHECKING:
    from styleshift_ray import Options

Event: TypeAlias = Progress | Finished[Any] | Crashed | Stalled

# How often `stop` is asked where nothing happens.
_POLL_SECONDS = 0.2
# A first job loads a model, from a store that may be slow.
_FIRST_SECONDS = 60.0
# How long a worker that was asked to leave may clean up behind itself.
_GRACE_SECONDS = 2.0
# So many workers that cannot start, before any other could, are no accident.
_MOST_FAILED_STARTS = 3


@dataclass(slots=True, eq=False)
class _Task(Generic[JobT]):
    """A job, and how often and how far it has come."""

    job: JobT
    tries: int = 0
    told: float = 0.0


@dataclass(slots=True, eq=False)
class _Member(Generic[JobT]):
    """An actor. ``waits`` is what Ray says next of it: that it has started, or the events of its task."""

    actor: Any
    waits: Any = None
    task: _Task[JobT] | None = None
    ready: bool = False
    new: bool = True
    heard: float = field(default_factory=time.monotonic)


class Fleet(Generic[JobT, OutcomeT]):
    """Actors that do jobs; none is left once it is closed.

    Args:
        options: what a worker takes.
        work: what workers do.
        size: workers at most.
        patience: seconds without a report after which a job is given up.
    """

    def __init__(self, options: Options, work: Work[JobT, OutcomeT], size: int, patience: float) -> None:
        self._options = options
        self._size = size
        self._patience = patience
        self._members: list[_Member[JobT]] = []
        self._again: list[_Task[JobT]] = []
        self._failed_starts = 0
        self._since = time.monotonic()  # when last a worker was at something
        # One process and one processor share for each; a dead one is replaced by us, not by Ray.
        self._class: Any = ray.remote(Worker).options(
            num_cpus=options.cpus / (2 if work.waits and not options.gpus else 1),
            num_gpus=options.gpus,
            max_restarts=0,
            max_concurrency=2,
            scheduling_strategy="SPREAD",
        )
        ours = {name: value for name, value in os.environ.items() if name.startswith("STYLESHIFT_")}
        self._arguments = (work, str(Path.cwd()), ours)

    def events(self, jobs: Iterable[JobT], stop: Callable[[], bool]) -> Iterator[tuple[JobT, Event]]:
        """See :meth:`styleshift.hooks.Engine.run`."""
        source = iter(jobs)
        more = True
        while not stop():
            while len(self._members) < self._size and (more or self._again):
                self._start()
            for member in self._members:
                if (more or self._again) and member.ready and member.task is None:
                    more = yield from self._give(member, source)
            busy = [member for member in self._members if member.task is not None]
            if not busy and not more and not self._again:
                return
            if busy:
                self._since = time.monotonic()
            self._complain()
            for member in self._ready():
                yield from self._hear(member)
            for member in [m for m in self._members if m.task is not None]:
                if time.monotonic() - member.heard > self._patience:
                    assert member.task is not None
                    job = member.task.job
                    self._end(member)
                    yield job, Stalled()
        yield from self._last_words()

    def close(self) -> None:
        """End all workers: those at work are asked first, and have two seconds."""
        busy = [member for member in self._members if member.task is not None]
        for member in busy:
            member.actor.leave.remote()
        until = time.monotonic() + _GRACE_SECONDS
        while busy and (left := until - time.monotonic()) > 0:
            ready, _ = ray.wait([member.waits for member in busy], timeout=left)
            for member in [m for m in busy if m.waits in ready]:
                if not isinstance(_next(member.waits), Progress):
                    busy.remove(member)
        for member in list(self._members):
            self._end(member)

    def _start(self) -> None:
        actor = self._class.remote(*self._arguments)
        self._members.append(_Member(actor, actor.start.remote()))

    def _give(
        self, member: _Member[JobT], source: Iterator[JobT]
    ) -> Generator[tuple[JobT, Event], None, bool]:
        """Give a job, if there is one; returns whether there may be more."""
        while True:
            if self._again:
                task = self._again.pop(0)
            else:
                try:
                    task = _Task(next(source))
                except StopIteration:
                    return False
            try:
                member.waits = member.actor.run.options(num_returns="streaming").remote(task.job)
            except Exception as error:  # whatever an object raises when it is pickled
                yield task.job, Crashed(f"it cannot be sent to a worker: {type(error).__name__}: {error}")
                continue
            task.tries += 1
            member.task = task
            member.heard = time.monotonic() + (max(0.0, _FIRST_SECONDS - self._patience) if member.new else 0)
            member.new = False
            return True

    def _ready(self) -> list[_Member[JobT]]:
        """Members of whom there is news, after a moment if need be."""
        waiting = [member.waits for member in self._members if member.waits is not None]
        if not waiting:
            return []
        news, _ = ray.wait(waiting, timeout=_POLL_SECONDS)
        if len(waiting) > 1 and news:
            news, _ = ray.wait(waiting, num_returns=len(waiting), timeout=0)
        return [member for member in self._members if member.waits in news]

    def _hear(self, member: _Member[JobT]) -> Iterator[tuple[JobT, Event]]:
        member.heard = time.monotonic()
        task = member.task
        if task is None:
            self._started(member)
            return
        event = _next(member.waits)
        if isinstance(event, RayError):
            # The worker is dead, or its machine: what it was at is tried once elsewhere.
            self._end(member)
            if task.told:
                yield task.job, Progress(-task.told)
                task.told = 0.0
            if task.tries < 2:
                self._again.append(task)
            else:
                yield task.job, Crashed(_first_line(event))
        elif isinstance(event, Progress):
            task.told += event.amount
            yield task.job, event
        else:
            member.task = member.waits = None
            yield task.job, event

    def _started(self, member: _Member[JobT]) -> None:
        try:
            ray.get(member.waits)
        except RayError as error:
            self._end(member)
            self._failed_starts += 1
            cause = error.cause if isinstance(error, RayTaskError) else error
            if self._failed_starts >= _MOST_FAILED_STARTS and not any(m.ready for m in self._members):
                raise StyleshiftError(
                    f"no worker can be started under Ray: {_first_line(cause)}",
                    "every machine needs the same styleshift, plugins and folders",
                ) from error
            return
        member.ready, member.waits = True, None
        self._failed_starts = 0

    def _complain(self) -> None:
        if time.monotonic() - self._since > self._options.start_seconds:
            raise StyleshiftError(
                f"Ray has started no worker for {self._options.start_seconds:.0f} s",
                "see `ray status` for what the cluster lacks, or give the engine option `start_seconds`",
            )

    def _last_words(self) -> Iterator[tuple[JobT, Event]]:
        """What had finished when the run was stopped."""
        for member in self._members:
            while member.task is not None and ray.wait([member.waits], timeout=0)[0]:
                event = _next(member.waits)
                if isinstance(event, Progress):
                    continue
                job, member.task, member.waits = member.task.job, None, None
                if isinstance(event, Finished):
                    yield job, event

    def _end(self, member: _Member[JobT]) -> None:
        ray.kill(member.actor)
        self._members.remove(member)


def _next(stream: Any) -> Event | RayError:
    """The next event of a task; an error where its worker is lost."""
    try:
        event: Event = ray.get(next(stream))
    except StopIteration:
        return Crashed("the worker said no more")
    except (RayActorError, ObjectLostError) as error:
        return error
    except RayError as error:  # of this job alone: what it returned cannot be pickled
        return Crashed(_first_line(error))
    return event


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
