"""What ships is small, whole, licensed and described, and found without a network or a workspace."""

from __future__ import annotations

from pathlib import Path

from plain_operators import others

from styleshift.models.find import find_model
from styleshift.models.shelf import models_in
from styleshift.models.verify import read_checksums, verify_model
from styleshift.workspace import Workspace, shipped_models

MOST_BYTES = 12e6


def test_every_shipped_model_is_what_it_must_be(tmp_path: Path) -> None:
    there = list(models_in(shipped_models(), "shipped"))
    assert sorted(read_checksums(shipped_models())) == sorted(model.path.name for model in there)
    for model in there:
        metadata = model.metadata
        assert model.path.stat().st_size < MOST_BYTES, model.name
        assert model.name == f"{metadata.source}-to-{metadata.target}"
        assert metadata.licence, model.name
        for part in ("summary", "material", "credits", "recipe", "made_by", "scores", "bad_at"):
            assert getattr(metadata.card, part), f"{model.name} does not say its {part}"
        assert not others(model.path), model.name
        verify_model(model)
        found = find_model(Workspace(tmp_path), target=metadata.target)
        assert found.path == model.path, "--from may be left out"
