"""Checkpoint files: one safetensors file each, with everything that is no tensor as JSON in its header.

A file is written under a temporary name in the same folder, flushed to disk and renamed, so a run that is
killed at any moment leaves whole checkpoints only. Nothing is ever pickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from styleshift.errors import CheckpointError
from styleshift.system.files import atomic_path, write_json
from styleshift.training.find import SCORES_FILE, scores_in, steps_in

FORMAT = 1
HEADER = "styleshift"

KEPT_BEST = 3
"""Checkpoints of each direction that stay whatever they take, so that ears may choose between them."""


def write(path: Path, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
    """Write one checkpoint file, whole or not at all.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    try:
        with atomic_path(path) as partial:
            save_file(tensors, partial, {HEADER: json.dumps({"format": FORMAT, **values})})
    except SafetensorError as error:
        raise OSError(str(error)) from error


def read(path: Path, *, only: str = "") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read one checkpoint file.

    Args:
        path: of the file.
        only: read only tensors whose names begin so.

    Raises:
        CheckpointError: missing, damaged, or from a newer version.
    """
    try:
        with safe_open(path, framework="pt") as file:
            values = json.loads((file.metadata() or {})[HEADER])
            tensors = {name: file.get_tensor(name) for name in file.keys() if name.startswith(only)}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"checkpoint {path} cannot be read: {error}", "remove it, then the one before is used"
        ) from error
    if values.get("format", 0) > FORMAT:
        raise CheckpointError(f"checkpoint {path} is from a newer styleshift", "update styleshift")
    return tensors, values


def remove_partial_checkpoints(folder: Path) -> None:
    """Take away what safetensors was writing when a run was killed.

    From 0.8 on it writes to a file of its own, ``.tmp`` and six characters, beside the name that it is given.
    """
    for path in folder.glob(".tmp??????"):
        path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class CheckpointFolder:
    """The checkpoints of one run, ``step-00000500.safetensors`` and so on.

    Attributes:
        path: the folder.
    """

    path: Path

    def file(self, step: int) -> Path:
        """Where the checkpoint of that step is, or would be."""
        return self.path / f"step-{step:08d}.safetensors"

    def steps(self) -> list[int]:
        """Steps that have a checkpoint, the earliest first."""
        return steps_in(self.path)

    def last(self) -> Path:
        """The latest checkpoint.

        Raises:
            CheckpointError: there is none.
        """
        steps = self.steps()
        if not steps:
            raise CheckpointError(f"there is no checkpoint in {self.path}", "start with `styleshift train`")
        return self.file(steps[-1])

    def scores(self) -> dict[int, dict[str, float]]:
        """Of steps that were validated, by direction, higher is better; empty where none was."""
        return scores_in(self.path)

    def ranked(self, direction: str) -> list[int]:
        """Steps that are there and were validated, the best of a direction first; of equals the earlier."""
        scores = self.scores()
        there = [step for step in self.steps() if direction in scores.get(step, {})]
        return sorted(there, key=lambda step: -scores[step][direction])

    def best(self, direction: str) -> Path:
        """The checkpoint with the highest score of a direction; the last where none has one."""
        ranked = self.ranked(direction)
        return self.file(ranked[0]) if ranked else self.last()

    def save(
        self, tensors: dict[str, Tensor], values: dict[str, Any], scores: Mapping[str, float] | None = None
    ) -> Path:
        """Write the checkpoint of ``values["step"]``, and what it scored by direction.

        Raises:
            OSError: it could not be written; the others are as they were.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        path = self.file(values["step"])
        write(path, tensors, values)
        if scores is not None:
            every = {**self.scores(), int(values["step"]): dict(scores)}
            write_json(self.path / SCORES_FILE, {str(step): every[step] for step in sorted(every)})
        return path

    def prune(self, keep_every: int, budget: float) -> list[int]:
        """Remove all but the last, the best, every ``keep_every``-th; then the oldest over ``budget`` bytes.

        Returns:
            The steps that were removed. The last and the best three of each direction always stay.
        """
        directions = sorted({name for scores in self.scores().values() for name in scores})
        best = [step for direction in directions for step in self.ranked(direction)[:KEPT_BEST]]
        sacred = {self.last(), *map(self.file, best)}
        removed = []
        for step in self.steps():
            if self.file(step) not in sacred and not (keep_every and step % keep_every == 0):
                self.file(step).unlink(missing_ok=True)
                removed.append(step)
        for step in self.steps():
            total = sum(self.file(other).stat().st_size for other in self.steps())
            if total <= budget:
                break
            if self.file(step) not in sacred:
                self.file(step).unlink(missing_ok=True)
                removed.append(step)
        return removed
