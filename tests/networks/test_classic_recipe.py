"""Recipe `classic`, whole: two styles, some steps, a model file, a conversion.

Of styleshift.networks.seed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import torch

import styleshift
from styleshift.bundle.export import export_bundle
from styleshift.corpus import precompute
from styleshift.recipes import load_recipe
from styleshift.training.checkpoint import load_trained
from styleshift.training.run import start_run
from styleshift.workspace import Workspace

SMALLER = (
    "data.crop_frames=64",
    "generator.channels=4",
    "generator.blocks=1",
    "discriminator.channels=2",
    "warm_start.crops=4",
    "schedule.steps=4",
    "schedule.threads=1",
    "schedule.validation_seconds=0",
    "schedule.precision=float32",
)


def test_it_trains_exports_and_converts(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for domain, colour in (("bright", 0.0), ("dark", 0.9)):
        (tmp_path / "audio" / domain).mkdir(parents=True)
        noise = random.normal(size=20500 * 2)
        for sample in range(1, len(noise)):
            noise[sample] += colour * noise[sample - 1]
        soundfile.write(tmp_path / "audio" / domain / "0.wav", 0.1 * noise / noise.std(), 20500)
    recipe, workspace = load_recipe("classic", SMALLER), Workspace(tmp_path / "workspace")
    precompute(tmp_path / "audio", workspace, recipe.spectrogram, jobs=1)
    trained = load_trained(start_run(workspace, ("bright", "dark"), recipe, name="whole").folder, "last")
    last = trained.generators["x2y"].core.layers[-1]
    assert isinstance(last, torch.nn.ConvTranspose2d)
    assert last.weight.abs().max() > 0
    model = styleshift.load_model(export_bundle(trained, "x2y", tmp_path / "model.onnx").path)
    wave, rate = soundfile.read(tmp_path / "audio" / "bright" / "0.wav", dtype="float32", always_2d=True)
    converted = model.convert(wave, rate)

    def brightness(sound: np.ndarray) -> float:
        return float(np.square(np.diff(sound, axis=0)).mean() / np.square(sound).mean())

    assert converted.shape == wave.shape
    # Four steps leave it at the equaliser that it begins as.
    assert brightness(converted) < 0.5 * brightness(wave)
