"""A small network that tells the sounds of speech apart: phonetic posteriorgrams.

It hears the envelope alone, so whoever speaks, and at whatever pitch. It ships with the package
(``phones.safetensors``) and is made anew by ``tools/models/phones.py``, from recordings that PocketSphinx
has aligned. Its outputs are the states of the phones of American English, three each; in other languages
they stand for the sounds that are nearest.

As in voice conversion by phonetic posteriorgrams (Sun et al. 2016, "Phonetic posteriorgrams for many-to-one
voice conversion without parallel data training"), but small, and of convolutions that look 0.14 s to
either side.
"""

from __future__ import annotations

from importlib import resources

import torch
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional

from styleshift.frontend.config import SpectrogramConfig
from styleshift.frontend.mel import mel_filters

PHONES = (
    *("AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F"),
    *("G", "HH", "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R"),
    *("S", "SH", "SIL", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH"),
)
"""Those of the CMU Pronouncing Dictionary, and silence."""
STATES = 3 * len(PHONES)

_BANDS, _HIGHEST_HZ = 40, 8000.0
_CHANNELS, _WIDEST, _DILATIONS = 128, 5, (1, 2, 3, 1)
_TINY = 1e-7  # power beside the strongest bin's; half precision, which GPUs may use, holds no less


class PhoneNetwork(nn.Module):
    """Envelopes of speech to how likely each state of each phone is.

    Attributes:
        mean: ``[bands, 1]`` of the log magnitudes that it was trained on.
        scale: one over their deviation.

    Args:
        config: of the spectrograms; :class:`styleshift.recipes.Recipe` refuses those that it does not know.
    """

    filters: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, config: SpectrogramConfig) -> None:
        super().__init__()
        self.register_buffer("filters", _filters(config), False)
        self.register_buffer("mean", torch.zeros(_BANDS, 1))
        self.register_buffer("scale", torch.ones(()))
        self.first = nn.Conv1d(_BANDS, _CHANNELS, _WIDEST, padding=_WIDEST // 2)
        self.blocks = nn.ModuleList(
            nn.Conv1d(_CHANNELS, _CHANNELS, 3, padding=dilation, dilation=dilation) for dilation in _DILATIONS
        )
        self.last = nn.Conv1d(_CHANNELS, STATES, 1)

    def bands(self, smooth: Tensor) -> Tensor:
        """``[batch, 1, bin, frame]``, natural log of an envelope, to ``[batch, band, frame]``."""
        flat = smooth.flatten(1, 2)
        strongest = flat.amax(dim=1, keepdim=True)
        power = self.filters @ (2 * (flat - strongest)).exp()
        bands: Tensor = 0.5 * power.clamp(min=_TINY).log() + strongest
        return bands

    def forward(self, smooth: Tensor) -> Tensor:
        """Logits ``[batch, state, frame]`` of ``[batch, 1, bin, frame]``, natural log of an envelope."""
        hidden = functional.relu(self.first((self.bands(smooth) - self.mean) * self.scale))
        for block in self.blocks:
            hidden = hidden + functional.relu(block(hidden))
        logits: Tensor = self.last(hidden)
        return logits


def trained_phones(config: SpectrogramConfig) -> PhoneNetwork:
    """The network that ships, in evaluation mode, for these spectrograms."""
    network = PhoneNetwork(config)
    weights = load((resources.files("styleshift.networks") / "phones.safetensors").read_bytes())
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    return network.eval().requires_grad_(False)


def _filters(config: SpectrogramConfig) -> Tensor:
    """Mel filters of the band up to 8 kHz, ``[bands, bins]``, each a mean: but for the level, of which the
    network has heard many, the same at any sample rate.
    """
    triangles = mel_filters(config.sample_rate, config.fft_length, _BANDS, _HIGHEST_HZ)
    return torch.from_numpy(triangles / triangles.sum(axis=1, keepdims=True))
