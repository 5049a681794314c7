"""Crops varied at random, as a recipe's ``[data]`` says.

Where and when a crop lies in its recording is random already, which is a shift in time.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from styleshift.frontend.compression import compressed, expanded, silence
from styleshift.frontend.config import SpectrogramConfig
from styleshift.recipes.settings import DataConfig
from styleshift.training.device import sent

QUIETEST_DB = 12.0
"""Below the crop it is added to, at most, of the other crop in a mixture."""

DECIBEL = math.log(10) / 20
"""In nepers."""


def augment(
    batch: Tensor,
    config: DataConfig,
    spectrogram: SpectrogramConfig,
    generator: torch.Generator,
    others: Tensor | None = None,
) -> Tensor:
    """Mix, then change level and tilt, then stretch both axes, then mute.

    Levels are changed in the linear domain, as a volume knob would before the transform. Nothing is drawn
    from the generator for a setting that is zero, and where all are the batch itself comes back.

    Args:
        batch: ``[n, 1, bins, frames]`` float32 log magnitudes.
        config: see :class:`styleshift.recipes.DataConfig`.
        spectrogram: how magnitudes were compressed.
        generator: of the random choices, on the CPU.
        others: as many crops of the same domain, to mix with; needed where ``config.mix`` is not zero.
    """
    count, device = batch.shape[0], batch.device

    def uniform(low: float, high: float) -> Tensor:
        drawn = torch.rand(count, 1, 1, 1, generator=generator) * (high - low) + low
        return sent(drawn, device)

    if config.mix:
        assert others is not None
        chosen = sent(torch.rand(count, 1, 1, 1, generator=generator) < config.mix, device)
        gain = torch.exp(DECIBEL * uniform(-QUIETEST_DB, 0.0))
        batch = torch.where(chosen, mixed(batch, others, gain, spectrogram), batch)
    if config.gain_db or config.tilt_db:
        slope = torch.linspace(-0.5, 0.5, batch.shape[2], device=device).view(1, 1, -1, 1)
        gain, tilt = (
            uniform(-most, most) if most else torch.zeros(count, 1, 1, 1, device=device)
            for most in (config.gain_db, config.tilt_db)
        )
        change = gain + tilt * slope
        batch = amplified(batch, torch.exp(DECIBEL * change), spectrogram)
    if config.pitch_bins or config.stretch:
        pitch = 1 + uniform(-config.pitch_bins, config.pitch_bins) if config.pitch_bins else None
        tempo = 1 + uniform(-config.stretch, config.stretch) if config.stretch else None
        batch = stretched(batch, pitch, tempo)
    if config.mute:
        batch = _muted(batch, config.mute, silence(spectrogram), generator)
    return batch


def reshaping(config: DataConfig) -> DataConfig:
    """Of the settings, those that must be done alike to a crop and to what it should become."""
    return replace(config, gain_db=0.0, tilt_db=0.0, mute=0.0)


def recolouring(config: DataConfig) -> DataConfig:
    """Those that are done to a crop alone: what it should become is the same at any level and tilt."""
    return replace(config, mix=0.0, pitch_bins=0.0, stretch=0.0, mute=0.0)


def mixed(batch: Tensor, others: Tensor, gain: Tensor, spectrogram: SpectrogramConfig) -> Tensor:
    """Two crops heard at once: powers add, as those of sounds with unrelated phases do on average.

    Mixtures as in Tokozume, Ushiku and Harada 2018, but of one domain, so that the label stays. Divided by
    the level that the sum has, so that crops stay at the reference level.

    Args:
        batch: ``[n, 1, bins, frames]`` log magnitudes.
        others: the same.
        gain: ``[n, 1, 1, 1]`` of the other crop, linear.
        spectrogram: how magnitudes were compressed.
    """
    powers = expanded(batch, spectrogram).square() + (gain * expanded(others, spectrogram)).square()
    return compressed((powers / (1 + gain.square())).sqrt(), spectrogram)


def amplified(batch: Tensor, gain: Tensor, spectrogram: SpectrogramConfig) -> Tensor:
    """Every bin louder or softer by a linear gain ``[n, 1, bins, 1]``; silence stays silence.

    A tilt of the spectrum is the simplest of the random filters of Nam, Kim and Park 2022.
    """
    changed = compressed(gain * expanded(batch, spectrogram), spectrogram)
    if spectrogram.compression != "log":
        return changed
    # Stored as float16, the floor lies up to 0.004 above itself.
    return torch.where(batch > silence(spectrogram) + 0.01, changed, batch)


def stretched(batch: Tensor, pitch: Tensor | None, tempo: Tensor | None) -> Tensor:
    """Axes stretched, linear between bins and frames; beyond its ends the last value is held.

    A stretched frequency axis shifts pitch and formants together (Jaitly and Hinton 2013); stretched time is
    another tempo at the same pitch (Ko et al. 2015).

    Args:
        batch: ``[n, 1, bins, frames]`` log magnitudes.
        pitch: ``[n, 1, 1, 1]``; above one what was in bin ``b`` comes to ``b / pitch``, from 0 Hz upwards.
        tempo: ``[n, 1, 1, 1]``; above one is faster, from the middle of the crop outwards.
    """
    count, _, bins, frames = batch.shape
    rows = torch.linspace(0, 1, bins, device=batch.device).view(1, -1, 1)
    columns = torch.linspace(-1, 1, frames, device=batch.device).view(1, 1, -1)
    if pitch is not None:
        rows = rows * pitch.view(-1, 1, 1)
    if tempo is not None:
        columns = columns * tempo.view(-1, 1, 1)
    shape = (count, bins, frames)
    grid = torch.stack([columns.expand(shape), (2 * rows - 1).expand(shape)], dim=-1)
    return functional.grid_sample(batch, grid, padding_mode="border", align_corners=True)


def _muted(batch: Tensor, probability: float, floor: float, generator: torch.Generator) -> Tensor:
    """Silence for a random stretch of up to a quarter (time masking, Park et al. 2019, section 2)."""
    count, frames = batch.shape[0], batch.shape[3]
    start = torch.rand(count, 1, generator=generator)
    length = torch.rand(count, 1, generator=generator) * 0.25
    chosen = torch.rand(count, 1, generator=generator) < probability
    at = torch.arange(frames) / frames
    muted = (at >= start) & (at < start + length) & chosen
    return batch.masked_fill(sent(muted[:, None, None, :], batch.device), floor)
