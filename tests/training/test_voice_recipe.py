"""Recipe `voice`, whole: two speakers, some steps, a model file that says where voices go.

Of styleshift.training.pitch.
"""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from styleshift.bundle.export import export_bundle
from styleshift.bundle.load import load_bundle
from styleshift.bundle.origin import settings_of
from styleshift.bundle.postfilter import Postfilter
from styleshift.bundle.quiet import QuietLimit
from styleshift.bundle.restraint import Restraint
from styleshift.bundle.run import export_run
from styleshift.bundle.settings import ExportSettings
from styleshift.bundle.smoothing import Smoothing
from styleshift.bundle.spectrum import match_spectrum
from styleshift.bundle.variance import match_variance
from styleshift.corpus import Corpus, CropSampler
from styleshift.errors import ConfigError
from styleshift.recipes import Recipe, load_recipe
from styleshift.training.checkpoint import TrainedModel, load_trained
from styleshift.training.run import resume_run, start_run
from styleshift.voice.pitch import PitchTarget
from styleshift.workspace import Workspace
from tests.helpers.voices import PITCHES, SETTINGS, precomputed


def recipe(*overrides: str) -> Recipe:
    return load_recipe("voice", [*SETTINGS, *overrides])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return precomputed(tmp_path_factory.mktemp("voices"), recipe(), {**PITCHES, "noise": (0, 0, 0)})


def targets(trained: TrainedModel) -> dict[str, PitchTarget]:
    return {name: whole.front.target() for name, whole in trained.translators.items() if whole.front}


def voices(place: Workspace) -> tuple[CropSampler, CropSampler]:
    """Crops of the man and of the woman, the same at each call."""
    man, woman = (CropSampler(Corpus.open(place.spectrograms / who), 64, seed=0) for who in ("man", "woman"))
    return man, woman


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
    translator, smoothing = after.translators["x2y"], Smoothing(0.1, 0.0, after.spectrogram)
    shift = match_spectrum(Postfilter(translator, smoothing=smoothing), *voices(place), after.spectrogram)
    assert shift.abs().max() > 0.05
    translator.target.shift(shift)
    with torch.no_grad():
        wanted = Postfilter(translator.without_front(), smoothing=smoothing)(crops)
        torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)
        assert (found - before.generators["x2y"](crops)).abs().max() > 0.05


def test_a_model_file_with_half_of_its_generator_lies_between_the_moved_voice_and_the_whole(
    place: Workspace,
) -> None:
    start_run(place, ("man", "woman"), recipe(), name="half")
    crops = 3 * torch.rand(2, 1, 257, 64, generator=torch.Generator().manual_seed(0))
    translator = load_trained(place.runs / "half", "last").translators["x2y"].without_front()
    with torch.no_grad():
        entered = translator.source.normalise(crops)
        change = translator.core(entered) - entered
        whole = translator(crops)
    assert change.abs().max() > 0.02

    class Half(nn.Module):
        def forward(self, given: Tensor) -> Tensor:
            return given + 0.5 * change

    made = export_run(place, run="half", checkpoint="last", generator_share=0.5)[0]
    assert settings_of(made.bundle.metadata).generator_share == 0.5
    session = onnxruntime.InferenceSession(str(made.path), providers=["CPUExecutionProvider"])
    found = torch.from_numpy(session.run(None, {"log_magnitude": crops.numpy()})[0])
    assert (found - whole).abs().max() > 0.01
    translator.core = Half()
    with torch.no_grad():
        torch.testing.assert_close(found, translator(crops), atol=1e-3, rtol=1e-3)
    # What is matched is measured behind the half.
    matched = export_run(place, run="half", checkpoint="last", generator_share=0.5, match_spectrum=True)[0]
    halved = load_trained(place.runs / "half", "last")
    front = halved.translators["x2y"]
    front.core = Restraint(front.core, 0.5)
    shift = match_spectrum(Postfilter(front), *voices(place), halved.spectrogram)
    session = onnxruntime.InferenceSession(str(matched.path), providers=["CPUExecutionProvider"])
    shifted = torch.from_numpy(session.run(None, {"log_magnitude": crops.numpy()})[0])
    translator.target.shift(shift)
    with torch.no_grad():
        torch.testing.assert_close(shifted, translator(crops), atol=1e-3, rtol=1e-3)
    assert (shifted - found).abs().max() > 0.05


def test_a_model_file_varies_as_its_target_does_behind_the_matched_spectrum(place: Workspace) -> None:
    result = start_run(place, ("man", "woman"), recipe(), name="lively")
    asked = ExportSettings(
        run="lively",
        checkpoint="last",
        match_spectrum=True,
        match_variance=True,
        smooth_frames=0.2,
        keep_quiet=30,
    )
    made = export_run(place, asked)[0]
    assert settings_of(made.bundle.metadata).match_variance
    after = load_trained(result.folder, "last")
    translator, config = after.translators["x2y"], after.spectrogram
    smoothing, quiet = Smoothing(0.2, 0.0, config), QuietLimit(30, config)
    whole = Postfilter(translator, smoothing=smoothing, quiet=quiet)
    translator.target.shift(match_spectrum(whole, *voices(place), config))
    # What smoothing takes away is not made up for.
    variance = match_variance(Postfilter(translator, quiet=quiet), *voices(place), config)
    assert (variance.more_slow > 0.01).any()
    crops = 3 * torch.rand(2, 1, 257, 64, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(str(made.path), providers=["CPUExecutionProvider"])
    converted = torch.from_numpy(session.run(None, {"log_magnitude": crops.numpy()})[0])
    with torch.no_grad():
        alone = translator.without_front()
        wanted = Postfilter(alone, variance=variance, smoothing=smoothing, quiet=quiet)(crops)
    torch.testing.assert_close(converted, wanted, atol=1e-3, rtol=1e-3)


def test_a_run_that_was_stopped_goes_on_with_the_same_pitches(place: Workspace) -> None:
    whole = start_run(place, ("man", "woman"), recipe(), name="undisturbed")
    part = start_run(place, ("man", "woman"), recipe("schedule.steps=2"), name="in-two")
    resume_run(place, part.folder.name, steps=4)
    assert targets(load_trained(whole.folder, "last")) == targets(load_trained(part.folder, "last"))


def test_where_no_voice_is_heard_it_says_so(place: Workspace) -> None:
    with pytest.raises(ConfigError, match="no voice is heard"):
        start_run(place, ("man", "noise"), recipe(), name="deaf")
