"""One sitting of a run: the loop, with what it saves, judges and writes down around it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styleshift.errors import CheckpointError, TrainingError
from styleshift.hooks.records import Excerpt
from styleshift.progress import Reporter
from styleshift.training.checkpoint import pack
from styleshift.training.device import compile_networks
from styleshift.training.excerpts import make_excerpts
from styleshift.training.feed import Feed
from styleshift.training.files import CheckpointFolder, write
from styleshift.training.find import CHECKPOINTS
from styleshift.training.judging import Jury, Verdict
from styleshift.training.log import Log
from styleshift.training.loop import Loop
from styleshift.training.page import write_run_page
from styleshift.training.step import TrainingState
from styleshift.training.team import LostRankError
from styleshift.training.trackers import Trackers
from styleshift.training.watch import Watch


class Sitting:
    """A run that is worked on.

    Args:
        folder: ``runs/<name>``; of a team, only the leader writes to it.
        domains: names of X and Y.
        state: where it begins, and what it changes.
        feed: gives the batches; closed at the end.
        jury: judges every checkpoint; None where nobody does.
        reporter: who is told.
        trackers: show the run elsewhere; closed by who made them.
        watched: what a checkpoint holds of the watch on judgements; None where the run is new.
    """

    def __init__(
        self,
        folder: Path,
        domains: tuple[str, str],
        state: TrainingState,
        feed: Feed,
        jury: Jury | None,
        reporter: Reporter,
        watched: Mapping[str, Any] | None = None,
        trackers: Trackers | None = None,
    ) -> None:
        self.state, self.feed, self.jury, self.reporter = state, feed, jury, reporter
        x, y = domains
        self.names = {"x2y": f"{x} to {y}", "y2x": f"{y} to {x}"}
        self.watch = Watch(state.recipe.schedule.patience, self.names)
        if watched:
            self.watch.restore(watched)
        self._told = False
        self._judged: tuple[int, Verdict] | None = None
        self.checkpoints = CheckpointFolder(folder / CHECKPOINTS)
        how_to_resume = f"styleshift train --resume --name {folder.name}"
        file = folder / "log.jsonl" if state.team.leads else Path(os.devnull)
        self.folder, self.trackers = folder, trackers
        show = trackers.figures if trackers else None
        self.log = Log(file, how_to_resume, state.seconds, reporter, show, domains)

    def begin(self, reporter: Reporter) -> None:
        """What is left to do before the first step.

        Args:
            reporter: who is told of this, since a signal may still end it at any moment.
        """
        state = self.state
        if state.recipe.schedule.compile:
            with reporter.phase("compiling the networks"):
                compile_networks(state.model, reporter)
        device, versions = str(state.device), torch.__version__
        self.log.event("start", step=state.step, pid=os.getpid(), device=device, versions=versions)
        if state.step == 0:  # so that a run that is killed at once can go on too
            with reporter.phase("judging the start" if self.jury else "saving the start"):
                self.save(False)

    def run(self) -> None:
        """Train to the end of the schedule; raises as :meth:`styleshift.training.loop.Loop.run` does."""
        state, log = self.state, self.log
        began = state.seconds
        self.reporter.info("the steps begin; Ctrl-C saves and ends the run, and --resume goes on with it")
        try:
            Loop(state, self.feed, log, self.save, self.reporter).run()
        except TrainingError as error:
            log.event("failed", step=state.step, message=error.message)
            self._keep_failed()
            raise
        except LostRankError as error:
            last = self.checkpoints.steps()[-1:]
            kept = f"step {last[0]} is safe" if last else "nothing is saved yet"
            log.event("lost", step=state.step, message=error.message)
            raise LostRankError(
                f"{error.message}; {kept}", f"start all again: {log.how_to_resume}"
            ) from error
        finally:
            self.feed.close()
        waited = self.feed.waited / max(1e-9, state.seconds - began)
        log.event("end", step=state.step, seconds=state.seconds, data_wait=round(waited, 4))
        if waited > 0.1:
            self.reporter.info(f"{waited:.0%} of the time was spent waiting for data")

    def save(self, final: bool) -> None:
        """Judge and save the state as it is now; in a team every rank calls this.

        Raises:
            CheckpointError: it is the last of the run, and cannot be saved.
        """
        state = self.state
        tensors, values = pack(state)  # of all ranks
        if state.team.leads:
            self._write(tensors, values, final)
        state.enough = state.team.any(state.enough)

    def _write(self, tensors: dict[str, Tensor], values: dict[str, Any], final: bool) -> None:
        state, schedule = self.state, self.state.recipe.schedule
        verdict = self._judge()
        values["source"] = self.feed.state()
        values["watch"] = self.watch.state()
        try:
            self.checkpoints.save(tensors, values, verdict.score if verdict else None)
        except OSError as error:
            last = self.checkpoints.steps()
            kept = f"step {last[-1]} is safe" if last else "nothing is saved yet"
            if final:
                raise CheckpointError(
                    f"the end of the run cannot be saved: {error}; {kept}",
                    f"make room, then: {self.log.how_to_resume}",
                ) from error
            self.reporter.warn(f"step {state.step} cannot be saved: {error}; {kept}, training goes on")
            return
        self.checkpoints.prune(schedule.keep_every, schedule.disk_gb * 1e9)
        self.log.event("saved", step=state.step)
        if verdict or final:
            self._show(verdict)
        if final and verdict:
            for sentence in self.watch.last_words(verdict):
                self.reporter.warn(sentence)

    def _show(self, verdict: Verdict | None) -> None:
        """Bring the run's page and the trackers up to date; nothing that fails here stops a training."""
        state, excerpts = self.state, list[Excerpt]()
        facts = {"step": str(state.step), "minutes": f"{state.seconds / 60:.1f}", "on": str(state.device)}
        try:
            if self.jury and verdict:
                facts["score"] = f"{verdict.score:.3f}"
                facts |= {self.names[name]: part.verdict for name, part in verdict.directions.items()}
                excerpts = make_excerpts(
                    state.model, self.jury.excerpts, self.names, state.recipe.spectrogram
                )
            unheard = self.jury is not None and self.jury.unheard
            write_run_page(self.folder, excerpts, facts, unheard=unheard)
        except Exception as error:  # a picture is worth no training, whatever it is that cannot be drawn
            if not self._told:
                reason = (str(error).strip().splitlines() or [""])[0]
                self.reporter.warn(
                    f"the page of this run is not up to date: {type(error).__name__}: {reason}".rstrip(": ")
                )
            self._told = True
        if self.trackers and verdict:
            scores = {f"score/{name}": part.score for name, part in verdict.directions.items()}
            self.trackers.figures(state.step, {"score/mean": verdict.score, **scores})
            self.trackers.excerpts(state.step, excerpts)

    def _judge(self) -> Verdict | None:
        """Judge the state as it is now, once, and say what that shows."""
        state = self.state
        if self.jury is None or (self._judged and self._judged[0] == state.step):
            return self._judged[1] if self._judged else None
        verdict = self.jury.judge(state.model)
        self._judged = (state.step, verdict)
        self.log.event("judged", step=state.step, **verdict.to_dict())
        for direction, part in verdict.directions.items():
            self.reporter.detail(f"step {state.step}, {self.names[direction]}: {part.verdict}")
        if state.step % state.recipe.schedule.save_every == 0:
            # Not where a run was interrupted: going on, it must come to the same end as one that was not.
            for sentence in self.watch.look(state.step, verdict, counts=not state.warming):
                self.log.event("warning", step=state.step, message=sentence)
                self.reporter.warn(sentence)
            state.enough = self.watch.enough
        return verdict

    def _keep_failed(self) -> None:
        tensors, values = pack(self.state)
        if not self.state.team.leads:
            return
        try:
            write(self.checkpoints.path / "failed.safetensors", tensors, values)
        except OSError as full:
            self.reporter.warn(f"the state that failed cannot be saved: {full}")
