"""The front that moves voices, against the one of conversion; gradients against finite differences."""

import numpy as np
import pytest
import torch

from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.training.pitch import PitchFront
from styleshift.voice.pitch import PitchShifter

CONFIG = SpectrogramConfig(
    sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, compression="log1p", gain=1000.0
)


def voice(hertz):
    time = np.arange(32000) / 16000
    sound = sum(np.sin(2 * np.pi * harmonic * hertz * time) / harmonic for harmonic in range(1, 20))
    return torch.from_numpy(log_spectrogram((0.1 * sound).astype(np.float32), CONFIG).T[None, None].copy())


def test_ratio_is_that_of_target_and_crop():
    front = PitchFront(PitchShifter(CONFIG), 210.0)
    crops = torch.cat([voice(100), voice(140), torch.zeros_like(voice(100))])
    semitones = 12 * torch.log2(front.ratio(crops) / torch.tensor([2.1, 1.5, 1.0]))
    assert semitones.abs().max() < 0.3


@pytest.mark.parametrize("harmonics", ["stretch", "draw"])
def test_moves_as_conversion_does(harmonics):
    shifter = PitchShifter(CONFIG, harmonics=harmonics)
    front = PitchFront(shifter, 210.0)
    for ratio in (2.0, 0.5, 2 ** (3 / 12)):  # which have a matrix
        crop = voice(120)
        ours = front(crop, torch.tensor([ratio]))[0, 0].T.numpy()
        theirs = shifter.shift(np.ascontiguousarray(crop[0, 0].T.numpy()), ratio)
        assert np.abs(ours - theirs).max() < 2e-3


@pytest.mark.parametrize("harmonics", ["stretch", "draw"])
def test_what_is_not_moved_stays_as_it_is(harmonics):
    crops = torch.cat([voice(120), torch.rand(voice(120).shape, generator=torch.Generator().manual_seed(0))])
    front = PitchFront(PitchShifter(CONFIG, harmonics=harmonics), 210.0)
    assert torch.equal(front(crops, torch.ones(2)), crops)


@pytest.mark.parametrize("harmonics", ["stretch", "draw"])
def test_gradient_passes(harmonics):
    front = PitchFront(PitchShifter(CONFIG, harmonics=harmonics), 210.0).double()
    crop = voice(120)[..., 20:24].double().requires_grad_()
    ratio = torch.tensor([1.7], dtype=torch.float64)
    direction = torch.randn(crop.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weights = torch.randn(crop.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    (front(crop, ratio) * weights).sum().backward()
    with torch.no_grad():
        step = 1e-6
        up, down = ((front(crop + sign * step * direction, ratio) * weights).sum() for sign in (1, -1))
    # How far a frame is a voice is taken as given, so gradients are those of moving alone.
    assert torch.allclose((crop.grad * direction).sum(), (up - down) / (2 * step), rtol=0.05)
