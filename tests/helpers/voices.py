"""Two speakers made of sines, and the recipe `voice` at a size for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch

from styleshift.corpus import Corpus, CropSampler, precompute
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training.data import measure
from styleshift.training.fronts import with_fronts
from styleshift.training.model import CycleGAN
from styleshift.workspace import Workspace

SETTINGS = (
    "spectrogram.sample_rate=8000",
    "spectrogram.frame_length=512",
    "spectrogram.hop_length=128",
    "spectrogram.fft_length=512",
    "data.crop_frames=64",
    "generator.bands=16",
    "generator.channels=2",
    "generator.levels=2",
    "generator.detail=4",
    "discriminator.channels=2",
    "discriminator.bands=16",
    "discriminator.layers=2",
    "warm_start.crops=4",
    "warm_start.bands=16",
    "schedule.batch=2",
    "schedule.steps=4",
    "schedule.save_every=2",
    "schedule.threads=1",
    "schedule.validation_seconds=0",
    "schedule.precision=float32",
    "phones.by=0",  # which are not known at 8 kHz
)


def voice(hertz: float, seed: int) -> np.ndarray:
    time = np.arange(3 * 8000) / 8000
    phase = 2 * np.pi * np.cumsum(hertz * 2 ** (np.sin(2 * np.pi * time + seed) / 12)) / 8000
    sound = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, int(3500 / hertz)))
    return 0.1 * sound * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))


def write_voices(audio: Path, speakers: Mapping[str, Sequence[float]]) -> None:
    """A recording of 3 s at each pitch in a folder of the speaker's name; at 0 Hz it is noise."""
    for domain, pitches in speakers.items():
        (audio / domain).mkdir(parents=True)
        for number, hertz in enumerate(pitches):
            sound = voice(hertz, number) if hertz else 0.1 * np.random.default_rng(number).normal(size=24000)
            soundfile.write(audio / domain / f"{number}.wav", sound, 8000)


PITCHES = {"man": (95, 105, 112), "woman": (200, 212, 220)}
"""The voices of most tests: three recordings of each speaker, Hz."""


def precomputed(root: Path, recipe: Recipe, speakers: Mapping[str, Sequence[float]] = PITCHES) -> Workspace:
    """A workspace below ``root`` with the spectrograms of such voices."""
    write_voices(root / "audio", speakers)
    workspace = Workspace(root / "workspace")
    precompute(root / "audio", workspace, recipe.spectrogram, jobs=1)
    return workspace


def untrained(place: Workspace, recipe: Recipe) -> tuple[CycleGAN, tuple[CropSampler, CropSampler]]:
    """The networks of a run on such voices before its first step, and crops of both domains."""
    x, y = (CropSampler(Corpus.open(place.spectrograms / who), 64, seed=0) for who in PITCHES)
    statistics = with_fronts((measure(x), measure(y)), (x, y), recipe, ("man", "woman"), Reporter())
    torch.manual_seed(0)
    return CycleGAN(recipe, *statistics), (x, y)
