"""MusiCNN, which knows what people say of music: the weights in its wheel, run by PyTorch.

Sources: Pons and Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio tagging";
Pons et al. 2018, "End-to-end learning for music audio tagging at scale". It learned on MagnaTagATune (Law et
al. 2009). The package is under the ISC licence, which speaks of the whole and not of the weights apart.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from styleshift.errors import UsageError
from styleshift.evaluation.ears.checkpoint import read_checkpoint
from styleshift.evaluation.ears.installed import file_of
from styleshift.evaluation.features import SAMPLE_RATE, Array, Array64
from styleshift.frontend import SpectrogramConfig, stft
from styleshift.frontend.mel import mel_filters

_TAGS = (
    "guitar,classical,slow,techno,strings,drums,electronic,rock,fast,piano,ambient,beat,violin,vocal,synth,"
    "female,indian,opera,male,singing,vocals,no vocals,harpsichord,loud,quiet,flute,woman,male vocal,"
    "no vocal,pop,soft,sitar,solo,man,classic,choir,voice,new age,dance,male voice,female vocal,beats,harp,"
    "cello,no voice,weird,country,metal,female voice,choral"
)
TAGS = tuple(_TAGS.split(","))
"""What it can say, in the order of its outputs: the most frequent tags of MagnaTagATune."""

_MUSIC = SpectrogramConfig(
    sample_rate=16000, frame_length=512, hop_length=256, fft_length=512, compression="none"
)
_BANDS, _FRAMES, _BATCH = 96, 187, 8  # 3 s at a time, without overlap
_EPS = 1e-3  # of TensorFlow's batch normalization
_WEIGHT = re.compile(r"(batch_normalization|conv2d|dense)(?:_(\d+))?/(\w+)")
_NAMES = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


class Tagger:
    """How probable each of ``TAGS`` is.

    Args:
        path: of the index of its checkpoint.

    Raises:
        UsageError: they cannot be read, or belong to another network.
    """

    def __init__(self, path: Path) -> None:
        self._network = _Network()
        try:
            self._network.load_state_dict(_renamed(read_checkpoint(path)))
        except RuntimeError as error:
            raise UsageError(
                f"the installed musicnn has other weights than the network that is known here: {path}",
                "`pip install --no-deps musicnn==0.1.0` brings those; without musicnn nothing is tagged",
            ) from error
        self._network.eval().requires_grad_(False)

    @classmethod
    def find(cls) -> Tagger | None:
        """The installed one, if there is one."""
        path = file_of("musicnn", "MTT_musicnn/.index")
        return None if path is None else cls(path)

    def pieces(self, mono: Array) -> Array:
        """``[samples]`` float32 at ``SAMPLE_RATE`` to what it hears at a time: ``[n, 1, frames, bands]``.

        The rest at the end that fills none is left out; a recording that is shorter than one is repeated.
        """
        import soxr

        wave = np.asarray(soxr.resample(mono, SAMPLE_RATE, _MUSIC.sample_rate), np.float32)
        power = np.square(np.abs(stft(wave, _MUSIC)))
        bands = np.log10(1 + 10000 * (power @ mel_filters(_MUSIC.sample_rate, _MUSIC.fft_length, _BANDS).T))
        if len(bands) < _FRAMES:
            bands = np.resize(bands, (_FRAMES, _BANDS))
        return bands[: len(bands) // _FRAMES * _FRAMES].reshape(-1, 1, _FRAMES, _BANDS)

    def probabilities(self, pieces: Array, most: int) -> Array64:
        """The mean over ``[n, 1, frames, bands]``, or over so many of them at equal distances: ``[50]``."""
        chosen = np.linspace(0, len(pieces) - 1, min(most, len(pieces))).round().astype(int)
        heard = [self._network(part) for part in torch.split(torch.from_numpy(pieces[chosen]), _BATCH)]
        mean: Array64 = torch.cat(heard).double().mean(dim=0).numpy()
        return mean


class _Network(nn.Module):
    """``[n, 1, frames, bands]`` to probabilities ``[n, tags]``; its layers are named as in the file."""

    def __init__(self) -> None:
        super().__init__()
        timbre = [nn.Conv2d(1, 204, (7, bands), padding=(3, 0)) for bands in (38, 67)]
        rhythm = [nn.Conv2d(1, 51, (frames, 1), padding=(frames // 2, 0)) for frames in (128, 64, 32)]
        deep = [nn.Conv2d(1, 64, (7, channels), padding=(3, 0)) for channels in (561, 64, 64)]
        self.conv2d = nn.ModuleList([*timbre, *rhythm, *deep])
        self.dense = nn.ModuleList([nn.Linear(1506, 200), nn.Linear(200, len(TAGS))])
        maps = [nn.BatchNorm2d(count, eps=_EPS) for count in (1, 204, 204, 51, 51, 51, 64, 64, 64)]
        vectors = [nn.BatchNorm1d(count, eps=_EPS) for count in (1506, 200)]
        self.batch_normalization = nn.ModuleList([*maps, *vectors])

    def forward(self, bands: Tensor) -> Tensor:
        norm = self.batch_normalization

        def layer(number: int, maps: Tensor) -> Tensor:
            """To ``[n, channels, frames]``; an even kernel gives one frame too many, of which the first."""
            made = self.conv2d[number](maps)[:, :, -maps.shape[2] :]
            found: Tensor = norm[1 + number](made.relu()).amax(dim=3)
            return found

        whole = norm[0](bands)
        front = torch.cat([layer(number, whole) for number in range(5)], dim=1)
        first = layer(5, front.mT[:, None])
        second = first + layer(6, first.mT[:, None])
        third = second + layer(7, second.mT[:, None])
        every = torch.cat([front, first, second, third], dim=1)
        pooled = torch.stack([every.amax(dim=2), every.mean(dim=2)], dim=2).flatten(1)
        hidden = norm[10](self.dense[0](norm[9](pooled)).relu())
        probabilities: Tensor = self.dense[1](hidden).sigmoid()
        return probabilities


def _renamed(weights: dict[str, Array]) -> dict[str, Tensor]:
    """TensorFlow's names and order of axes to PyTorch's; what only the optimizer needed is left out."""
    found = {}
    for name, value in weights.items():
        if parts := _WEIGHT.fullmatch(name):
            layer, number, kind = parts.groups("0")
            tensor = torch.tensor(value)
            tensor = tensor.movedim((-1, -2), (0, 1)) if kind == "kernel" else tensor
            found[f"{layer}.{number}.{_NAMES.get(kind, kind)}"] = tensor
    return found
