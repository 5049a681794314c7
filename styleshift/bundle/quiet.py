"""A limit to what a conversion may add where its source is quiet."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.audio.level import REFERENCE_LEVEL_DB
from styleshift.frontend import SpectrogramConfig, expanded, power_scale

MOST_ADDED_DB = 3.0
"""By which a quiet frame may become louder than the loudest of its source's neighbours;
half of the knee, too."""
RISE = 2.0
"""By how many dB more for each dB that the source is louder than quiet."""
REACH_SECONDS = 0.05
"""How far neighbours are, so that an attack that is moved a little is not cut: as long as a frame lasts."""
FADE_SECONDS = 0.03
"""To both sides, the length of the mean that lets the limit come and go. Shorter than the reach, so that it
does not come near what is loud."""
_SILENCE_DB = -120.0


class QuietLimit(nn.Module):
    """Takes back a change, as far as it makes quiet frames too loud.

    A frame's level is the power of all its bins, relative to the reference level, to which recordings are
    scaled. It is held against the loudest frame of the source within :data:`REACH_SECONDS`. Where that is
    quiet, the conversion may be :data:`MOST_ADDED_DB` louder; above, :data:`RISE` dB more for each dB, so
    that notes which are held or ring on are let be. What is beyond, with a soft knee, says what share of the
    change is taken back, as a lower ``strength`` would for this frame alone. So what stays between notes is
    the source's own noise, and not the conversion's tones at its level. Magnitudes that are hardly
    compressed, as those of ``log1p`` near silence, are limited less.

    Args:
        below_db: how far below the recording's level music is quiet.
        config: of the log magnitudes.
    """

    def __init__(self, below_db: float, config: SpectrogramConfig) -> None:
        super().__init__()
        self.below_db = below_db
        self.config = config
        self.reach, self.fade = (round(by * config.frame_rate) for by in (REACH_SECONDS, FADE_SECONDS))

    def forward(self, source: Tensor, converted: Tensor) -> Tensor:
        """Plain log magnitudes ``[batch, 1, bin, frame]`` at the reference level, from both of them."""
        before, after = (levels_of(each, self.config) for each in (source, converted))
        around = functional.max_pool2d(before, (1, 2 * self.reach + 1), 1, (0, self.reach))
        allowed = around + MOST_ADDED_DB + RISE * functional.relu(around + self.below_db)
        beyond, knee = after - allowed, MOST_ADDED_DB
        too_much = (beyond + knee).clamp(0.0, 2 * knee).square() / (4 * knee) + functional.relu(beyond - knee)
        # Where it is too much, the frame is louder than its source by more than that.
        share = (too_much / (after - before).clamp(min=1e-3)).clamp(max=1.0)
        share = functional.avg_pool2d(
            share, (1, 2 * self.fade + 1), 1, (0, self.fade), count_include_pad=False
        )
        return converted + share * (source - converted)


def levels_of(log_magnitude: Tensor, config: SpectrogramConfig) -> Tensor:
    """Of frames, ``[batch, 1, bin, frame]`` to ``[batch, 1, 1, frame]`` dB above the reference level."""
    scale = power_scale(config) * config.bins * 10 ** (-REFERENCE_LEVEL_DB / 10)
    # Silence is not added: the exporter takes so small a number for zero. Nor may levels be infinite.
    return 10 * torch.log10((mean_power(log_magnitude, config) * scale).clamp(10 ** (_SILENCE_DB / 10), 1e30))


def mean_power(log_magnitude: Tensor, config: SpectrogramConfig) -> Tensor:
    """Mean squared magnitude of frames, ``[batch, 1, bin, frame]`` to ``[batch, 1, 1, frame]``."""
    return expanded(log_magnitude, config).clamp(max=1e15).square().mean(dim=2, keepdim=True)
