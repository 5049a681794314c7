"""How much a trained generator's conversions vary, made like its target."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.bundle.quiet import levels_of, mean_power
from styleshift.bundle.spectrum import drawn, require_log
from styleshift.frontend import SpectrogramConfig, expanded
from styleshift.frontend.compression import silence
from styleshift.frontend.mel import dct_matrix, mel_filters
from styleshift.training.data import Crops

COEFFICIENTS = 20
"""Mel cepstral coefficients that are changed, from the first on: envelopes. What is finer is harmonics."""
REACH_SECONDS = 0.07
"""Half the length of the mean that parts slow changes from fast ones; a phone lasts about as long."""
SLOW_GAINS, FAST_GAINS = (1.0, 1.3), (0.6, 1.3)
"""Slow changes are never made less: where they exceed the target's, the source may have said so."""
HEARD_DB, FADE_DB = -31.0, 10.0
"""The level of a frame, relative to the reference level, from which on it is changed, and how far above that
it is changed wholly."""
_BANDS = 40
_LOUD_DB = 30.0  # a frame further below the loudest of its crop is not measured


class MelCepstrum(nn.Module):
    """Mel cepstra of log magnitudes, and curves over bins of mel cepstra.

    Half the natural log of the mean power in each of 40 mel bands, and its orthonormal discrete cosine
    transform, of which :data:`COEFFICIENTS` are kept, without the one of the level.

    Args:
        config: of the log magnitudes.
    """

    def __init__(self, config: SpectrogramConfig) -> None:
        super().__init__()
        self.config = config
        filters = torch.from_numpy(mel_filters(config.sample_rate, config.fft_length, _BANDS)).double()
        # The lowest and the highest bin lie in no band, and of a short transform a band may hold no bin.
        covered = filters.sum(dim=0) > 0
        filters[0, covered.cumsum(0) == 0] = filters[-1, covered.flip(0).cumsum(0).flip(0) == 0] = 1e-9
        middles = _peaks(config)
        for band in torch.nonzero(filters.sum(dim=1) == 0).flatten():
            filters[band, middles[band]] = 1e-9
        cosines = torch.from_numpy(dct_matrix(_BANDS, COEFFICIENTS + 1)).T[1:]
        # What is softer than a little above silence is as soft as that: its logarithm says nothing.
        self.least = max(1e-37, float(expanded(torch.tensor(silence(config) + 0.03), config)) ** 2)
        self.filters: Tensor
        self.cosines: Tensor
        self.curves: Tensor
        means = filters / filters.sum(dim=1, keepdim=True).clamp(min=1e-12)
        curves = (cosines @ (filters / filters.sum(dim=0))).T
        # Bands overlap, which blurs fine curves; each is made as strong as it is to be measured again.
        curves = curves / (cosines @ means @ curves).diagonal().clamp(min=0.5)
        self.register_buffer("filters", means.float())
        self.register_buffer("cosines", cosines.float())
        self.register_buffer("curves", curves.float())

    def forward(self, log_magnitude: Tensor) -> Tensor:
        """``[batch, 1, bin, frame]`` plain log magnitudes to ``[batch, 1, coefficient, frame]``."""
        power = self.filters @ expanded(log_magnitude, self.config).clamp(max=1e15).square()
        cepstra: Tensor = self.cosines @ (power.clamp(min=self.least).log() / 2)
        return cepstra


class VarianceFilter(nn.Module):
    """Spreads slow changes of envelopes about their mean, and fast ones about the slow ones.

    Each frame keeps its power, and what is soft is let be.

    Args:
        config: of the log magnitudes.
        mean: ``[coefficients]`` mel cepstrum, about which is spread.
        slow: gains, the same.
        fast: gains, the same.
    """

    def __init__(self, config: SpectrogramConfig, mean: Tensor, slow: Tensor, fast: Tensor) -> None:
        super().__init__()
        self.config = config
        self.floor = silence(config)
        self.reach = reach_of(config)
        self.cepstrum = MelCepstrum(config)
        self.mean: Tensor
        self.more_slow: Tensor
        self.more_fast: Tensor
        for name, each in (("mean", mean), ("more_slow", slow - 1), ("more_fast", fast - 1)):
            self.register_buffer(name, each[:, None].clone())

    def forward(self, log_magnitude: Tensor) -> Tensor:
        """Plain log magnitudes ``[batch, 1, bin, frame]`` at the reference level to the same."""
        opened, cepstra = opening(log_magnitude, self.config), self.cepstrum(log_magnitude)
        steady = slowly(cepstra, opened, self.reach)
        change = self.more_slow * (steady - self.mean) + self.more_fast * (cepstra - steady)
        changed = log_magnitude + opened * (self.cepstrum.curves @ change)
        changed = changed.clamp(min=self.floor)
        before, after = (
            mean_power(each, self.config).clamp(1e-37, 1e30) for each in (log_magnitude, changed)
        )
        kept: Tensor = changed - (after / before).log() / 2
        return kept.clamp(min=self.floor)


def opening(log_magnitude: Tensor, config: SpectrogramConfig) -> Tensor:
    """How much of each frame is changed, 0 to 1: ``[batch, 1, bin, frame]`` to ``[batch, 1, 1, frame]``."""
    return ((levels_of(log_magnitude, config) - HEARD_DB) / FADE_DB).clamp(0.0, 1.0)


def reach_of(config: SpectrogramConfig) -> int:
    """:data:`REACH_SECONDS` in frames, at least one."""
    return max(1, round(REACH_SECONDS * config.frame_rate))


def slowly(cepstra: Tensor, weights: Tensor, reach: int) -> Tensor:
    """``[batch, 1, coefficient, frame]``: the mean of each frame and of ``reach`` to both sides.

    Args:
        cepstra: ``[batch, 1, coefficient, frame]``.
        weights: ``[batch, 1, 1, frame]``, so that a pause has no say in the sound beside it.
        reach: in frames.
    """

    def around(values: Tensor) -> Tensor:
        return functional.avg_pool2d(values, (1, 2 * reach + 1), 1, (0, reach))

    weights = weights + 1e-6
    return around(cepstra * weights) / around(weights)


@torch.inference_mode()
def match_variance(
    convert: Callable[[Tensor], Tensor],
    source: Crops,
    target: Crops,
    config: SpectrogramConfig,
    *,
    crops: int = 160,
) -> VarianceFilter:
    """What makes the envelopes of conversions vary as much as those of their target.

    A generator that learns from a distance answers doubt with a mean: formants come out flat, and one sound
    too like the next. One that learns from a critic flickers. By how much, the variance of mel cepstra tells
    (global variance: Toda and Tokuda 2007, "A speech parameter generation algorithm considering global
    variance for HMM-based speech synthesis"), and a gain for each coefficient behind the generator gives it
    back (Silen et al. 2012, "Ways to implement global variance in statistical speech synthesis"). Slow and
    fast changes have gains of their own (after the modulation spectrum of Takamichi et al. 2016, "Postfilters
    to modify the modulation spectrum for statistical parametric speech synthesis").

    Deviations are measured within each crop, over frames within 30 dB of its loudest, so that how rooms and
    speakers differ does not count. Where the spectrum is to be matched, too, that comes first.

    Args:
        convert: what makes conversions, of ``[batch, 1, bin, frame]`` plain log magnitudes the same.
        source: what it is to convert.
        target: what conversions should be like.
        config: of the crops.
        crops: of either, to measure by.

    Returns:
        The filter; its gains are 1 where one side has no loud frame.

    Raises:
        ConfigError: the magnitudes are hardly compressed or not at all, so that cepstra mean nothing.
    """
    require_log(config, "a variance", "match_variance")
    cepstrum = MelCepstrum(config)
    made, wanted = (torch.zeros(4, COEFFICIENTS) for _ in range(2))
    for conversions, goals in drawn(convert, source, target, crops):
        made += _sums(conversions, cepstrum)
        wanted += _sums(goals, cepstrum)
    heard, there = made[0].clamp(min=1), wanted[0].clamp(min=1)
    slow, fast = (
        ((goal / there).clamp(min=1e-9) / (have / heard).clamp(min=1e-9)).sqrt().clamp(*limits)
        if made[0].min() > 0 and wanted[0].min() > 0
        else torch.ones(COEFFICIENTS)
        for have, goal, limits in zip(made[2:], wanted[2:], (SLOW_GAINS, FAST_GAINS), strict=True)
    )
    return VarianceFilter(config, made[1] / heard, slow, fast)


def _sums(log: Tensor, cepstrum: MelCepstrum) -> Tensor:
    """Over the loud frames of ``[batch, 1, bin, frame]``, what means and variances are made of.

    ``[4, coefficients]``: how many there are, the sum of cepstra, of squares of slow deviations from each
    crop's mean, and of squares of fast ones.
    """
    config = cepstrum.config
    power, opened = mean_power(log, config), opening(log, config)
    loud = ((power > power.amax(dim=3, keepdim=True) * 10 ** (-_LOUD_DB / 10)) & (opened > 0)).float()
    cepstra = cepstrum(log)
    steady = slowly(cepstra, opened, reach_of(config))
    count = loud.sum(dim=3, keepdim=True)
    middle = (steady * loud).sum(dim=3, keepdim=True) / count.clamp(min=1)
    numbers = [torch.ones_like(cepstra), cepstra, (steady - middle).square(), (cepstra - steady).square()]
    return torch.stack([(each * loud).sum(dim=(0, 1, 3)) for each in numbers])


def _peaks(config: SpectrogramConfig) -> Tensor:
    """``[bands]``: the bin nearest to the middle of each band, found in a transform sixteen times as long."""
    finer = torch.from_numpy(mel_filters(config.sample_rate, 16 * config.fft_length, _BANDS))
    return (finer.argmax(dim=1) / 16).round().long()
