"""Everything between decoder and encoder: nothing is lost, no border is heard, nothing depends on the cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest

from styleshift.bundle.metadata import BundleMetadata, PitchTarget
from styleshift.conversion.track.convert import convert_samples
from styleshift.conversion.track.converter import TrackConverter
from styleshift.conversion.track.first_pass import measure
from styleshift.conversion.track.pitch import PitchMeter
from styleshift.conversion.track.sections import Layout
from styleshift.errors import AudioError, BundleError, PluginError
from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.frontend.percussion import PercussionDamping, PercussionSplitter
from styleshift.frontend.pitch import PitchShifter
from styleshift.hooks.registry import build_config, load_registry

SMALL = SpectrogramConfig(sample_rate=16000, frame_length=512, hop_length=128, fft_length=512)
SEED = SpectrogramConfig()

Model = Callable[[np.ndarray], np.ndarray]


def converter(
    model: Model, spectrogram: SpectrogramConfig = SMALL, vocoder: str = "source-phase", batch: int = 2
) -> TrackConverter:
    spec = load_registry().vocoders.get(vocoder)
    built = spec.build(build_config(spec.config, {}, vocoder), spectrogram, "cpu")
    metadata = BundleMetadata("a", "b", spectrogram, -20.0, 128, 4)
    return TrackConverter(metadata, model, batch, built, spec.context_frames)


def pieces(samples: np.ndarray, cut: int) -> Iterator[np.ndarray]:
    for start in range(0, len(samples), cut):
        yield samples[start : start + cut]


def convert(line: TrackConverter, samples: np.ndarray, rate: int, cut: int = 40000) -> np.ndarray:
    found = measure(pieces(samples, cut), rate, samples.shape[1])
    blocks = list(line.convert(pieces(samples, cut), found))
    return np.concatenate(blocks) if blocks else samples[:0]


def noise(rate: int, seconds: float, channels: int = 1) -> np.ndarray:
    random = np.random.default_rng(rate)
    return (0.1 * random.standard_normal((int(rate * seconds), channels))).astype(np.float32)


def identity(windows: np.ndarray) -> np.ndarray:
    return windows


def snr(wanted: np.ndarray, found: np.ndarray) -> float:
    error = np.sum((found.astype(np.float64) - wanted) ** 2)
    return float(10 * np.log10(np.sum(wanted.astype(np.float64) ** 2) / max(error, 1e-30)))


@pytest.mark.parametrize("rate", [8000, 16000, 20500, 44100, 48000])
@pytest.mark.parametrize("vocoder", ["source-phase", "griffin-lim"])
def test_a_model_that_changes_nothing_gives_the_source_back(rate: int, vocoder: str) -> None:
    samples = noise(rate, 3.3, 2) * np.linspace(0.1, 1, int(rate * 3.3))[:, None].astype(np.float32)
    for spectrogram in (SMALL, SEED):
        found = convert(converter(identity, spectrogram, vocoder), samples, rate)
        assert found.shape == samples.shape
        assert found.dtype == np.float32
        assert snr(samples, found) > 100


@pytest.mark.parametrize("compression", ["log1p", "log", "none"])
@pytest.mark.parametrize("center", [True, False])
def test_other_front_ends(compression: str, center: bool) -> None:
    spectrogram = SpectrogramConfig(
        sample_rate=16000,
        frame_length=400,
        hop_length=100,
        fft_length=512,
        window="gaussian",
        compression=compression,  # type: ignore[arg-type]
        center=center,
    )
    samples = noise(22050, 2.7)
    assert snr(samples, convert(converter(identity, spectrogram), samples, 22050)) > 80


@pytest.mark.parametrize("length", [1, 2, 3, 64, 100, 511, 512, 513, 5000, 16384, 131072, 131585, 132097])
def test_every_length_comes_back_to_the_sample(length: int) -> None:
    samples = noise(16000, 9)[:length]
    assert convert(converter(identity), samples, 16000).shape == samples.shape
    assert convert(converter(identity), samples, 48000).shape == samples.shape


def gain(decibels: np.ndarray | float) -> Model:
    """An equaliser on log1p magnitudes: ``decibels`` a bin, or one for all."""
    factor = 10 ** (np.asarray(decibels, np.float32).reshape(1, 1, -1, 1) / 20)
    return lambda windows: np.log1p(np.expm1(windows) * factor).astype(np.float32)


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
    found = convert(converter(norm, vocoder=vocoder), tone, 16000)
    steps = np.diff(short_levels(found, 16000)[4:-4])
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
    assert snr(samples[edge:-edge], found[edge:-edge]) > 60


def test_silence_in_silence_out() -> None:
    def loud(windows: np.ndarray) -> np.ndarray:
        return windows + 3  # answers silence with noise

    silence = np.zeros((16000 * 3, 2), np.float32)
    assert not convert(converter(loud), silence, 16000).any()
    samples = noise(16000, 6)
    samples[32000:64000] = 0
    for vocoder in ("source-phase", "griffin-lim"):
        found = convert(converter(loud, vocoder=vocoder), samples, 16000)
        assert not found[32000 + 1024 : 64000 - 1024].any()
        assert found[:32000].std() > 0.05


def test_a_faint_hiss_is_not_made_loud() -> None:
    samples = noise(16000, 6)
    samples[32000:64000] *= 1e-4  # 80 dB below
    found = convert(converter(lambda windows: windows + 2), samples, 16000)
    assert 0 < found[34000:62000].std() < 1.1 * samples[34000:62000].std()


def test_the_stereo_image_stays() -> None:
    random = np.random.default_rng(0)
    time = np.arange(44100 * 6) / 44100
    left = np.sin(2 * np.pi * 330 * time) * np.exp(-3 * (time % 1))
    right = np.sin(2 * np.pi * 523 * time) * np.exp(-4 * ((time + 0.3) % 1))
    middle = 0.3 * random.standard_normal(len(time))
    samples = 0.1 * np.stack([left + middle, 0.4 * right + middle], axis=1).astype(np.float32)
    line = converter(gain(10 * np.sin(np.arange(257) / 15)), vocoder="griffin-lim")
    found = convert(line, samples, 44100)
    before, after = np.corrcoef(samples.T)[0, 1], np.corrcoef(found.T)[0, 1]
    assert after == pytest.approx(before, abs=0.1)
    levels = [20 * np.log10(part[:, 0].std() / part[:, 1].std()) for part in (samples, found)]
    assert levels[1] == pytest.approx(levels[0], abs=1)


def test_what_cancels_in_a_mixdown_is_converted_all_the_same() -> None:
    mono = noise(16000, 4)
    antiphase = np.concatenate([mono, -mono], axis=1)
    found = convert(converter(gain(np.linspace(0, -20, 257))), antiphase, 16000)
    np.testing.assert_allclose(found[:, 0], -found[:, 1], atol=1e-6)
    assert found.std() == pytest.approx(antiphase.std(), rel=0.3)
    alone = np.concatenate([mono, np.zeros_like(mono)], axis=1)
    found = convert(converter(gain(np.linspace(0, -20, 257))), alone, 16000)
    assert not found[:, 1].any()
    assert found[:, 0].std() > 0.05


def test_six_channels_stay_six() -> None:
    samples = noise(48000, 2, 6) * np.linspace(0, 1, 6, dtype=np.float32)
    assert snr(samples, convert(converter(identity), samples, 48000)) > 100


def test_the_band_above_the_model_is_carried_and_follows_its_top() -> None:
    samples = noise(48000, 6)

    def band(signal: np.ndarray, low: float, high: float) -> float:
        power = np.abs(np.fft.rfft(signal[48000:-48000, 0])) ** 2
        frequency = np.fft.rfftfreq(len(signal) - 96000, 1 / 48000)
        return float(10 * np.log10(power[(frequency > low) & (frequency < high)].mean()))

    dull = np.zeros(257)
    dull[180:] = -12.0
    found = convert(converter(gain(dull)), samples, 48000)
    low, top, above = (band(found, *edges) for edges in ((1000, 4000), (6500, 7000), (9000, 23000)))
    assert top - low == pytest.approx(-12, abs=1)
    assert above - low == pytest.approx(-12, abs=1)
    bright = convert(converter(gain(np.where(dull < 0, 20.0, 0.0))), samples, 48000)
    assert band(bright, 9000, 23000) - band(bright, 1000, 4000) < 7


def test_loudness_is_kept_and_nothing_clips() -> None:
    samples = np.clip(3 * noise(16000, 10), -1, 1)
    found = convert(converter(gain(6 * np.sin(np.arange(257) / 9)), vocoder="griffin-lim"), samples, 16000)
    assert np.abs(found).max() <= 1
    wanted = measure(pieces(samples, 9999), 16000, 1).loudness
    assert measure(pieces(found, 9999), 16000, 1).loudness == pytest.approx(wanted, abs=0.5)


def test_a_quiet_recording_is_seen_at_the_reference_level() -> None:
    def seen(level: float) -> np.ndarray:
        windows = []
        line = converter(lambda batch: windows.append(batch) or batch)
        convert(line, noise(16000, 3) * np.float32(level), 16000)
        return np.concatenate(windows)

    np.testing.assert_allclose(seen(1.0), seen(0.05), rtol=1e-3, atol=1e-4)


def test_a_recording_that_changes_between_the_passes_is_refused() -> None:
    samples = noise(16000, 4)
    found = measure(pieces(samples, 5000), 16000, 1)
    for other in (samples[:-1], noise(16000, 5)):
        with pytest.raises(AudioError, match="changed while it was read"):
            list(converter(identity).convert(pieces(other, 5000), found))


def test_nan_from_a_model_or_a_wrong_vocoder_is_refused() -> None:
    with pytest.raises(BundleError, match="NaN"):
        convert(converter(lambda windows: windows * np.nan), noise(16000, 2), 16000)
    good = converter(identity)
    for sound in (np.zeros((1, 5), np.float32), None):

        def broken(log: np.ndarray, source: object, samples: int, sound: object = sound) -> np.ndarray:
            return np.full((1, samples), np.nan, np.float32) if sound is None else sound  # type: ignore[return-value]

        line = TrackConverter(good.metadata, identity, 2, broken, 8)
        with pytest.raises(PluginError, match="vocoder"):
            convert(line, noise(16000, 2), 16000)


def test_drums_are_damped_where_the_model_says_so() -> None:
    music = SpectrogramConfig(
        sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, gain=1000.0
    )
    spec = load_registry().vocoders.get("pghi")
    built = spec.build(build_config(spec.config, {}, "pghi"), music, "cpu")
    time = np.arange(4 * 16000) / 16000
    notes = sum(0.05 * np.sin(2 * np.pi * hertz * time) for hertz in (440, 660, 880))
    clicks = 0.2 * np.exp(-200 * (time % 0.25)) * np.random.default_rng(0).standard_normal(len(time))
    given = (notes + clicks)[:, None].astype(np.float32)
    levels = []
    for damping in (None, PercussionDamping(30.0)):
        metadata = BundleMetadata("a", "b", music, -20.0, 128, 4, percussion=damping)
        found = convert_samples(
            TrackConverter(metadata, identity, 2, built, spec.context_frames), given, 16000
        )
        assert found.shape == given.shape
        levels.append(PercussionSplitter(music).level_db(log_spectrogram(found[:, 0], music)))
    assert levels[1] < levels[0] - 8


@pytest.mark.parametrize("hertz", [100, 210])
def test_a_voice_comes_out_at_the_pitch_that_the_model_names_whatever_it_was(hertz: int) -> None:
    voices = SpectrogramConfig(
        sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, gain=1000.0
    )
    spec = load_registry().vocoders.get("pghi")
    built = spec.build(build_config(spec.config, {}, "pghi"), voices, "cpu")
    metadata = BundleMetadata("a", "b", voices, -20.0, 128, 4, pitch=PitchTarget(210.0))
    line = TrackConverter(metadata, identity, 2, built, spec.context_frames)
    time = np.arange(3 * 22050) / 22050
    sound = sum(np.sin(2 * np.pi * harmonic * hertz * time) / harmonic for harmonic in range(1, 20))
    given = (0.1 * sound[:, None]).astype(np.float32)
    found = convert_samples(line, given, 22050)
    assert found.shape == given.shape
    heard = PitchMeter(PitchShifter(voices), 22050)
    heard.push(found)
    moved = heard.median()
    assert moved is not None
    assert abs(12 * np.log2(moved / 210)) < 0.6
