"""Fits the model of a run: the loop, with what it saves, validates and writes down around it."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styleshift.errors import CheckpointError, ConfigError, TrainingError
from styleshift.hooks.records import Excerpt
from styleshift.progress import Reporter
from styleshift.system.interrupt import StopRequest
from styleshift.training.checkpoint import pack
from styleshift.training.curves import LOG_FILE, direction_names
from styleshift.training.device import compile_networks, enough_memory
from styleshift.training.distributed import LostRankError
from styleshift.training.early_stopping import ENDS_WRONG, EarlyStopping
from styleshift.training.excerpts import make_excerpts
from styleshift.training.files import CheckpointFolder, write
from styleshift.training.find import CHECKPOINTS
from styleshift.training.folder import write_run
from styleshift.training.graph import choose_steps
from styleshift.training.loader import BatchLoader
from styleshift.training.log import Log
from styleshift.training.page import write_run_page
from styleshift.training.state import TrainingState
from styleshift.training.step import train_step
from styleshift.training.trackers import Trackers
from styleshift.training.validator import ValidationResult, Validator


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a training came to.

    Attributes:
        run: its name.
        folder: ``runs/<name>``.
        step: steps done.
        seconds: spent on them.
    """

    run: str
    folder: Path
    step: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "folder": str(self.folder)}


class Trainer:
    """Trains the model of one run.

    Args:
        folder: ``runs/<name>``; of several processes only the main one writes to it.
        run: what ``run.json`` holds.
        state: where it begins, and what it changes.
        loader: gives the batches; closed at the end.
        validator: judges every checkpoint; None where nothing is held against anything.
        reporter: who is told.
        trackers: show the run elsewhere; closed by who made them.
        stopping: what a checkpoint holds of the early stopping; None where the run is new.
    """

    def __init__(
        self,
        folder: Path,
        run: Mapping[str, Any],
        state: TrainingState,
        loader: BatchLoader,
        validator: Validator | None,
        reporter: Reporter,
        trackers: Trackers,
        stopping: Mapping[str, Any] | None = None,
    ) -> None:
        self.state, self.loader, self.validator, self.reporter = state, loader, validator, reporter
        x, y = run["domains"]
        self.names = direction_names((x, y))
        self.early_stopping = EarlyStopping(state.recipe.schedule.patience, self.names)
        if stopping:
            self.early_stopping.load_state_dict(stopping)
        self._told = False
        self._saved = state.step or -1  # what was resumed is saved
        self._validated: tuple[int, ValidationResult] | None = None
        self.checkpoints = CheckpointFolder(folder / CHECKPOINTS)
        how_to_resume = f"`styleshift train` `resume` `name={shlex.quote(folder.name)}`"
        file = folder / LOG_FILE if state.group.is_main else Path(os.devnull)
        self.folder, self.run, self.trackers = folder, run, trackers
        self.log = Log(file, how_to_resume, state.seconds, reporter, trackers.figures, (x, y))

    def setup(self, reporter: Reporter) -> None:
        """What is left to do before the first step.

        Args:
            reporter: who is told of this, since a signal may still end it at any moment.
        """
        state = self.state
        if state.group.is_main:
            write_run(self.folder, self.run)
        if state.recipe.schedule.compile:
            with reporter.phase("compiling the networks"):
                compile_networks(state.model, reporter)
        device, versions = str(state.device), torch.__version__
        self.log.event("start", step=state.step, pid=os.getpid(), device=device, versions=versions)
        if state.step == 0:  # so that a run that is killed at once can go on too
            with reporter.phase("validating the start" if self.validator else "saving the start"):
                self.save(False)

    def fit(self) -> RunResult:
        """Train to the end of the schedule.

        Raises:
            Interrupted: a signal came; the state is saved.
            CheckpointError: the state as it is at the end, or where a signal came, cannot be saved.
            TrainingError: a loss is not finite; the last good checkpoint stays.
            LostRankError: another process has ended.
        """
        state, log = self.state, self.log
        began = state.seconds
        self.reporter.info("training begins; Ctrl-C saves and stops, `resume` continues")
        try:
            with enough_memory(state.recipe):
                self._loop()
        except (TrainingError, ConfigError) as error:
            log.event("failed", step=state.step, message=error.message)
            if isinstance(error, TrainingError):
                self._keep_failed()
            raise
        except LostRankError as error:
            log.event("lost", step=state.step, message=error.message)
            raise LostRankError(
                f"{error.message}; {self._safe()}", f"start all of them again: {log.how_to_resume}"
            ) from error
        finally:
            self.loader.close()
        waited = self.loader.waited / max(1e-9, state.seconds - began)
        log.event("end", step=state.step, seconds=state.seconds, data_wait=round(waited, 4))
        if waited > 0.1:
            self.reporter.info(f"{waited:.0%} of the time was spent waiting for data")
        return RunResult(self.folder.name, self.folder, state.step, state.seconds)

    def _loop(self) -> None:
        """The loop, whole: draw crops, take a step, log, save; stop in good order."""
        state, schedule, log = self.state, self.state.recipe.schedule, self.log
        take = choose_steps(state, self.reporter)
        names: list[str] = []
        rows: list[Tensor] = []
        timed = not schedule.steps  # a budget of time alone: the bar fills with the seconds
        total, unit = (60 * schedule.minutes, "s") if timed else (schedule.steps, "steps")
        with StopRequest() as stop, self.reporter.task("training", total, unit) as task:
            task.advance(state.seconds if timed else state.step)
            clock = time.monotonic()
            while state.progress < 1 and not state.group.any(stop.requested):
                losses = train_step(state, next(self.loader), take)
                now = time.monotonic()
                took, clock = now - clock, now
                state.seconds = state.group.max(state.seconds + took)
                figures: dict[str, float | str] = {}
                if (
                    rows and list(losses) != names
                ):  # the warm start is over: its last few steps have other losses
                    log.check(state.step - 1, names, state.group.mean(torch.stack(rows)))
                    rows.clear()
                names = list(losses)
                rows.append(torch.stack(list(losses.values())))
                due = state.step % schedule.save_every == 0
                if due or state.step % schedule.log_every == 0 or state.progress >= 1:
                    figures = log.write(state, names, state.group.mean(torch.stack(rows)), self.loader.waited)
                    rows.clear()
                    if timed:
                        figures = {"step": str(state.step), **figures}
                task.advance(took if timed else 1, **figures)
                if due and state.progress < 1:
                    self.save(False)
            if rows:  # a signal came between two lines of the log
                log.write(state, names, state.group.mean(torch.stack(rows)), self.loader.waited)
            if self._saved != state.step or state.progress >= 1:
                self.save(True)
        if best := self._best() if state.group.is_main else "":
            self.reporter.info(f"best in validation: {best}")
        if state.progress < 1:
            raise stop.error(f"stopped at step {state.step}; everything is saved", log.how_to_resume)

    def _best(self) -> str:
        """Which checkpoints an export takes; empty where none was validated."""
        scores = self.checkpoints.scores()
        return ", ".join(
            f"{name} at step {ranked[0]} ({scores[ranked[0]][direction]:.2f} of 1)"
            for direction, name in self.names.items()
            if (ranked := self.checkpoints.ranked(direction))
        )

    def _safe(self) -> str:
        """What is saved whatever happens."""
        steps = self.checkpoints.steps()
        return f"step {steps[-1]} is safe" if steps else "nothing is saved yet"

    def save(self, last: bool) -> bool:
        """Validate and save the state as it is now; every rank calls this.

        Args:
            last: this process will not save again.

        Returns:
            Whether it is saved; where it is not, and it is not the last, that was told.

        Raises:
            CheckpointError: it is the last, and cannot be saved.
        """
        state = self.state
        tensors, values = pack(state)  # of all ranks
        saved = state.group.is_main and self._write(tensors, values, last)
        state.should_stop = state.group.any(state.should_stop)
        saved = state.group.any(saved)
        if saved:
            self._saved = state.step
        return saved

    def _write(self, tensors: dict[str, Tensor], values: dict[str, Any], last: bool) -> bool:
        state, schedule = self.state, self.state.recipe.schedule
        final = state.progress >= 1  # now: what validation shows may end the run, with another save
        result = self._validate()
        values["source"] = self.loader.state_dict()
        values["early_stopping"] = self.early_stopping.state_dict()
        try:
            self.checkpoints.save(tensors, values, result.scores if result else None)
        except OSError as error:
            kept = self._safe()
            if last:
                what = "the end of the run" if final else f"step {state.step}"
                raise CheckpointError(
                    f"{what} cannot be saved: {error}; {kept}",
                    f"make room, then: {self.log.how_to_resume}",
                ) from error
            self.reporter.warn(f"step {state.step} cannot be saved: {error}; {kept}, training continues")
            return False
        self.checkpoints.prune(schedule.keep_every, schedule.disk_gb * 1e9)
        self.log.event("saved", step=state.step)
        if result or final:
            self._show(result)
        if final and result:
            best = {name: self.checkpoints.ranked(name)[0] for name in result.directions}
            for sentence in self.early_stopping.final_warnings(state.step, result, best):
                self.reporter.warn(sentence)
        return True

    def _show(self, result: ValidationResult | None) -> None:
        """Bring the run's page and the trackers up to date; nothing that fails here stops a training."""
        state, excerpts = self.state, list[Excerpt]()
        facts = {"step": str(state.step), "minutes": f"{state.seconds / 60:.1f}", "on": str(state.device)}
        try:
            if self.validator and result:
                facts["score"] = f"{result.score:.3f}"
                facts["best"] = self._best()
                facts |= {
                    self.names[name]: part.judgement.verdict for name, part in result.directions.items()
                }
                excerpts = make_excerpts(
                    state.model, self.validator.excerpts, self.names, state.recipe.spectrogram
                )
            held_out = self.validator is not None and self.validator.held_out
            write_run_page(self.folder, excerpts, facts, held_out=held_out)
        except Exception as error:  # a picture is worth no training, whatever it is that cannot be drawn
            if not self._told:
                reason = (str(error).strip().splitlines() or [""])[0]
                self.reporter.warn(
                    f"the page of this run is not up to date: {type(error).__name__}: {reason}".rstrip(": ")
                )
            self._told = True
        if result:
            scores = {f"score/{name}": score for name, score in result.scores.items()}
            self.trackers.figures(state.step, {"score/mean": result.score, **scores})
            self.trackers.excerpts(state.step, excerpts)

    def _validate(self) -> ValidationResult | None:
        """Judge the state as it is now, once, and say what that shows."""
        state = self.state
        if self.validator is None or (self._validated and self._validated[0] == state.step):
            return self._validated[1] if self._validated else None
        result = self.validator.validate(state.model)
        self._validated = (state.step, result)
        self.log.event("validated", step=state.step, **result.to_dict())
        # A word for what has gone wrong alone: how far a style moved is on another scale than the score.
        scores = (
            f"{self.names[name]} {part.score.value:.2f}"
            + (f" ({part.judgement.kind})" if part.judgement.kind in ENDS_WRONG else "")
            for name, part in result.directions.items()
        )
        self.reporter.info(f"step {state.step}, score of 1: {', '.join(scores)}")
        for direction, part in result.directions.items():
            self.reporter.detail(f"step {state.step}, {self.names[direction]}: {part.judgement.verdict}")
        if state.step % state.recipe.schedule.save_every == 0:
            # Not where a run was interrupted: going on, it must come to the same end as one that was not.
            for sentence in self.early_stopping.update(state.step, result, counts=not state.warming):
                self.log.event("warning", step=state.step, message=sentence)
                self.reporter.warn(sentence)
            state.should_stop = self.early_stopping.should_stop
        return result

    def _keep_failed(self) -> None:
        tensors, values = pack(self.state)
        if not self.state.group.is_main:
            return
        try:
            write(self.checkpoints.path / "failed.safetensors", tensors, values)
        except OSError as full:
            self.reporter.warn(f"the state that failed cannot be saved: {full}")
