"""The pitch of voices, moved in front of a generator while it trains.

The twin in PyTorch of :mod:`styleshift.voice.pitch`, which moves whole recordings in NumPy. What changes in
one changes in the other: ``tests/training/test_pitch.py`` holds them to each other.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.frontend.compression import compressed, expanded
from styleshift.recipes import Recipe
from styleshift.voice.harmonics import BLURRED, CLEARER, LEAP, STEADY
from styleshift.voice.loud_frames import LOUD
from styleshift.voice.pitch import (
    LEAST_FRAMES,
    NOTHING,
    SURE,
    PitchShifter,
    PitchTarget,
    voicing_range,
)


def shifter_of(recipe: Recipe) -> PitchShifter:
    """What moves the voices of a run."""
    return PitchShifter(recipe.spectrogram, recipe.pitch.formants, recipe.pitch.harmonics)


class PitchFront(nn.Module):
    """Moves each crop of a voice to the pitch of the target domain: what conversion does with a recording.

    The same as :class:`styleshift.voice.pitch.PitchShifter`, with tensors, so that it runs on any device
    and gradients pass, and not rounded to quarters of a semitone.

    Args:
        shifter: for the spectrograms of the run.
        target_hz: median fundamental of the domain that voices are moved to.
    """

    def __init__(self, shifter: PitchShifter, target_hz: float) -> None:
        super().__init__()
        self.shifter = shifter
        self.envelope: Tensor
        self.cosines: Tensor
        self.costs: Tensor
        self.low_pass: Tensor
        self.candidates: Tensor
        self.target_hz: Tensor
        self.register_buffer("envelope", torch.from_numpy(shifter.envelope).float(), False)
        self.register_buffer("cosines", torch.from_numpy(shifter.cosines).float(), False)
        self.register_buffer("costs", torch.from_numpy(shifter.costs).float(), False)
        self.register_buffer("low_pass", torch.from_numpy(shifter.low_pass).float(), False)
        self.register_buffer("candidates", torch.from_numpy(shifter.candidates).float(), False)
        self.register_buffer("target_hz", torch.tensor(float(target_hz)))
        if combs := shifter.combs:
            self.rows: Tensor
            self.band: Tensor
            self.power: Tensor
            self.register_buffer("rows", torch.from_numpy(combs.rows), False)
            self.register_buffer("band", torch.from_numpy(combs.band), False)
            self.register_buffer("power", torch.from_numpy(combs.power), False)

    def target(self) -> PitchTarget:
        """Where voices are moved to, as a model file says it."""
        return PitchTarget(float(self.target_hz), self.shifter.formants, self.shifter.harmonics)

    def log(self, plain: Tensor) -> Tensor:
        """Compressed log magnitudes of any shape to natural log of magnitudes, not below the floor."""
        return expanded(plain, self.shifter.config).clamp(min=math.exp(self.shifter.floor)).log()

    @torch.no_grad()
    def track(self, log: Tensor) -> tuple[Tensor, Tensor]:
        """Candidates and how sure they are, ``[batch, frame]`` each, of ``[batch, 1, bin, frame]``."""
        power = (2 * (log - log.amax(dim=2, keepdim=True))).exp()[:, 0] * self.low_pass[:, None]
        strengths = (self.cosines @ power) / power.sum(dim=1, keepdim=True).clamp(min=NOTHING)
        inner = strengths[:, 1:-1]
        peak = (inner >= strengths[:, :-2]) & (inner > strengths[:, 2:])
        best = torch.where(peak, inner + self.costs[1:-1, None], -torch.inf).argmax(dim=1) + 1
        strength = strengths.gather(1, best[:, None])[:, 0]
        return best, torch.where(peak.any(dim=1), strength, torch.zeros_like(strength))

    @torch.no_grad()
    def ratio(self, plain: Tensor) -> Tensor:
        """What moves each of ``[batch, 1, bin, frame]`` to the target: ``[batch]``, 1 without a voice."""
        log = self.log(plain)
        found, strength = self.track(log)
        loudness = log.amax(dim=(1, 2))
        heard = (strength > SURE) & (loudness > loudness.amax(dim=1, keepdim=True) - LOUD)
        median = torch.where(heard, self.candidates[found], torch.nan).nanmedian(dim=1).values
        enough = (heard.sum(dim=1) >= LEAST_FRAMES) & median.isfinite()
        return torch.where(enough, self.target_hz / median, torch.ones_like(median))

    def forward(self, plain: Tensor, ratio: Tensor, clarity: Tensor | None = None) -> Tensor:
        """Move voiced frames.

        Args:
            plain: ``[batch, 1, bin, frame]`` float32 compressed log magnitudes.
            ratio: ``[batch]``, of the new fundamental to the old; where it is 1 nothing is drawn either.
            clarity: broadcasts to the crops: of the share of harmonics that is drawn, how much is left.
        """
        log = self.log(plain)
        found, strength = self.track(log)
        unvoiced, voiced = voicing_range()
        part = ((strength - unvoiced) / (voiced - unvoiced)).clamp(0, 1)[:, None, None]
        part = part * (ratio != 1)[:, None, None, None]
        top = log.shape[2] - 1
        bins = torch.arange(top + 1, device=log.device, dtype=log.dtype)[None]
        smooth = self.envelope @ log
        if self.shifter.combs is not None:
            fine = self.draw(log - smooth, found, strength, ratio, clarity)
        else:
            # Above the band are no harmonics to bring down: those just below its end come again, mirrored.
            positions = (bins / ratio[:, None]) % (2 * top)
            fine = _interpolate(log - smooth, torch.minimum(positions, 2 * top - positions))
        moved = _interpolate(smooth, (bins / ratio[:, None] ** self.shifter.formants).clamp(max=top)) + fine
        return plain + part * (compressed(moved.exp(), self.shifter.config) - plain)

    def warped(self, plain: Tensor, factors: Tensor) -> Tensor:
        """The envelope stretched by factors ``[batch, bin]``; harmonics and breath stay where they are."""
        log = self.log(plain)
        smooth = self.envelope @ log
        bins = torch.arange(log.shape[2], device=log.device, dtype=log.dtype)[None]
        moved = _interpolate(smooth, (bins / factors).clamp(max=log.shape[2] - 1))
        return compressed((log - smooth + moved).exp(), self.shifter.config)

    def draw(
        self,
        fine: Tensor,
        found: Tensor,
        strength: Tensor,
        ratio: Tensor,
        clarity: Tensor | None = None,
    ) -> Tensor:
        """As :meth:`styleshift.voice.harmonics.Combs.draw`, of ``[batch, 1, bin, frame]``."""
        combs = self.shifter.combs
        assert combs is not None
        is_sure = strength > STEADY
        sure = torch.where(is_sure, found.double(), torch.inf)
        near = functional.pad(sure, (BLURRED, BLURRED), value=torch.inf).unfold(1, 2 * BLURRED + 1, 1)
        count = near.isfinite().sum(dim=2)
        middle = near.sort(dim=2).values.gather(2, ((count - 1).clamp(min=0) // 2)[..., None])[..., 0]
        kept = (is_sure & ((found - middle).abs() <= LEAP)) | (count == 0)
        old = torch.where(kept, found.double(), middle).long() + combs.first
        steps = (ratio.log() / combs.step).round().long()[:, None]
        new = (old + steps).clamp(0, len(self.rows) - 1)
        own, wanted, power = (
            rows[at].transpose(1, 2)[:, None]
            for rows, at in ((self.rows, old), (self.rows, new), (self.power, old))
        )
        share = ((self.band @ (fine * own)) / power).clamp(0, 1)
        clear = (CLEARER * share).clamp(max=1) * (1.0 if clarity is None else clarity)
        drawn = clear * wanted + (1 - clear) * (fine - share * own)
        before, after = ((self.band @ (2 * one).exp()).log() for one in (fine, drawn))
        return drawn + 0.5 * (before - after)


def _interpolate(values: Tensor, positions: Tensor) -> Tensor:
    """``[batch, 1, bin, frame]`` at ``[batch, bin]`` positions along its bins.

    By index: a GPU adds up the gradient of ``gather`` in whatever order it comes.
    """
    below = positions.long().clamp(max=values.shape[2] - 2)
    part = (positions - below)[:, :, None]
    plain, crop = values[:, 0], torch.arange(len(values), device=values.device)[:, None]
    return (plain[crop, below] * (1 - part) + plain[crop, below + 1] * part)[:, None]
