"""The mean spectrum of a trained generator's conversions, brought to the target's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from styleshift.errors import ConfigError
from styleshift.frontend.compression import expanded
from styleshift.frontend.config import SpectrogramConfig
from styleshift.training.data import Crops

_HEARD = math.log(10) / 20 * 60
_MOST = math.log(10) / 20 * 8
_ROUNDS = 12
_CROPS = 8  # converted at once
_EVERY = 4  # of so many frames one is looked at
# At the reference level, what is heard then lies where log1p is a logarithm, so that a shift is a gain.
_LEAST_GAIN = 100.0


@torch.inference_mode()
def match_spectrum(
    convert: Callable[[Tensor], Tensor],
    source: Crops,
    target: Crops,
    config: SpectrogramConfig,
    *,
    crops: int = 160,
) -> Tensor:
    """By how much to shift every bin of conversions, so that the mean level of each band is the target's.

    A generator that learns from a distance answers doubt with what is likeliest, and of faint partials
    silence is likelier than any one place: on average it is too dark. Levels are means over frames, in dB, of
    the power in a quarter of an octave; what lies further than 60 dB below the loudest of the target's crops
    does not count. The shift is at most 8 dB. Added to the mean of the target's scale
    (:class:`styleshift.training.translator.Scale`), it costs nothing in use.

    Args:
        convert: what makes conversions, of ``[batch, 1, bin, frame]`` plain log magnitudes the same.
        source: what it is to convert.
        target: what conversions should be like.
        config: of the crops.
        crops: of either, to measure by.

    Returns:
        The shift ``[bins]``, in natural-log units.

    Raises:
        ConfigError: the magnitudes are hardly compressed or not at all, so that a shift is no gain.
    """
    require_log(config, "a spectrum", "match_spectrum")
    made, wanted = [], []
    for conversions, goals in drawn(convert, source, target, crops):
        made.append(_levels(conversions, config))
        wanted.append(_levels(goals, config))
    have, goal = torch.cat(made), torch.cat(wanted)
    floor = float(torch.stack([levels.max() for levels in wanted]).mean()) - _HEARD
    goal = goal.clamp(min=floor).mean(dim=0)
    shift = torch.zeros_like(goal)
    for _ in range(_ROUNDS):
        missing = goal - (have + shift).clamp(min=floor).mean(dim=0)
        shift = (shift + missing).clamp(-_MOST, _MOST)
    return shift


def drawn(
    convert: Callable[[Tensor], Tensor], source: Crops, target: Crops, crops: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Conversions of so many crops of the source beside as many of the target, some at a time.

    ``[batch, 1, bin, frame]`` plain log magnitudes each.
    """
    for _ in range(-(-crops // _CROPS)):
        yield convert(torch.as_tensor(source.batch(_CROPS))), torch.as_tensor(target.batch(_CROPS))


def require_log(config: SpectrogramConfig, what: str, option: str) -> None:
    """Refuse magnitudes that are hardly compressed or not at all, so that a shift of them is no gain.

    Args:
        config: of the magnitudes.
        what: is to be matched.
        option: that asks for it.

    Raises:
        ConfigError: they are such.
    """
    if config.compression == "none" or (config.compression == "log1p" and config.gain < _LEAST_GAIN):
        raise ConfigError(
            f"{what} can be matched on log magnitudes only: with compression log, or log1p and a gain of "
            f"{_LEAST_GAIN:g} or more",
            f"leave out `{option}`, or train with the recipe `small`",
        )


def _levels(log: Tensor, config: SpectrogramConfig) -> Tensor:
    """Log magnitudes ``[frame, bin]`` of the power around each bin of ``[batch, 1, bin, frame]``."""
    frames = log[:, 0, :, ::_EVERY].transpose(1, 2).flatten(0, 1).double()
    power = expanded(frames, config).square()
    count = power.shape[1]
    sums = torch.cat([power.new_zeros(len(power), 1), power.cumsum(dim=1)], dim=1)
    places = torch.arange(count)
    reach = 1 + places // 12
    low, high = (places - reach).clamp(min=0), (places + reach + 1).clamp(max=count)
    return (0.5 * ((sums[:, high] - sums[:, low]) / (high - low)).clamp(min=1e-12).log()).float()
