"""The network that tells the sounds of speech apart, on sounds made by formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from styleshift.frontend import stft
from styleshift.frontend.config import SpectrogramConfig
from styleshift.frontend.transform import compress
from styleshift.networks.phones import PhoneNetwork, trained_phones
from styleshift.recipes import load_recipe
from styleshift.training.pitch import PitchFront
from styleshift.voice.phones import PHONES, STATES, TINY, PhoneListener
from styleshift.voice.pitch import PitchShifter
from tests.helpers.vowels import VOWELS, hiss, vowel


def config(rate: int = 16000) -> SpectrogramConfig:
    frame = 1024 * rate // 16000
    return SpectrogramConfig(
        sample_rate=rate,
        frame_length=frame,
        hop_length=frame // 4,
        fft_length=2 ** int(np.ceil(np.log2(frame))),
        compression="log1p",
        gain=1000.0,
    )


def envelope(sound: np.ndarray, settings: SpectrogramConfig) -> torch.Tensor:
    plain = compress(np.abs(stft(sound.astype(np.float32), settings)).astype(np.float32), settings)
    front = PitchFront(PitchShifter(settings), 1.0)
    return front.envelope @ front.log(torch.from_numpy(plain.T.copy())[None, None])


def likely(sound: np.ndarray, rate: int = 16000) -> dict[str, float]:
    """How likely each phone is over the middle of a sound."""
    states = trained_phones(config(rate))(envelope(sound, config(rate))).softmax(dim=1)[0]
    phones = states[:, 10:-10].mean(dim=1).reshape(len(PHONES), 3).sum(dim=1)
    return dict(zip(PHONES, phones.tolist(), strict=True))


@pytest.mark.parametrize("spoken", VOWELS)
@pytest.mark.parametrize(("hertz", "rate"), [(110, 16000), (210, 16000), (150, 22050), (150, 48000)])
def test_a_vowel_of_three_formants_is_named_at_any_pitch_and_rate(
    spoken: str, hertz: float, rate: int
) -> None:
    # Of a person between a man, whose formants these are, and a woman.
    found = likely(vowel(spoken, hertz, rate, stretch=1.15), rate)
    assert max(VOWELS, key=lambda name: found[name]) == spoken


def test_numpy_hears_what_pytorch_hears() -> None:
    sound = np.concatenate([0.03 * vowel("AE", 140), hiss(), np.zeros(4000), vowel("IY", 220)])
    smooth = envelope(sound, config())
    ours = PhoneListener(config()).likely(smooth[0, 0].T.numpy())
    theirs = trained_phones(config())(smooth).softmax(dim=1)[0].T
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_hiss_above_four_kilohertz_is_a_sibilant_and_silence_is_silence() -> None:
    found = likely(hiss())
    assert found["S"] + found["Z"] + found["SH"] > max(0.4, 0.85 * (1 - found["SIL"]))
    assert likely(np.zeros(16000))["SIL"] > 0.9


def test_bands_are_means_of_the_same_hertz_at_any_sample_rate() -> None:
    centres = []
    for rate in (16000, 22050, 48000):
        filters = PhoneNetwork(config(rate)).filters
        hertz = torch.arange(filters.shape[1]) * rate / config(rate).fft_length
        torch.testing.assert_close(filters.sum(dim=1), torch.ones(40))
        assert not filters[:, hertz > 8000].any()
        centres.append(filters @ hertz)
    for other in centres[1:]:
        assert (other - centres[0]).abs().max() < 12  # Hz: less than a bin


def test_half_precision_hears_the_same() -> None:
    """A GPU may multiply matrices in float16: see :mod:`styleshift.runtimes.float16`."""
    for sound in (hiss(), 0.03 * vowel("AA", 150), np.sin(2 * np.pi * 500 * np.arange(16000) / 16000)):
        network, smooth = trained_phones(config()), envelope(sound, config())
        flat = smooth.flatten(1, 2)
        top = flat.amax(dim=1, keepdim=True)
        factors = (network.filters.half().float(), (2 * (flat - top)).exp().half().float())
        rounded = 0.5 * (factors[0] @ factors[1]).half().float().clamp(min=TINY).log() + top
        assert (rounded - network.bands(smooth)).abs().max() < 0.15


def test_it_is_small_and_its_weights_do_not_change() -> None:
    network = trained_phones(load_recipe("voice").spectrogram)
    assert sum(weight.numel() for weight in network.parameters()) < 300_000
    assert network.last.out_channels == STATES
    assert not any(weight.requires_grad for weight in network.parameters())
    assert not network.training
