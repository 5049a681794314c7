"""A generator that knows of onsets and of the past, and changes every bin."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.band_unet import BandUNet
from styleshift.networks.fused import FusedSequential
from styleshift.networks.kernels import add_along_frames
from styleshift.networks.layers import Bands, activation, same_convolution, zero_
from styleshift.networks.onsets import Onsets
from styleshift.networks.options import FineGeneratorOptions

ROW = 4
"""Neighbouring bins that the detail is computed for together, as channels of one row."""


class Detail(nn.Module):
    """From the state of bands to a contrast and a shift for every bin; at the start neither.

    Four neighbouring bins are the channels of one row, so that the convolutions are few and wide, which is
    what processors are fast at, and no bin is left out.

    Args:
        width: channels of the state that comes in.
        channels: of the hidden layers.
        bands: to interpolate from.
        bins: of the spectrogram.
    """

    def __init__(self, width: int, channels: int, bands: Bands, bins: int) -> None:
        super().__init__()
        self.bins = bins
        self.rows = -(-bins // ROW)
        given = max(1, channels // ROW)
        missing = self.rows * ROW - bins
        wide = torch.cat([bands.to_bins, bands.to_bins[-1:].expand(missing, -1)])
        self.to_rows: Tensor
        # Ordered by place in the row, then by row: what comes out is a stack of images of rows.
        by_place = wide.reshape(self.rows, ROW, -1).transpose(0, 1).reshape(self.rows * ROW, -1)
        self.register_buffer("to_rows", by_place.contiguous(), False)
        self.narrow = nn.Conv2d(width, given, 1)
        self.enter = same_convolution(ROW * (given + 1), channels)
        self.place = nn.Parameter(torch.zeros(1, channels, self.rows, 1))
        self.inner = FusedSequential(
            *activation(channels), same_convolution(channels, channels), *activation(channels)
        )
        self.leave = nn.Conv2d(channels, 2 * ROW, 3, padding=1)
        zero_(self.leave)

    def forward(self, state: Tensor, input: Tensor) -> tuple[Tensor, Tensor]:
        """Contrast and shift, unbounded, ``[batch, 1, bin, frame]`` each.

        Args:
            state: ``[batch, width, band, frame]``.
            input: ``[batch, 1, bin, frame]``.
        """
        count, _, _, frames = input.shape
        around = torch.matmul(self.to_rows, self.narrow(state)).reshape(count, -1, self.rows, frames)
        full = functional.pad(input, (0, 0, 0, self.rows * ROW - self.bins))
        own = full.reshape(count, self.rows, ROW, frames).transpose(1, 2)
        hidden = self.enter(torch.cat([around, own.to(around.dtype)], dim=1))
        hidden = self.inner(add_along_frames(hidden, self.place.to(hidden.dtype)))
        both = self.leave(hidden).reshape(count, 2, ROW, self.rows, frames).transpose(2, 3)
        both = both.reshape(count, 2, self.rows * ROW, frames)[:, :, : self.bins]
        return both[:, :1], both[:, 1:]


class FineGenerator(BandUNet):
    """Keeps, damps or replaces every bin of the log spectrum; at the start it changes nothing.

    As in :class:`styleshift.networks.residual.ResidualGenerator` a U-Net finds a bounded change of bands and
    frames. Beside the levels it is given onsets and their fading traces, and its deepest level looks 2 to 3 s
    back, so that a held note and one that dies away can be told apart. From its state a second, flat part
    finds for each bin a contrast ``1 + c``, which keeps or takes away what is there, and a bounded shift,
    which puts something else there: noise or partials that the source lacks are within reach, vibrato inside
    a band can be undone.

    It looks ahead, too: a frame depends on what comes after it for up to 153 frames (2448 ms) in ``voice``
    and, with two blocks a level, 241 frames (2798 ms) in ``music``, and on nothing beyond. Where in the
    halvings a frame lies makes up to 15 of them.

    Args:
        options: sizes, and the bound.
        spectrogram: decides bins and bands.
    """

    def __init__(self, options: FineGeneratorOptions, spectrogram: SpectrogramConfig) -> None:
        onsets = Onsets(spectrogram.frame_rate)
        super().__init__(options, spectrogram, inputs=1 + onsets.channels, past=options.past)
        self.onsets = onsets
        width = options.channels
        self.ready = FusedSequential(*activation(width))
        self.leave = nn.Conv2d(width, 1, 3, padding=1)
        zero_(self.leave)
        self.detail = Detail(width, options.detail, self.bands, spectrogram.bins)

    def seen(self, levels: Tensor) -> Tensor:
        """Levels and onsets, ``[batch, inputs, band, frame]``."""
        return torch.cat([levels, self.onsets(levels)], dim=1)

    def forward(self, input: Tensor) -> Tensor:
        """Map normalised ``[batch, 1, bin, frame]``, frames a multiple of 16, to the same shape."""
        state = self.ready(self.state(input))
        contrast, shift = self.detail(state, input)
        # Bounded a little beyond -1, so that what is there can be taken away entirely.
        kept = input + 1.25 * torch.tanh(contrast) * input
        return kept + self.bands.back(self.bounded(self.leave(state))) + self.bounded(shift)
