"""DCT, chroma and pitch against librosa, scipy and tones of known pitch."""

import librosa
import numpy as np
import pytest
import scipy.fft

from styleshift.evaluation import features as f
from styleshift.evaluation.content import phones_kept
from styleshift.frontend import SpectrogramConfig, stft
from styleshift.voice.phones import PHONES
from tests.helpers.vowels import utterance


def music(seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * f.SAMPLE_RATE)) / f.SAMPLE_RATE
    wave = sum(
        np.sin(2 * np.pi * hertz * time) * np.exp(-3 * (time % beat))
        for hertz, beat in ((220.0, 0.5), (277.2, 0.25), (1318.5, 1.0))
    )
    return (0.1 * wave + 0.003 * random.standard_normal(len(time))).astype(np.float32)


@pytest.mark.parametrize(("rate", "size"), [(22050, 2048), (44100, 4096)])
def test_chroma_filters_are_librosas(rate: int, size: int) -> None:
    expected = librosa.filters.chroma(sr=rate, n_fft=size, tuning=0.0)
    np.testing.assert_allclose(f.chroma_filters(rate, size), expected, atol=1e-5)


def test_log_mel_is_librosas() -> None:
    wave = music()
    power = librosa.feature.melspectrogram(
        y=wave, sr=f.SAMPLE_RATE, n_fft=1024, hop_length=256, n_mels=80, pad_mode="constant"
    )
    expected = 10 * np.log10(np.maximum(power, 1e-10)).T
    np.testing.assert_allclose(f.log_mel(wave), expected, atol=0.01)


def test_chroma_is_librosas() -> None:
    wave = music()
    expected = librosa.feature.chroma_stft(
        y=wave, sr=f.SAMPLE_RATE, n_fft=2048, hop_length=512, tuning=0.0, pad_mode="constant"
    ).T
    np.testing.assert_allclose(f.chroma(wave), expected, atol=1e-3)


@pytest.mark.parametrize(("hertz", "pitch_class"), [(440.0, 9), (261.63, 0), (622.25, 3)])
def test_chroma_names_the_note(hertz: float, pitch_class: int) -> None:
    tone = 0.3 * np.sin(2 * np.pi * hertz * np.arange(22050) / f.SAMPLE_RATE)
    assert f.chroma(tone.astype(np.float32))[5:-5].argmax(axis=1).tolist() == [pitch_class] * 34


def test_dct_is_scipys() -> None:
    decibels = np.random.default_rng(1).normal(size=(7, 80)) * 20
    expected = scipy.fft.dct(decibels, axis=1, norm="ortho")[:, 1:14] / np.sqrt(80)
    np.testing.assert_allclose(f.mel_cepstra(decibels, 1, 13), expected, atol=1e-12)


def test_all_cepstra_of_a_difference_are_its_root_mean_square() -> None:
    decibels = np.random.default_rng(2).normal(size=(5, 80)) * 20
    cepstra = f.mel_cepstra(decibels, 0, 79)
    np.testing.assert_allclose(np.sqrt((cepstra**2).sum(axis=1)), np.sqrt((decibels**2).mean(axis=1)))


@pytest.mark.parametrize("hertz", [82.4, 130.8, 220.0, 391.99])
def test_pitch_of_a_voice_like_tone(hertz: float) -> None:
    time = np.arange(f.SAMPLE_RATE) / f.SAMPLE_RATE
    wave = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 12)) * 0.1
    found = f.pitch(wave.astype(np.float32))[4:-8]
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, hertz, rtol=2e-3)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(3).normal(size=f.SAMPLE_RATE).astype(np.float32) * 0.1
    assert np.isnan(f.pitch(noise)).mean() > 0.95
    assert np.isnan(f.pitch(np.zeros(8000, np.float32))).all()


def test_silence_has_features() -> None:
    item = f.features(np.zeros(4000, np.float32))
    assert np.all(item.log_mel == pytest.approx(-100))
    assert not item.chroma.any()


def test_stereo_at_another_rate_is_mixed_and_resampled() -> None:
    time = np.arange(44100) / 44100
    left = np.sin(2 * np.pi * 440 * time)
    mono = f.to_mono(np.stack([left, np.zeros_like(left)], axis=1), 44100)
    assert len(mono) == 22050
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    np.testing.assert_allclose(mono[2000:-2000], expected[2000:-2000], atol=1e-3)


def test_phones_are_heard_at_one_rate_in_any_spectrogram() -> None:
    sound = utterance("ISAUEASU", 110)
    config = SpectrogramConfig(16000, 1024, 256, 1024, compression="none")
    ours = f.phones(np.abs(stft(sound.astype(np.float32), config)), config)
    theirs = f.features(sound, 16000, speech=True).phones  # at 22.05 kHz, 86 frames a second
    assert theirs is not None
    assert ours.shape[1] == theirs.shape[1] == len(PHONES)
    assert abs(len(ours) - 2 * 62.5) <= 2
    assert abs(len(theirs) - len(ours)) <= 2
    np.testing.assert_allclose(ours.sum(axis=1), 1, atol=1e-5)
    same = f.Features(*np.zeros((2, 1, 80), np.float32), ours), f.Features(*np.zeros((2, 1, 80)), theirs)
    assert phones_kept(*same) > 0.75
    heard = ours[20:28].mean(axis=0)  # of the hiss, the second sound
    assert PHONES[int(heard.argmax())] == "S"
    assert f.features(sound, 16000).phones is None


@pytest.mark.parametrize("decibels", [-30, 20])
def test_phones_are_the_same_at_any_level(decibels: float) -> None:
    said, other = (utterance("ISAUEASUIE", hertz) for hertz in (110, 160))
    source, near, far = (
        f.features(wave, 16000, speech=True) for wave in (said, other, other * 10 ** (decibels / 20))
    )
    assert 0.5 < phones_kept(near, source) < 0.98
    assert phones_kept(far, source) == pytest.approx(phones_kept(near, source), abs=0.02)
    assert phones_kept(source, far) == pytest.approx(phones_kept(source, near), abs=0.02)


def test_nothing_has_no_frames() -> None:
    nothing = f.features(np.zeros(0, np.float32), speech=True)
    assert nothing.phones is not None
    assert len(nothing.log_mel) == len(nothing.chroma) == len(nothing.phones)
    assert nothing.phones.shape[1] == len(PHONES)


def test_another_number_of_frames_a_second_is_a_straight_line_between() -> None:
    ramp = np.arange(11.0)[:, None] * [1, -2]
    np.testing.assert_allclose(f.at_rate(ramp, 10, 25), np.arange(26)[:, None] * 0.4 * [1, -2], atol=1e-5)
    np.testing.assert_allclose(f.at_rate(ramp, 10, 5), ramp[::2])
