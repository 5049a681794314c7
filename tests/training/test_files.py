"""Which checkpoints stay, and what a killed run leaves beside them."""

from __future__ import annotations

from pathlib import Path

import torch

from styleshift.training.files import CheckpointFolder, remove_partial_checkpoints


def test_what_safetensors_was_writing_goes_and_all_else_stays(tmp_path: Path) -> None:
    for name in (".tmpC7uhI4", "step-00000010.safetensors", ".tmp-notes-of-a-person", "best.json"):
        (tmp_path / name).touch()
    remove_partial_checkpoints(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".tmp-notes-of-a-person",
        "best.json",
        "step-00000010.safetensors",
    ]


def test_pruning_keeps_last_best_and_every_nth(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    tensors = {"a": torch.zeros(1000)}
    there = {1: 0.1, 2: 0.9, 3: 0.2, 5: 0.3, 6: 0.1, 8: 0.4}
    back = {1: 0.9, 2: 0.8, 3: 0.7, 5: 0.1, 6: 0.1, 8: 0.2}
    for step in range(1, 11):
        scores = {"x2y": there[step], "y2x": back[step]} if step in there else None
        folder.save(tensors, {"step": step}, scores)
    assert (folder.best("x2y"), folder.best("y2x")) == (folder.file(2), folder.file(1))
    folder.prune(keep_every=3, budget=1e9)
    best = [1, 2, 3, 5, 8]  # three of each direction
    assert folder.steps() == [1, 2, 3, 5, 6, 8, 9, 10]
    size = folder.file(2).stat().st_size
    folder.prune(keep_every=3, budget=6.5 * size)
    assert folder.steps() == [*best, 10]
    folder.prune(keep_every=0, budget=0)
    assert folder.steps() == [*best, 10]
