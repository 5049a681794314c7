"""What gpu.py measures with: cases in a process of their own, so that one that fails costs one row.

An error of CUDA stays with the process that met it, and a hang with the one that hangs: then the cases that
are left are gone on with in a new one.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from styleshift.progress import Reporter
from styleshift.recipes import Recipe, load_recipe

Row = dict[str, Any]

SHORT = ("data.crop_frames=64", "schedule.batch=1")
TINY = {
    "small": (
        *SHORT,
        "generator.channels=2",
        "generator.levels=1",
        "discriminator.channels=2",
        "warm_start.crops=16",
    ),
    "music": (
        *SHORT,
        "generator.channels=2",
        "generator.levels=1",
        "generator.blocks=1",
        "generator.detail=4",
        "discriminator.channels=2",
    ),
    "seed": (*SHORT, "generator.channels=2", "generator.blocks=1", "discriminator.channels=2"),
}


class Bench(Reporter):
    """What a case is given.

    Args:
        device: that trains and converts.
        seconds: for each of the loops and conversions.
        folder: for files.

    Attributes:
        told: warnings, for the row.
    """

    def __init__(self, device: torch.device, seconds: float, folder: Path) -> None:
        self.device, self.seconds, self.folder = device, seconds, folder
        self.tiny = device.type == "cpu"
        self.told: list[str] = []

    def warn(self, message: str) -> None:
        self.told.append(message)

    def recipe(self, name: str, *settings: str) -> Recipe:
        """A recipe, tiny where this is a trial."""
        return load_recipe(name, [*(TINY[name] if self.tiny else ()), *settings])

    def rate(self, step: Callable[[], object]) -> float:
        """Steps a second, after some that do not count."""
        for _ in range(2 if self.tiny else 8):  # three of them before a step is captured
            step()
        self.wait()
        began, steps = time.perf_counter(), 0
        while (taken := time.perf_counter() - began) < self.seconds or not steps:
            for _ in range(1 if self.tiny else 5):
                step()
                steps += 1
            self.wait()
        return steps / taken if taken else 0.0

    def wait(self) -> None:
        """For all that the device was given to do."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()


class Found(Row):
    """What a case has measured so far; each figure is told of as it comes."""

    def __init__(self, tell: Callable[[Row], object]) -> None:
        super().__init__()
        self._tell = tell

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._tell(dict(self))


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table.

    Attributes:
        case: its kind.
        name: which of that kind.
        work: fills the row as it goes, so that what was measured before a failure is kept.
        settings: that it is called with.
        most: seconds after which it is taken for hung.
    """

    case: str
    name: str
    work: Callable[..., None]
    settings: Sequence[str] = field(default=())
    most: float = 120.0

    def measure(self, bench: Bench, tell: Callable[[Row], object] = lambda _: None) -> Row:
        """The row; whatever goes wrong is written down in it.

        Args:
            bench: what it is given.
            tell: told of what was found so far, in case no more comes.
        """
        began, found, bench.told = time.monotonic(), Found(tell), []
        try:
            self.work(bench, found, *self.settings)
        except Exception as error:  # the next ones are to be measured all the same
            found["error"] = f"{type(error).__name__}: {error}".splitlines()[0]
        if bench.told:
            found["told"] = bench.told
        gc.collect()
        with contextlib.suppress(RuntimeError):  # what is broken is said already
            if bench.device.type == "cuda":
                torch.cuda.empty_cache()
        return self.row({**found, "took": round(time.monotonic() - began, 1)})

    def row(self, found: Row) -> Row:
        """With its names before it."""
        return {"case": self.case, "name": self.name, **found}


def measure_all(cases: Sequence[Case], bench: Bench, limit: float) -> Iterator[Row]:
    """A row for each case, in order, none begun after ``limit`` seconds and none lasting past them."""
    left, end = deque(cases), time.monotonic() + limit
    context = get_context("spawn")
    while left and time.monotonic() < end:
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, bench, list(left)))
        process.start()
        assert process.pid is not None  # it has begun
        theirs.close()
        try:
            while left and time.monotonic() < end:
                case = left[0]
                patience = end - time.monotonic() if bench.tiny else min(case.most, end - time.monotonic())
                answer, over = _answer(ours, process, case, patience)
                if answer is None:  # it leaves, to be begun anew
                    break
                left.popleft()
                yield answer
                if over:
                    break
        finally:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)  # and all that it began
            process.kill()
            process.join()
    for case in left:
        yield case.row({"error": "no time was left"})


def _answer(ours: Connection, process: BaseProcess, case: Case, patience: float) -> tuple[Row | None, bool]:
    """The row of a case, and whether its process is of no more use."""
    found, until = Row(), time.monotonic() + patience
    while ours.poll(max(0.0, until - time.monotonic())):
        try:
            answer = ours.recv()
        except EOFError:
            process.join()
            return case.row({**found, "error": f"its process ended with {process.exitcode}"}), True
        if answer is None or "case" in answer:
            return answer, False
        found = answer
    return case.row({**found, "error": f"cut off after {patience:.0f} s"}), True


def _work(connection: Connection, bench: Bench, cases: Sequence[Case]) -> None:
    os.setsid()
    for case in cases:
        row = case.measure(bench, connection.send)
        connection.send(row)
        if "CUDA" in row.get("error", ""):  # after some of its errors nothing works any more
            connection.send(None)
            return


def line(row: Row) -> str:
    """A row of the table."""
    rest = ", ".join(f"{key} {value}" for key, value in row.items() if key not in ("case", "name"))
    return f"{row['case']:<12} {row['name']:<28} {rest}"
