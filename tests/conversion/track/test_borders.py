"""No border of a window, stretch or file is heard, and nothing depends on the cut.

Of styleshift.conversion.track.converter.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from track_models import SMALL, Model, convert, converter, gain, identity, noise, snr

from styleshift.conversion.track.converter import TrackConverter
from styleshift.conversion.track.sections import Layout


def norm(windows: np.ndarray) -> np.ndarray:
    """What instance norm does at its worst: every window is brought to one mean and deviation."""
    mean = windows.mean(axis=(2, 3), keepdims=True)
    deviation = windows.std(axis=(2, 3), keepdims=True) + 1e-5
    return np.maximum(0, 0.7 + 0.8 * (windows - mean) / deviation).astype(np.float32)


def short_levels(samples: np.ndarray, rate: int, seconds: float = 0.05) -> np.ndarray:
    size = int(rate * seconds)
    count = len(samples) // size
    return 10 * np.log10(np.mean(samples[: count * size].reshape(count, -1) ** 2, axis=1) + 1e-20)


@pytest.mark.parametrize("vocoder", ["source-phase", "griffin-lim", "pghi"])
def test_a_steady_tone_has_no_step_at_any_border(vocoder: str) -> None:
    """Nine seconds: eleven windows, and the border between two stretches of the vocoder."""
    time = np.arange(16000 * 9) / 16000
    tone = (0.2 * np.sin(2 * np.pi * 440 * time))[:, None].astype(np.float32)
    found = convert(converter(norm, vocoder=vocoder), tone, 16000)
    levels = short_levels(found, 16000)[4:-4]
    assert np.abs(np.diff(levels)).max() < 0.5


@pytest.mark.parametrize("vocoder", ["source-phase", "griffin-lim"])
def test_a_ramp_of_level_stays_a_ramp(vocoder: str) -> None:
    time = np.arange(16000 * 9) / 16000
    ramp = 10 ** (np.linspace(-30, -6, len(time)) / 20)
    tone = (ramp * np.sin(2 * np.pi * 440 * time))[:, None].astype(np.float32)
    # As loud as `norm` makes it, peaks would be turned down to one level.
    found = convert(converter(lambda windows: norm(windows) / 4, vocoder=vocoder), tone, 16000)
    levels = short_levels(found, 16000)[4:-4]
    steps = np.diff(levels)
    assert levels[-1] - levels[0] > 18  # of 23 dB
    assert steps.min() > -0.5
    assert steps.max() < 0.13 + 0.5  # the ramp itself rises by 0.13 dB every 0.05 s


@pytest.mark.parametrize("vocoder", ["source-phase", "griffin-lim", "pghi"])
def test_noise_has_no_step_at_any_border(vocoder: str) -> None:
    """Levels at the borders of windows and stretches scatter no more than elsewhere, and keep the mean."""
    samples = noise(16000, 20)
    found = convert(converter(gain(np.linspace(0, -12, 257)), vocoder=vocoder), samples, 16000)
    levels = short_levels(found, 16000, 0.128)  # 16 frames: borders lie at multiples of 96 and 1024 frames
    borders = levels[8:-4:8]  # 1024 frames: where two stretches meet
    assert abs(borders.mean() - levels[4:-4].mean()) < 0.5
    assert np.abs(levels[4:-4] - levels[4:-4].mean()).max() < 1.5


def test_the_result_does_not_depend_on_the_cut_or_the_batch() -> None:
    samples = noise(44100, 12, 2)
    whole = convert(converter(norm, vocoder="griffin-lim"), samples, 44100, cut=len(samples))
    for cut, batch in ((4096, 1), (44100, 5)):
        line = converter(norm, vocoder="griffin-lim", batch=batch)
        np.testing.assert_array_equal(convert(line, samples, 44100, cut), whole)


def test_the_start_of_a_recording_does_not_depend_on_its_end() -> None:
    """Half of a steady recording is converted as in the whole, up to a window before its end."""
    samples = noise(16000, 12)
    line = converter(gain(np.linspace(0, -12, 257)))
    whole, half = convert(line, samples, 16000), convert(line, samples[: 16000 * 6], 16000)
    assert snr(whole[: 16000 * 2], half[: 16000 * 2]) > 40  # the level of the half differs in the third digit


def strided(windows: np.ndarray) -> np.ndarray:
    """A network of large strides at its worst: of four frames it sees the first."""
    tilt = np.linspace(1.1, 0.7, windows.shape[2], dtype=np.float32)[:, None]
    return np.asarray(np.repeat(windows[..., ::4], 4, axis=3) * tilt, np.float32)


@cache
def strikes(rate: int, seconds: float) -> np.ndarray:
    """Notes that are struck and decay, none like another, over a little noise."""
    random = np.random.default_rng(0)
    sound = 0.003 * random.standard_normal(int(rate * seconds))
    since = np.arange(rate) / rate
    for begin in np.cumsum(random.uniform(0.15, 0.6, int(seconds * 2.5))):
        place = sound[int(begin * rate) :][:rate]
        pitch, strength = random.uniform(100, 2500), random.uniform(0.03, 0.3)
        place += (strength * np.exp(-5 * since) * np.sin(2 * np.pi * pitch * since))[: len(place)]
    return sound[:, None].astype(np.float32)


def levels_and_bands(signal: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    power = np.abs(np.fft.rfft(signal[:, 0])) ** 2
    edges = np.geomspace(150, 7000, 12) / (rate / 2) * len(power)
    return short_levels(signal, rate, 0.2), 10 * np.log10(np.add.reduceat(power, edges.astype(int))[:-1])


def apart(one: np.ndarray, other: np.ndarray, rate: int) -> tuple[float, float]:
    """The greatest differences in dB of levels of 0.2 s, and of bands."""
    pairs = zip(levels_and_bands(one, rate), levels_and_bands(other, rate), strict=True)
    levels, bands = (float(np.abs(a - b).max()) for a, b in pairs)
    return levels, bands


@pytest.mark.parametrize(("rate", "offset"), [(16000, 0.05), (16000, 1.7712), (44100, 0.30002), (16000, 5.9)])
@pytest.mark.parametrize("model", [norm, strided])
def test_where_the_file_begins_makes_no_difference_that_is_heard(
    offset: float, model: Model, rate: int
) -> None:
    """A file whose head was cut off: some seconds later, the sound is that of the whole.

    Both with a network that normalises each window by itself, and with one that depends on the frames'
    places. What is left comes from the level, which is measured over the whole file, and from resampling.
    """
    samples = strikes(rate, 26)
    begin = int(offset * rate)
    line = converter(model)
    whole, rest = convert(line, samples, rate)[begin:], convert(line, samples[begin:], rate)
    inner = slice(13 * rate, -3 * rate)
    levels, bands = apart(whole[inner], rest[inner], rate)
    assert levels < 0.3
    assert bands < 0.1


@pytest.mark.parametrize("model", [norm, strided])
def test_where_the_file_ends_makes_no_difference_that_is_heard(model: Model) -> None:
    samples = strikes(16000, 26)
    line = converter(model)
    whole, part = (convert(line, some, 16000) for some in (samples, samples[: 16000 * 20 + 77]))
    levels, bands = apart(whole[: 16000 * 9], part[: 16000 * 9], 16000)
    assert levels < 0.5
    assert bands < 0.5


@pytest.mark.parametrize("vocoder", ["source-phase", "griffin-lim"])
@pytest.mark.parametrize("shift", [4, 36, 64])
def test_windows_that_begin_elsewhere_give_the_same_sound(
    shift: int, vocoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same recording, its windows begun some of the network's steps earlier than they would be.

    What a network says of a frame depends on the frames around it; here on eight to each side, of which it
    sees none beyond a window's border.
    """

    def smeared(windows: np.ndarray) -> np.ndarray:
        padded = np.pad(windows, ((0, 0), (0, 0), (0, 0), (8, 8)))
        around = sum(padded[..., at : at + windows.shape[-1]] for at in range(17)) / 17
        return np.asarray(strided(windows) * 0.7 + 0.3 * around, np.float32)

    samples = strikes(16000, 26)
    line = converter(smeared, vocoder=vocoder)
    usual = convert(line, samples, 16000)
    steps = Layout.around
    moved = []

    def earlier(self: Layout, start: int, attack: int, end: int) -> tuple[int, int]:
        begin, last = steps(self, start, attack, end)
        moved.append(begin - shift * self.hop > 0)
        return begin - shift * self.hop if moved[-1] else begin, last

    monkeypatch.setattr(Layout, "around", earlier)
    other = convert(line, samples, 16000)
    assert sum(moved) >= 2
    assert not np.array_equal(usual, other)
    levels, bands = apart(usual, other, 16000)
    assert levels < 0.5
    assert bands < 0.5


def test_what_a_vocoder_does_at_the_ends_of_a_stretch_is_not_heard() -> None:
    """It is given music on both sides, as much as it asked for, and those frames are thrown away."""
    good = converter(identity)
    context, hop = 40, SMALL.hop_length

    def careless(log: np.ndarray, source: np.ndarray, samples: int) -> np.ndarray:
        sound = good.vocoder(log, source, samples).copy()
        sound[:, : (context - 4) * hop] = 0
        sound[:, -(context - 4) * hop :] = 0
        return sound

    line = TrackConverter(good.metadata, identity, 2, careless, context)
    samples = noise(16000, 30)
    found = convert(line, samples, 16000)
    edge = (
        context * hop + 16000 * 3
    )  # at the ends of the recording there is no context; loudness looks 3 s far
    inner, wanted = found[edge:-edge], samples[edge:-edge]
    # What the ends lost is made up for by one factor on all of it, which is no matter here.
    assert snr(wanted, inner * (np.vdot(wanted, inner) / np.vdot(inner, inner))) > 60
    assert snr(wanted, inner) > 50
