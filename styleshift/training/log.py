"""``log.jsonl`` in the run folder: one JSON line every so many steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from styleshift.errors import TrainingError
from styleshift.progress import Reporter
from styleshift.system.lines import JsonLines
from styleshift.training.curves import loss_in_words
from styleshift.training.state import TrainingState


class Log:
    """Appends to the log and makes the figures for the progress bar.

    A log that cannot be written to, as on a full disk, is reported once; training continues without it.

    Args:
        path: of the file.
        how_to_resume: the command that goes on with this run.
        seconds: that the run has taken so far.
        reporter: who is told.
        show: is given the step and every figure of a line, by name, such as ``loss/cycle_x``.
        domains: names of X and Y, for people; the file has x and y.
    """

    def __init__(
        self,
        path: Path,
        how_to_resume: str,
        seconds: float = 0.0,
        reporter: Reporter | None = None,
        show: Callable[[int, Mapping[str, float]], None] | None = None,
        domains: tuple[str, str] = ("x", "y"),
    ) -> None:
        self._domains = domains
        self.how_to_resume = how_to_resume
        self._show = show
        self._path = path
        self._seconds = seconds
        self._waited = 0.0
        self._reporter = reporter or Reporter()
        self._told = False

    def event(self, kind: str, **fields: Any) -> None:
        """One line that is not about losses."""
        try:
            with JsonLines(self._path, sync=False) as lines:
                lines.append({"event": kind, "time": round(time.time(), 3), **fields})
        except OSError as error:
            if not self._told:
                self._reporter.warn(
                    f"{self._path} cannot be written to: {error.strerror or error}; training continues"
                )
            self._told = True

    def write(
        self, state: TrainingState, names: list[str], rows: torch.Tensor, waited: float = 0.0
    ) -> dict[str, float | str]:
        """One line with the mean of every loss.

        Args:
            state: after the last of the steps.
            names: of the losses.
            rows: ``[steps, losses]``.
            waited: seconds spent waiting for data since this log was opened.

        Returns:
            What to show beside the progress bar.

        Raises:
            TrainingError: a loss is not finite; the line is written all the same.
        """
        rows = rows.float().cpu()
        means = dict(zip(names, rows.mean(dim=0).tolist(), strict=True))
        took = max(1e-9, state.seconds - self._seconds)
        speed, waiting = len(rows) / took, (waited - self._waited) / took
        self._seconds, self._waited = state.seconds, waited
        shown = {name: float(f"{value:.6g}") for name, value in means.items()}
        lr = float(state.generator_optimiser.param_groups[0]["lr"])  # a tensor, for CUDA graphs
        self.event(
            "step",
            step=state.step,
            seconds=round(state.seconds, 3),
            steps_per_second=round(speed, 4),
            data_wait=round(waiting, 4),
            lr=lr,
            losses=shown,
        )
        if self._show:
            speeds = {"speed/steps_per_second": speed, "speed/data_wait": waiting, "lr/generators": lr}
            self._show(state.step, {**{f"loss/{name}": value for name, value in means.items()}, **speeds})
        self.check(state.step, names, rows)
        return {"steps/s": speed, **grouped(means)}

    def check(self, last_step: int, names: list[str], rows: torch.Tensor) -> None:
        """Look at losses that get no line of their own, too.

        Args:
            last_step: of the last row.
            names: of the losses.
            rows: ``[steps, losses]``.

        Raises:
            TrainingError: one is not finite; the first of them is named.
        """
        bad = (~torch.isfinite(rows)).nonzero()
        if len(bad):
            row, column = (int(value) for value in bad[0])
            kind, of = loss_in_words(names[column], self._domains)
            step = last_step - len(rows) + row + 1
            raise TrainingError(
                f"loss {names[column]} ({kind}, {of}) became {float(rows[row, column])} at step {step}",
                "the last checkpoint is good: start anew with a lower optimiser.generator_lr or with "
                "optimiser.clip_grad_norm=1",
            )


def grouped(means: dict[str, float]) -> dict[str, float]:
    """Losses of the same kind, summed over directions: what fits beside a progress bar."""
    found: dict[str, float] = {}
    for name, value in means.items():
        kind, _ = loss_in_words(name, ("x", "y"))
        found[kind] = found.get(kind, 0.0) + value
    return found
