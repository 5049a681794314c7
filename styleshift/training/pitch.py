"""The pitch of voices, moved in front of a generator while it trains."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from styleshift.frontend.compression import compressed, expanded
from styleshift.frontend.pitch import (
    LEAST_FRAMES,
    LOUD,
    NOTHING,
    SURE,
    PitchShifter,
    PitchTarget,
    voicing_range,
)


class PitchFront(nn.Module):
    """Moves each crop of a voice to the pitch of the target domain: what conversion does with a recording.

    The same as :class:`styleshift.frontend.pitch.PitchShifter`, with tensors, so that it runs on any device
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

    def target(self) -> PitchTarget:
        """Where voices are moved to, as a model file says it."""
        return PitchTarget(float(self.target_hz), self.shifter.formants)

    def log(self, plain: Tensor) -> Tensor:
        """Compressed log magnitudes of any shape to natural log of magnitudes, not below the floor."""
        return expanded(plain, self.shifter.config).clamp(min=math.exp(self.shifter.floor)).log()

    @torch.no_grad()
    def track(self, log: Tensor) -> tuple[Tensor, Tensor]:
        """Fundamental in Hz and its strength, ``[batch, frame]`` each, of ``[batch, 1, bin, frame]``."""
        power = (2 * (log - log.amax(dim=2, keepdim=True))).exp()[:, 0] * self.low_pass[:, None]
        strengths = (self.cosines @ power) / power.sum(dim=1, keepdim=True).clamp(min=NOTHING)
        inner = strengths[:, 1:-1]
        peak = (inner >= strengths[:, :-2]) & (inner > strengths[:, 2:])
        best = torch.where(peak, inner + self.costs[1:-1, None], -torch.inf).argmax(dim=1) + 1
        strength = strengths.gather(1, best[:, None])[:, 0]
        return self.candidates[best], torch.where(peak.any(dim=1), strength, torch.zeros_like(strength))

    @torch.no_grad()
    def ratio(self, plain: Tensor) -> Tensor:
        """What moves each of ``[batch, 1, bin, frame]`` to the target: ``[batch]``, 1 without a voice."""
        log = self.log(plain)
        hertz, strength = self.track(log)
        loudness = log.amax(dim=(1, 2))
        heard = (strength > SURE) & (loudness > loudness.amax(dim=1, keepdim=True) - LOUD)
        median = torch.where(heard, hertz, torch.nan).nanmedian(dim=1).values
        enough = (heard.sum(dim=1) >= LEAST_FRAMES) & median.isfinite()
        return torch.where(enough, self.target_hz / median, torch.ones_like(median))

    def forward(self, plain: Tensor, ratio: Tensor) -> Tensor:
        """Move voiced frames.

        Args:
            plain: ``[batch, 1, bin, frame]`` float32 compressed log magnitudes.
            ratio: ``[batch]``, of the new fundamental to the old.
        """
        log = self.log(plain)
        unvoiced, voiced = voicing_range()
        part = ((self.track(log)[1] - unvoiced) / (voiced - unvoiced)).clamp(0, 1)[:, None, None]
        top = log.shape[2] - 1
        bins = torch.arange(top + 1, device=log.device, dtype=log.dtype)[None]
        smooth = self.envelope @ log
        # Above the band there are no harmonics to bring down: those just below its end come again, mirrored.
        fine = (bins / ratio[:, None]) % (2 * top)
        fine = torch.minimum(fine, 2 * top - fine)
        moved = _interpolate(smooth, (bins / ratio[:, None] ** self.shifter.formants).clamp(max=top))
        moved = moved + _interpolate(log - smooth, fine)
        return plain + part * (compressed(moved.exp(), self.shifter.config) - plain)


def _interpolate(values: Tensor, positions: Tensor) -> Tensor:
    """``[batch, 1, bin, frame]`` at ``[batch, bin]`` positions along its bins."""
    below = positions.long().clamp(max=values.shape[2] - 2)
    part = (positions - below)[:, None, :, None]
    index = below[:, None, :, None].expand_as(values)
    return torch.gather(values, 2, index) * (1 - part) + torch.gather(values, 2, index + 1) * part
