"""What a killed run leaves beside its checkpoints."""

from __future__ import annotations

from pathlib import Path

from styleshift.training.files import remove_partial_checkpoints


def test_what_safetensors_was_writing_goes_and_all_else_stays(tmp_path: Path) -> None:
    for name in (".tmpC7uhI4", "step-00000010.safetensors", ".tmp-notes-of-a-person", "best.json"):
        (tmp_path / name).touch()
    remove_partial_checkpoints(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".tmp-notes-of-a-person",
        "best.json",
        "step-00000010.safetensors",
    ]
