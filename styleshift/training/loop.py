"""The loop, whole: draw crops, take a step, log, save; stop in good order."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from styleshift.progress import Reporter
from styleshift.system.interrupt import StopRequest
from styleshift.training.graph import choose_steps
from styleshift.training.loader import BatchLoader
from styleshift.training.log import Log
from styleshift.training.step import TrainingState, train_step


@dataclass(frozen=True, slots=True)
class Loop:
    """What the loop works with.

    Attributes:
        state: networks, optimisers, counters.
        loader: gives the batches.
        log: the run's JSON lines.
        save: saves the state as it is now, and says whether that went well; called with True for the last
            time that this process saves, where it raises instead.
        saved: step of the last checkpoint; -1: there is none.
        reporter: who is told.
    """

    state: TrainingState
    loader: BatchLoader
    log: Log
    save: Callable[[bool], bool]
    saved: int
    reporter: Reporter

    def run(self) -> None:
        """Train until the schedule ends.

        Raises:
            Interrupted: a signal came; the state is saved.
            CheckpointError: the state as it is at the end, or where a signal came, cannot be saved.
            TrainingError: a loss is not finite; the last good checkpoint stays.
        """
        state, schedule = self.state, self.state.recipe.schedule
        take = choose_steps(state, self.reporter)
        names: list[str] = []
        rows: list[torch.Tensor] = []
        timed = not schedule.steps  # a budget of time alone: the bar fills with the seconds
        total, unit = (60 * schedule.minutes, "s") if timed else (schedule.steps, "steps")
        with StopRequest() as stop, self.reporter.task("training", total, unit) as task:
            task.advance(state.seconds if timed else state.step)
            saved, clock = self.saved, time.monotonic()
            while state.progress < 1 and not state.group.any(stop.requested):
                losses = train_step(state, next(self.loader), take)
                now = time.monotonic()
                took, clock = now - clock, now
                state.seconds = state.group.max(state.seconds + took)
                figures: dict[str, float | str] = {}
                if list(losses) != names:
                    if rows:  # the warm start is over: its last few steps have other losses
                        self.log.check(state.step - 1, names, state.group.mean(torch.stack(rows)))
                    rows.clear()
                names = list(losses)
                rows.append(torch.stack(list(losses.values())))
                due = state.step % schedule.save_every == 0
                if due or state.step % schedule.log_every == 0 or state.progress >= 1:
                    means = state.group.mean(torch.stack(rows))
                    figures = self.log.write(state, names, means, self.loader.waited)
                    rows.clear()
                    if timed:
                        figures = {"step": str(state.step), **figures}
                task.advance(took if timed else 1, **figures)
                if due and state.progress < 1 and self.save(False):
                    saved = state.step
            if rows:  # a signal came between two lines of the log
                self.log.write(state, names, state.group.mean(torch.stack(rows)), self.loader.waited)
            if saved != state.step or state.progress >= 1:
                self.save(True)
        if state.progress < 1:
            raise stop.error(f"stopped at step {state.step}; everything is saved", self.log.how_to_resume)
