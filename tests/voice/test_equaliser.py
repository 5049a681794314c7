"""One equaliser for each recording: found against one put in, and left alone where only the words differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import fft

from styleshift.errors import ConfigError
from styleshift.frontend import stft
from styleshift.frontend.config import SpectrogramConfig
from styleshift.frontend.transform import compress, magnitude
from styleshift.voice.equaliser import (
    SPOKEN,
    EqualiserMeter,
    VoiceMeans,
    cepstra,
    curve,
    equalise,
    phones_of,
)
from styleshift.voice.phones import PHONES, PhoneListener, require_speech
from styleshift.voice.pitch import PitchShifter, cepstral_order
from tests.helpers.vowels import VOWELS, hiss, vowel

CONFIG = SpectrogramConfig(
    sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, compression="log1p", gain=1000.0
)
SHIFTER = PitchShifter(CONFIG)
ORDERS = np.arange(cepstral_order(CONFIG))


def spoken(*sounds: np.ndarray) -> np.ndarray:
    """``[n, bins]`` natural log of magnitudes."""
    joined = np.concatenate(sounds).astype(np.float32)
    return SHIFTER.log(compress(np.abs(stft(joined, CONFIG)).astype(np.float32), CONFIG))


def means_of(log: np.ndarray) -> VoiceMeans:
    """What a training finds, written another way: an average in float64, weighed frame by frame."""
    smooth = log.astype(np.float64) @ SHIFTER.envelope.T
    states = PhoneListener(CONFIG).likely(smooth.astype(np.float32)).astype(np.float64)
    levelled = smooth - np.log(np.sqrt(np.mean(np.exp(2.0 * log), axis=1, keepdims=True)))
    rows = [
        np.average(levelled, axis=0, weights=states[:, 3 * index : 3 * index + 3].sum(axis=1))
        for index, name in enumerate(PHONES)
        if name != "SIL"
    ]
    low = fft.idct(np.stack(rows), type=1, axis=1)[:, : len(ORDERS)]
    frames = phones_of(states).sum(axis=0)
    return VoiceMeans(tuple(tuple(row) for row in low.tolist()), tuple(frames.tolist()))


def equaliser_of(log: np.ndarray, means: VoiceMeans, blocks: Sequence[int] = (10_000,)) -> np.ndarray | None:
    meter = EqualiserMeter(SHIFTER, means)
    for start in range(0, len(log), blocks[0]):
        meter.push(log[start : start + blocks[0]])
    return meter.equaliser()


SENTENCE = [vowel(name, hertz, stretch=1.15) for name in VOWELS for hertz in (120, 160, 200)] + [hiss()]
COLOUR = curve(np.where((ORDERS == 1) | (ORDERS == 3), 0.2, 0.0), CONFIG.bins)


def spread(nepers: np.ndarray) -> float:
    return float(np.std(nepers))


def test_cepstra_are_a_cosine_transform_and_hold_all_of_an_envelope() -> None:
    smooth = np.random.default_rng(0).normal(size=(5, CONFIG.bins)) @ SHIFTER.envelope.T
    low = cepstra(smooth, len(ORDERS))
    np.testing.assert_allclose(low, fft.idct(smooth, type=1, axis=1)[:, : len(ORDERS)], atol=1e-12)
    np.testing.assert_allclose(curve(low, CONFIG.bins), smooth, atol=1e-12)
    assert np.abs(cepstra(smooth, 40)[:, len(ORDERS) :]).max() < 1e-12


def test_an_equaliser_that_was_put_in_is_found() -> None:
    log = spoken(*SENTENCE)
    means = means_of(log)
    untouched = equaliser_of(log, means)
    assert untouched is not None
    assert np.abs(untouched).max() < 1e-3
    found = equaliser_of(log + COLOUR.astype(np.float32), means)
    assert found is not None
    assert spread(found + COLOUR) < 0.25 * spread(COLOUR)


def test_other_words_are_no_other_voice() -> None:
    """A recording that says one vowel has that vowel's mean, and a speaker whom the model knows."""
    means = means_of(spoken(*SENTENCE))
    smooth = spoken(*SENTENCE) @ SHIFTER.envelope.T
    for name in ("IY", "AA"):
        one = spoken(vowel(name, 160, seconds=4, stretch=1.15))
        found = equaliser_of(one, means)
        assert found is not None
        by_the_mean = smooth.mean(axis=0) - (one @ SHIFTER.envelope.T).mean(axis=0)
        assert spread(found) < 0.25 * spread(by_the_mean)


def test_a_few_frames_are_believed_less() -> None:
    means = means_of(spoken(*SENTENCE))
    found = []
    for seconds in (0.3, 6.0):
        log = spoken(vowel("AE", 150, seconds=seconds, stretch=1.15)) + COLOUR.astype(np.float32)
        each = equaliser_of(log, means)
        assert each is not None
        found.append(spread(each))
    assert found[0] < 0.65 * found[1]


@pytest.mark.parametrize("block", [1, 97, 1024, 4001])
def test_it_does_not_matter_where_blocks_end(block: int) -> None:
    log = np.concatenate([spoken(*SENTENCE)] * 3)
    assert len(log) > 2 * 1024
    means = means_of(spoken(SENTENCE[0], SENTENCE[-1]))
    whole, parts = equaliser_of(log, means, [len(log)]), equaliser_of(log, means, [block])
    assert whole is not None
    assert parts is not None
    np.testing.assert_allclose(parts, whole, atol=1e-5)
    states = phones_of(PhoneListener(CONFIG).likely((log @ SHIFTER.envelope.T).astype(np.float32)))
    states[log.max(axis=1) < log.max() - 4.3] = 0
    level = 0.5 * np.log(np.exp(2 * log).mean(axis=1, keepdims=True))
    low = cepstra(log @ SHIFTER.envelope.T - level, len(ORDERS))
    frames = np.array(means.frames)
    states = states * frames / (frames + 30)
    total = (states[:, :, None] * (np.array(means.cepstra)[None] - low[:, None])).sum(axis=(0, 1))
    expected = curve(total / (states.sum() + 30), CONFIG.bins)
    np.testing.assert_allclose(whole - whole.mean(), expected - expected.mean(), atol=1e-4)
    mean = np.exp(2 * curve((states[:, :, None] * low[:, None]).sum(axis=(0, 1)) / states.sum(), CONFIG.bins))
    assert (mean * np.exp(2 * whole)).sum() == pytest.approx(mean.sum(), rel=1e-4)


def test_nothing_has_none() -> None:
    means = means_of(spoken(*SENTENCE))
    assert EqualiserMeter(SHIFTER, means).equaliser() is None
    assert equaliser_of(spoken(np.zeros(32000)), means) is None


@pytest.mark.parametrize("highest", [3400, 5000])
def test_a_telephone_is_equalised_where_it_has_something(highest: float) -> None:
    means = means_of(spoken(*SENTENCE))
    hertz = np.arange(CONFIG.bins) * 16000 / 1024
    told = np.where(hertz > highest, -30, COLOUR)
    log = np.maximum(spoken(*SENTENCE) + told, SHIFTER.floor).astype(np.float32)
    found = equaliser_of(log, means)
    assert found is not None
    assert not found[hertz > highest].any()
    inner = (hertz > 100) & (hertz < highest - 500)
    assert spread((found + COLOUR)[inner]) < 0.65 * spread(COLOUR[inner])


def test_it_is_within_12_decibels() -> None:
    means = means_of(spoken(*SENTENCE))
    steep = np.linspace(-4, 0, CONFIG.bins)
    found = equaliser_of((spoken(*SENTENCE) + steep + 4).astype(np.float32), means)
    assert found is not None
    assert 20 * np.log10(np.exp(np.abs(found).max())) == pytest.approx(12, abs=1e-3)


def test_a_phone_that_the_model_hardly_heard_says_little() -> None:
    known = means_of(spoken(*SENTENCE))
    strange = VoiceMeans(
        tuple((row[0], row[1] + 3, *row[2:]) if name == "S" else row for name, row in named(known)),
        tuple(0.5 if name == "S" else 1000.0 for name, _ in named(known)),
    )
    log = spoken(*SENTENCE)
    found = equaliser_of(log, strange)
    assert found is not None
    assert np.abs(found).max() < 0.1
    believed = equaliser_of(log, replace(strange, frames=(1000.0,) * SPOKEN))
    assert believed is not None
    assert np.abs(believed).max() > 5 * np.abs(found).max()


def named(means: VoiceMeans) -> list[tuple[str, tuple[float, ...]]]:
    return list(zip([name for name in PHONES if name != "SIL"], means.cepstra, strict=True))


def test_pauses_say_nothing_of_a_voice() -> None:
    log = spoken(*SENTENCE)
    means = means_of(log)
    room = spoken(3e-4 * np.random.default_rng(0).standard_normal(20 * 16000))
    found = equaliser_of(np.concatenate([log + COLOUR.astype(np.float32), room]), means)
    alone = equaliser_of(log + COLOUR.astype(np.float32), means)
    assert found is not None
    assert alone is not None
    assert np.abs(found - alone).max() < 0.02


def test_each_frame_keeps_its_power_and_silence_stays_silence() -> None:
    plain = compress(np.abs(stft(np.float32(SENTENCE[0]), CONFIG)).astype(np.float32), CONFIG)
    made = equalise(plain, COLOUR.astype(np.float32), CONFIG)
    before, after = (np.square(magnitude(each, CONFIG)).sum(axis=1) for each in (plain, made))
    np.testing.assert_allclose(after, before, rtol=1e-3)
    difference = np.diff(SHIFTER.log(made) - SHIFTER.log(plain), axis=1)
    np.testing.assert_allclose(difference[20], np.diff(COLOUR), atol=1e-2)
    nothing = np.zeros((4, CONFIG.bins), np.float32)
    assert not equalise(nothing, COLOUR.astype(np.float32), CONFIG).any()


def test_means_of_other_spectrograms_are_refused() -> None:
    row = (0.0,) * len(ORDERS)
    frames = (1.0,) * SPOKEN
    with pytest.raises(ConfigError, match="cepstra"):
        VoiceMeans((row,) * (SPOKEN - 1), frames)
    with pytest.raises(ConfigError, match="more cepstral coefficients for one phone"):
        VoiceMeans(((0.0,), *(row,) * (SPOKEN - 1)), frames)
    with pytest.raises(ConfigError, match="frames"):
        VoiceMeans((row,) * SPOKEN, (-1.0, *frames[1:]))
    with pytest.raises(ConfigError, match="cepstra"):
        VoiceMeans(((1e38, *row[1:]),) * SPOKEN, frames)
    with pytest.raises(ConfigError, match="envelopes of these spectrograms have 25"):
        VoiceMeans((row[:-1],) * SPOKEN, frames).require(CONFIG)
    VoiceMeans((row,) * SPOKEN, frames).require(CONFIG)
    slow = SpectrogramConfig(sample_rate=8000, frame_length=512, hop_length=128, fft_length=512)
    with pytest.raises(ConfigError, match="8000 Hz"):
        require_speech(slow)
