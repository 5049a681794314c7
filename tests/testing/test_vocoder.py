"""The contract checks of vocoders: what is whole passes; a broken promise is found and named."""

from __future__ import annotations

import numpy as np
import pytest

from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks import NoOptions, VocoderSpec
from styleshift.testing import ContractError, check_vocoder


class Inverse:
    """The source's phase, or zero phase, with one thing broken at will."""

    def __init__(self, spectrogram: SpectrogramConfig, broken: str) -> None:
        self._spectrogram, self._broken, self._calls = spectrogram, broken, 0

    def __call__(self, log_magnitude, source, samples):
        from styleshift.frontend import istft, magnitude

        if source is None:
            raise ConfigError("a source is needed")
        self._calls += 1
        size = magnitude(log_magnitude, self._spectrogram)
        spectrum = size * np.exp(1j * np.angle(source))
        if self._broken == "source":
            spectrum = source
        if self._broken == "pitch":
            spectrum = np.roll(spectrum, 3, axis=-1)
        if self._broken == "channels":
            spectrum = spectrum[::-1]
        audio = istft(spectrum.astype(np.complex64), self._spectrogram, length=samples)
        if self._broken == "level":
            audio *= 1.5
        if self._broken == "length":
            audio = audio[:, :-1]
        if self._broken == "type":
            audio = audio.astype(np.float64)
        if self._broken == "finite":
            audio[0, 0] = np.inf
        if self._broken == "magnitude":
            log_magnitude *= 0.9
        if self._broken == "state":
            audio = audio * np.float32((-1) ** self._calls)
        if self._broken == "noise":
            audio = audio + np.float32(0.01)
        return audio


def vocoder(broken: str = "") -> VocoderSpec:
    return VocoderSpec(
        "inverse", "a test", lambda config, spectrogram, device: Inverse(spectrogram, broken), NoOptions
    )


def test_a_whole_vocoder_passes():
    check_vocoder(vocoder())


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("source", "silence over a source"),
        ("pitch", "came back at"),
        ("channels", "came back at"),
        ("level", r"came back \+3\.5 dB"),
        ("length", "was wanted"),
        ("type", "float64, not float32"),
        ("finite", "NaN or infinity"),
        ("magnitude", "changes the magnitudes"),
        ("state", "other audio"),
        ("noise", "silence came back"),
    ],
)
def test_a_vocoder_that_breaks_a_promise_is_told_which(broken, sentence):
    with pytest.raises(ContractError, match=sentence):
        check_vocoder(vocoder(broken))
