"""Excerpts to look at and to listen to while a model trains: source, conversion, and there and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.records import Excerpt
from styleshift.hooks.registry import load_registry
from styleshift.pages.picture import log_frequency, palette
from styleshift.training.model import CycleGAN

STAGES = ("source", "converted", "there and back")
WIDTH, HEIGHT = 480, 192


def make_excerpts(
    model: CycleGAN, crops: Mapping[str, Tensor], names: Mapping[str, str], config: SpectrogramConfig
) -> list[Excerpt]:
    """Convert one crop of each domain with the generators that would be exported, and make sound of it.

    The phase comes from the magnitudes alone (the vocoder ``pghi``), since a corpus holds no other, so even
    the source sounds a little worse than it is; the three compare with each other. What is not finite as
    sound is silence.

    Args:
        model: both generators.
        crops: for ``x2y`` and ``y2x``, ``[n, 1, bins, frames]`` float32 log magnitudes; the first is taken.
        names: what to call the directions.
        config: of the spectrograms.
    """
    vocoder = load_registry().vocoders.get("pghi")
    invert = vocoder.build(vocoder.config(), config, "cpu")
    found = []
    for direction, back in (("x2y", "y2x"), ("y2x", "x2y")):
        there, home = model.best()[direction], model.best()[back]
        source = crops[direction][:1].to(next(there.parameters()).device)
        with torch.no_grad():
            converted = there(source)
            stages = (source, converted, home(converted))
        waves = []
        for stage in stages:
            values = np.ascontiguousarray(stage[0].float().cpu().numpy().transpose(0, 2, 1))
            wave = invert(values, None, values.shape[1] * config.hop_length)[0]
            # A generator that has run away gives levels that have no waveform; they are shown as silence.
            waves.append(wave if np.isfinite(wave).all() else np.zeros_like(wave))
        spectra = [log_frequency(wave, config.sample_rate, width=WIDTH, height=HEIGHT) for wave in waves]
        peak = max(float(spectrum.decibels.max()) for spectrum in spectra)
        for stage_name, wave, spectrum in zip(STAGES, waves, spectra, strict=True):
            indices = spectrum.colour_indices(peak)
            found.append(Excerpt(names[direction], stage_name, palette()[indices], wave, config.sample_rate))
    return found
