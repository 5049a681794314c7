"""Where notes begin, and how long ago that was, as a network can be given it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

RISE_FRAMES = 2
TIME_CONSTANTS = (0.1, 0.4, 1.6)
"""Seconds in which the trace of an onset falls to 1/e: an attack, a short note, a long one."""


class Onsets(nn.Module):
    """Spectral flux of every band, and traces of it that fade at several rates.

    A convolution of a few frames cannot tell a note that was struck a second ago from one that is held. The
    flux is the half-wave rectified rise of the log level (Dixon 2006); its trace,
    ``e[t] = max(f[t], r e[t-1])``, tells how strong the last onset was and how long ago, within the reach.
    Both look at the past alone. The recursion is taken by doubling, ``log2`` of the reach maxima of the
    whole and itself moved in time, so that it exports as padding and maxima.

    Args:
        frame_rate: frames a second.
        reach: seconds after which a trace ends.

    Attributes:
        channels: that :meth:`forward` gives.
    """

    def __init__(self, frame_rate: float, reach: float = 3.0) -> None:
        super().__init__()
        self.channels = 1 + 2 * len(TIME_CONSTANTS)
        self._fades = [math.exp(-1 / (frame_rate * constant)) for constant in TIME_CONSTANTS]
        # A trace below 1 % is none: the quick ones need not look as far back.
        spans = [min(reach, 4.6 * constant) * frame_rate for constant in TIME_CONSTANTS]
        self._doublings = [max(1, round(math.log2(span))) for span in spans]

    @torch.no_grad()
    def forward(self, levels: Tensor) -> Tensor:
        """Flux, its traces, and the traces of the mean over bands; no gradient comes back through them.

        Args:
            levels: ``[batch, 1, band, frame]``, log levels on any scale.

        Returns:
            ``[batch, channels, band, frame]``, not negative.
        """
        before = torch.cat([levels[..., :1].expand(-1, -1, -1, RISE_FRAMES), levels], dim=3)
        flux = torch.relu(levels - before[..., :-RISE_FRAMES])
        mean = flux.mean(dim=2, keepdim=True)
        traces = [flux, *self._traces(flux)]
        return torch.cat(traces + [trace.expand_as(flux) for trace in self._traces(mean)], dim=1)

    def _traces(self, flux: Tensor) -> list[Tensor]:
        found = []
        for fade, doublings in zip(self._fades, self._doublings, strict=True):
            trace = flux
            for doubling in range(doublings):
                frames = 1 << doubling
                earlier = functional.pad(trace, (frames, 0))[..., :-frames]
                trace = torch.maximum(trace, fade**frames * earlier)
            found.append(trace)
        return found
