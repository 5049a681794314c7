"""What ships is small, whole, licensed and described, and found without a network or a workspace."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from plain_operators import others

from styleshift.models.card_page import pictures_of
from styleshift.models.find import find_model
from styleshift.models.shelf import ShelvedModel, models_in
from styleshift.models.verify import read_checksums, verify_model
from styleshift.runtimes.float16 import to_float16
from styleshift.runtimes.selection import relative_error, trial_window
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
        rows = {row["what"]: row for row in metadata.card.scores}
        assert rows["three seeds"].keys() == rows["converted"].keys(), model.name
        assert all("±" in cell for head, cell in rows["three seeds"].items() if head != "what"), model.name
        assert not others(model.path), model.name
        verify_model(model)
        found = find_model(Workspace(tmp_path), target=metadata.target)
        assert found.path == model.path, "--from may be left out"


def test_the_documentation_has_a_picture_of_every_shipped_model(repository: Path) -> None:
    for model in models_in(shipped_models(), "shipped"):
        name, section = pictures_of(model).split("#")
        page = repository / "docs" / name
        heading = f"### {section.replace('-', ' ').capitalize()}\n"
        _, _, below = page.read_text(encoding="utf-8").partition(heading)
        picture = re.search(r"\]\((.*\.png)\)", below.split("\n#")[0])
        assert picture, model.name
        assert picture[1] == f"shipped-models/{model.name}.png"
        assert (page.parent / picture[1]).is_file()


@pytest.mark.parametrize("model", models_in(shipped_models(), "shipped"), ids=lambda model: model.name)
def test_a_shipped_model_is_the_same_in_half_precision(model: ShelvedModel) -> None:
    """What a GPU is offered; as the nodes stand, so that nothing is computed in float32 after all."""
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    window = trial_window(model.metadata)[..., : 4 * model.metadata.time_multiple + 32]
    window = window[..., : window.shape[3] // model.metadata.time_multiple * model.metadata.time_multiple]
    single = model.path.read_bytes()
    plain, half = (
        onnxruntime.InferenceSession(data, settings, providers=["CPUExecutionProvider"])
        for data in (single, to_float16(single))
    )
    wanted, found = (one.run(None, {one.get_inputs()[0].name: window})[0] for one in (plain, half))
    assert found.dtype == np.float32
    assert 0 < relative_error(found, wanted) < 5e-3
