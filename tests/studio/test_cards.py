"""A model's card in the browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

from styleshift.models.shelf import ShelvedModel
from styleshift.studio.cards import card


def test_where_a_model_comes_from_is_told_without_braces(models: ModuleType, tmp_path: Path) -> None:
    members = [{"run": "a", "seed": 0, "step": 500}, {"run": "b", "seed": 1, "step": 500}]
    provenance = {"seconds": 6403.309382625, "corpora": {"x": {"tracks": 9}}, "members": members}
    metadata = replace(models.metadata(), provenance=provenance)
    told = card(ShelvedModel(models.make_model(tmp_path / "m.onnx"), "user", metadata))
    assert told["runs"] == 2
    assert told["provenance"] == {
        "seconds": "6403",
        "corpora": "x: tracks: 9",
        "members": "run: a; seed: 0; step: 500 / run: b; seed: 1; step: 500",
    }
