"""Everything between decoder and encoder: nothing is lost, and what the model does not see stays."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from scipy import signal
from track_models import SMALL, convert, converter, gain, identity, noise, pieces, snr

from styleshift.bundle.metadata import BundleMetadata, PitchTarget
from styleshift.conversion.track.convert import convert_samples
from styleshift.conversion.track.converter import TrackConverter
from styleshift.conversion.track.first_pass import measure
from styleshift.conversion.track.voice import VoiceMeter, VoiceWanted
from styleshift.errors import AudioError, BundleError, PluginError
from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.frontend.percussion import PercussionDamping, PercussionSplitter
from styleshift.hooks.options import build_config
from styleshift.hooks.registry import load_registry
from styleshift.training.phones import SourceVoice, spoken_means
from styleshift.voice.pitch import PitchShifter
from tests.helpers.vowels import VOWELS, vowel

SEED = SpectrogramConfig()


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


@pytest.mark.parametrize(("strength", "least", "most"), [(1.0, 0.0, 0.55), (0.5, 0.4, 0.8), (1.5, 0.0, 0.55)])
def test_a_recording_is_equalised_to_sound_like_the_voices_that_the_model_knows(
    strength: float, least: float, most: float
) -> None:
    speech = SpectrogramConfig(
        sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, gain=1000.0
    )
    spec = load_registry().vocoders.get("pghi")
    built = spec.build(build_config(spec.config, {}, "pghi"), speech, "cpu")
    sound = np.concatenate([vowel(name, hertz) for name in VOWELS for hertz in (190, 210, 230)])
    spectrum = torch.from_numpy(log_spectrogram(sound.astype(np.float32), speech).T.copy())[None, None]
    means = SourceVoice(*spoken_means([spectrum], PitchShifter(speech))).means()
    # As if through another microphone: 6 dB more at 1 kHz, 6 dB less from 4 kHz on, and as much between.
    bands = {"btype": "bandpass", "fs": 16000, "output": "sos"}
    dull = sound + signal.sosfilt(signal.butter(2, [700, 1400], **bands), sound)
    dull -= 0.5 * signal.sosfilt(signal.butter(2, [4000, 7900], **bands), dull)
    given = dull[:, None].astype(np.float32)
    left = []
    for voice in (None, means):
        metadata = BundleMetadata(
            *("a", "b", speech, -20.0, 128, 4),
            pitch=PitchTarget(210.0),
            source_voice=voice,
            strength=strength,
        )
        line = TrackConverter(metadata, identity, 2, built, spec.context_frames)
        found = convert_samples(line, given, 16000)
        assert found.shape == given.shape
        left.append(envelope_distance(found[:, 0], sound, speech))
    # A strength above 1 goes no further: the model knows no voices beyond those it learned from.
    assert least * left[0] < left[1] < most * left[0]


def envelope_distance(found: np.ndarray, wanted: np.ndarray, config: SpectrogramConfig) -> float:
    """Between mean envelopes, loudness aside, root mean square in nepers."""
    shifter = PitchShifter(config)
    one, other = (
        (shifter.log(log_spectrogram(each.astype(np.float32), config)) @ shifter.envelope.T).mean(axis=0)
        for each in (found, wanted)
    )
    return float(np.std((one - other)[:450]))


@pytest.mark.parametrize("harmonics", ["stretch", "draw"])
@pytest.mark.parametrize("hertz", [100, 210])
def test_a_voice_comes_out_at_the_pitch_that_the_model_names_whatever_it_was(
    hertz: int, harmonics: Literal["stretch", "draw"]
) -> None:
    voices = SpectrogramConfig(
        sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, gain=1000.0
    )
    spec = load_registry().vocoders.get("pghi")
    built = spec.build(build_config(spec.config, {}, "pghi"), voices, "cpu")
    metadata = BundleMetadata("a", "b", voices, -20.0, 128, 4, pitch=PitchTarget(210.0, harmonics=harmonics))
    line = TrackConverter(metadata, identity, 2, built, spec.context_frames)
    time = np.arange(3 * 22050) / 22050
    sound = sum(np.sin(2 * np.pi * harmonic * hertz * time) / harmonic for harmonic in range(1, 20))
    given = (0.1 * sound[:, None]).astype(np.float32)
    found = convert_samples(line, given, 22050)
    assert found.shape == given.shape
    heard = VoiceMeter(VoiceWanted(PitchShifter(voices)), 22050, 1)
    heard.push(found)
    moved = heard.finish().hertz
    assert moved is not None
    assert abs(12 * np.log2(moved / 210)) < 0.6
