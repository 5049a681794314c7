"""Which sound of speech each frame may be: phonetic posteriorgrams, by a small network.

It hears the envelope alone, so whoever speaks, and at whatever pitch. Its weights ship with the package
(``phones.safetensors``) and are made anew by ``tools/models/phones.py``, from recordings that PocketSphinx
has aligned. Its outputs are the states of the phones of American English, three each; in other languages
they stand for the sounds that are nearest.

As in voice conversion by phonetic posteriorgrams (Sun et al. 2016, "Phonetic posteriorgrams for many-to-one
voice conversion without parallel data training"), but small, and of convolutions that look 0.14 s to
either side. Here it is in NumPy, for recordings; :mod:`styleshift.networks.phones` is the same in PyTorch,
where it becomes part of a model.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import numpy as np
from safetensors.numpy import load

from styleshift.arrays import Float32Array
from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.frontend.mel import mel_filters

PHONES = (
    *("AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F"),
    *("G", "HH", "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R"),
    *("S", "SH", "SIL", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH"),
)
"""Those of the CMU Pronouncing Dictionary, and silence."""
STATES = 3 * len(PHONES)
"""Beginning, middle and end of each."""

BANDS = 40
_HIGHEST_HZ = 8000.0
CHANNELS, WIDEST, DILATIONS = 128, 5, (1, 2, 3, 1)
REACH = WIDEST // 2 + sum(DILATIONS)
"""Frames that are heard to either side of one."""
FRAME_RATE = 62.5
"""Frames a second that it was trained on."""
TINY = 1e-7  # power beside the strongest bin's; half precision, which GPUs may use, holds no less


class PhoneListener:
    """Envelopes of speech to how likely each state of each phone is.

    Args:
        config: of the spectrograms, with the band that :func:`require_band` asks for. The network learned
            frames at ``FRAME_RATE``; how far others may be from it is for the caller to say.
    """

    def __init__(self, config: SpectrogramConfig) -> None:
        self._filters = phone_bands(config).T.copy()
        weights = phone_weights()
        self._mean, self._scale = weights["mean"][:, 0], weights["scale"]
        self._layers = [
            (_joined(weights[f"{name}.weight"]), weights[f"{name}.bias"], dilation)
            for name, dilation in (
                ("first", 1),
                *((f"blocks.{index}", dilation) for index, dilation in enumerate(DILATIONS)),
                ("last", 1),
            )
        ]

    def likely(self, smooth: Float32Array) -> Float32Array:
        """How likely each state is, ``[n, STATES]`` that add up to 1, of ``[n, bins]``.

        Args:
            smooth: natural log of envelopes. Before the first and after the last there is nothing, so of a
                part of a recording the :data:`REACH` frames at its ends are other than in the whole.
        """
        strongest = smooth.max(axis=1, keepdims=True)
        power = np.exp(2 * (smooth - strongest)) @ self._filters
        bands = 0.5 * np.log(np.maximum(power, np.float32(TINY))) + strongest
        first, *blocks, last = self._layers
        hidden = np.maximum(_convolved((bands - self._mean) * self._scale, *first), 0)
        for block in blocks:
            hidden = hidden + np.maximum(_convolved(hidden, *block), 0)
        logits = _convolved(hidden, *last)
        found: Float32Array = np.exp(logits - logits.max(axis=1, keepdims=True))
        found /= found.sum(axis=1, keepdims=True)
        return found

    def phones(self, smooth: Float32Array) -> Float32Array:
        """How likely each of :data:`PHONES` is, ``[n, 40]``; see :meth:`likely`."""
        found: Float32Array = self.likely(smooth).reshape(-1, len(PHONES), STATES // len(PHONES)).sum(axis=2)
        return found


def require_speech(config: SpectrogramConfig) -> None:
    """Refuse spectrograms in which the network was not taught to hear phones.

    Raises:
        ConfigError: the sample rate is too low, or frames are too near or too far apart.
    """
    require_band(config, "`phones.by=0`")
    milliseconds = 1000 * config.hop_length / config.sample_rate
    if not 12 <= milliseconds <= 20:
        raise ConfigError(
            f"phones are known in frames 12 to 20 ms apart, and these are {milliseconds:.1f} ms apart",
            f"set `spectrogram.hop_length` to about {round(0.016 * config.sample_rate)}, or `phones.by=0`",
        )


def require_band(config: SpectrogramConfig, otherwise: str = "") -> None:
    """Refuse spectrograms without the band in which phones differ; ``otherwise`` says what else would do.

    Raises:
        ConfigError: the sample rate is too low.
    """
    if config.sample_rate < 2 * _HIGHEST_HZ:
        raise ConfigError(
            f"phones are told apart by what is below 8 kHz, and at {config.sample_rate} Hz nothing is above "
            f"{config.sample_rate / 2000:g} kHz",
            "set `spectrogram.sample_rate` to 16000 or more" + (f", or {otherwise}" if otherwise else ""),
        )


@lru_cache(maxsize=1)
def phone_weights() -> dict[str, Float32Array]:
    """The weights that ship, float32, by the names of :class:`styleshift.networks.phones.PhoneNetwork`."""
    packed = load((resources.files("styleshift.voice") / "phones.safetensors").read_bytes())
    return {name: value.astype(np.float32) for name, value in packed.items()}


def phone_bands(config: SpectrogramConfig) -> Float32Array:
    """Mel filters of the band up to 8 kHz, ``[BANDS, bins]``, each a mean: but for the level, of which the
    network has heard many, the same at any sample rate.
    """
    triangles = mel_filters(config.sample_rate, config.fft_length, BANDS, _HIGHEST_HZ)
    means: Float32Array = triangles / triangles.sum(axis=1, keepdims=True)
    return means


def _joined(weight: Float32Array) -> Float32Array:
    """``[out, in, width]`` of a convolution as one matrix ``[width * in, out]``."""
    return np.ascontiguousarray(weight.transpose(2, 1, 0).reshape(-1, len(weight)))


def _convolved(frames: Float32Array, weight: Float32Array, bias: Float32Array, dilation: int) -> Float32Array:
    """``[n, in]`` to ``[n, out]``, with zeros at both ends."""
    count, channels = frames.shape
    width = len(weight) // channels
    reach = width // 2 * dilation
    padded = np.pad(frames, ((reach, reach), (0, 0)))
    near = [padded[step * dilation : step * dilation + count] for step in range(width)]
    found: Float32Array = np.concatenate(near, axis=1) @ weight + bias
    return found
