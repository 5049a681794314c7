"""Recipe `voice`, whole: two speakers, some steps, a model file that says where voices go.

Of styleshift.training.pitch.
"""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest
import torch

from styleshift.bundle.export import export_bundle
from styleshift.bundle.load import load_bundle
from styleshift.bundle.run import export_run
from styleshift.corpus import Corpus, CropSampler
from styleshift.errors import ConfigError
from styleshift.frontend.pitch import PitchTarget
from styleshift.recipes import Recipe, load_recipe
from styleshift.training.checkpoint import TrainedModel, load_trained
from styleshift.training.run import resume_run, start_run
from styleshift.training.spectrum import match_spectrum
from styleshift.training.variance import match_variance
from styleshift.workspace import Workspace
from tests.helpers.voices import PITCHES, SETTINGS, precomputed


def recipe(*overrides: str) -> Recipe:
    return load_recipe("voice", [*SETTINGS, *overrides])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return precomputed(tmp_path_factory.mktemp("voices"), recipe(), {**PITCHES, "noise": (0, 0, 0)})


def targets(trained: TrainedModel) -> dict[str, PitchTarget]:
    return {name: whole.front.target() for name, whole in trained.translators.items() if whole.front}


def test_a_model_of_voices_says_the_pitch_and_is_the_generator_alone(
    place: Workspace, tmp_path: Path
) -> None:
    result = start_run(place, ("man", "woman"), recipe(), name="whole")
    trained = load_trained(result.folder, "last")
    found = targets(trained)
    assert found["x2y"].target_hz == pytest.approx(211, rel=0.05)
    assert found["y2x"].target_hz == pytest.approx(104, rel=0.05)
    exported = export_bundle(trained, "x2y", tmp_path / "m.onnx")
    assert load_bundle(exported.path).metadata.pitch == found["x2y"]
    # A crop that is moved already, through the file's generator, is what training makes of the crop.
    from styleshift.training.checkpoint import blank_statistics, load_weights
    from styleshift.training.files import CheckpointFolder, read
    from styleshift.training.model import CycleGAN

    model = CycleGAN(recipe(), *blank_statistics(recipe()))
    load_weights(model, read(CheckpointFolder(result.folder / "checkpoints").last(), only="model.")[0])
    whole = model.translator("x2y", averaged=True)
    crops = 3 * torch.rand(2, 1, 257, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        front = whole.front
        assert front is not None
        moved = front(crops, front.ratio(crops))
        assert torch.allclose(trained.generators["x2y"](moved), whole(crops), atol=1e-4)


def test_a_spectrum_is_matched_behind_the_moved_pitch_and_after_smoothing(place: Workspace) -> None:
    result = start_run(place, ("man", "woman"), recipe(), name="matched")
    before = load_trained(result.folder, "last")
    made = export_run(place, run="matched", checkpoint="last", match_spectrum=True, smooth_frames=0.1)[0]
    crops = 3 * torch.rand(2, 1, 257, 64, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(str(made.path), providers=["CPUExecutionProvider"])
    found = torch.from_numpy(session.run(None, {"log_magnitude": crops.numpy()})[0])
    # What is measured is what a conversion makes of a man, pitch and all; the file has it as a shift of bins.
    after = load_trained(result.folder, "last")
    after.translators["x2y"].smoothing = (0.1, 0.0)
    men, women = (CropSampler(Corpus.open(place.spectrograms / who), 64, seed=0) for who in ("man", "woman"))
    shift = match_spectrum(after.translators["x2y"], men, women, after.spectrogram)
    assert shift.abs().max() > 0.05
    with torch.no_grad():
        wanted = after.translators["x2y"].without_front()(crops)
        torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)
        assert (found - before.generators["x2y"](crops)).abs().max() > 0.05


def test_a_model_file_varies_as_its_target_does_behind_the_matched_spectrum(place: Workspace) -> None:
    result = start_run(place, ("man", "woman"), recipe(), name="lively")
    both = {"match_spectrum": True, "match_variance": True}
    made = export_run(place, run="lively", checkpoint="last", **both)[0]
    assert both.items() <= made.bundle.metadata.provenance.items()
    after = load_trained(result.folder, "last")
    translator = after.translators["x2y"]
    for match in (match_spectrum, match_variance):
        men, women = (
            CropSampler(Corpus.open(place.spectrograms / who), 64, seed=0) for who in ("man", "woman")
        )
        found = match(translator, men, women, after.spectrogram)
    assert (found[0] > 1.01).any()
    crops = 3 * torch.rand(2, 1, 257, 64, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(str(made.path), providers=["CPUExecutionProvider"])
    converted = torch.from_numpy(session.run(None, {"log_magnitude": crops.numpy()})[0])
    with torch.no_grad():
        torch.testing.assert_close(converted, translator.without_front()(crops), atol=1e-3, rtol=1e-3)


def test_a_run_that_was_stopped_goes_on_with_the_same_pitches(place: Workspace) -> None:
    whole = start_run(place, ("man", "woman"), recipe(), name="undisturbed")
    part = start_run(place, ("man", "woman"), recipe("schedule.steps=2"), name="in-two")
    resume_run(place, part.folder.name, steps=4)
    assert targets(load_trained(whole.folder, "last")) == targets(load_trained(part.folder, "last"))


def test_where_no_voice_is_heard_it_says_so(place: Workspace) -> None:
    with pytest.raises(ConfigError, match="no voice is heard"):
        start_run(place, ("man", "noise"), recipe(), name="deaf")
