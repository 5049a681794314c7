"""Speech is told from all that has a pitch as well: what glides, and goes through the sounds of speech."""

from __future__ import annotations

import numpy as np
import pytest

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.recipes import load_recipe
from styleshift.voice.pitch import PitchShifter
from styleshift.voice.speech import CROP_SECONDS, SpeechListener
from tests.helpers.spoken import RATE, notes, speaker

CONFIG = load_recipe("small", []).spectrogram
TIME = np.arange(6 * RATE) / RATE


def crop(sound: np.ndarray) -> np.ndarray:
    return log_spectrogram(sound.astype(np.float32), CONFIG)[: round(CROP_SECONDS * CONFIG.frame_rate)]


def siren() -> np.ndarray:
    """A pitch that is never still, in one colour."""
    phase = 2 * np.pi * np.cumsum(150 * 2 ** (np.sin(2 * np.pi * TIME) / 2)) / RATE
    return 0.1 * sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 30))


@pytest.mark.parametrize("hertz", [100, 120, 200, 230])
def test_people_who_speak(hertz: float) -> None:
    assert SpeechListener(CONFIG).speaks(crop(speaker(hertz)))


@pytest.mark.parametrize(
    "sound",
    [
        notes(196, vibrato=0.3),
        notes(262, vibrato=0.0),
        notes(196) + notes(294, seed=1),
        np.random.default_rng(0).normal(0, 0.1, len(TIME)),
        np.zeros(len(TIME)),
    ],
    ids=["bowed", "struck", "two parts", "noise", "silence"],
)
def test_music_and_noise(sound: np.ndarray) -> None:
    assert not SpeechListener(CONFIG).speaks(crop(sound))


def test_neither_a_glide_alone_nor_the_sounds_alone_are_speech() -> None:
    listener, shifter = SpeechListener(CONFIG), PitchShifter(CONFIG)
    spoken, sung, glides = (
        shifter.log(crop(sound)) for sound in (speaker(120), speaker(120, fall=0), siren())
    )
    assert listener.glide(glides) > listener.glide(spoken) > 10 * listener.glide(sung)
    assert min(listener.sounds(spoken), listener.sounds(sung)) > 2 * listener.sounds(glides)
    assert not listener.speaks(crop(speaker(120, fall=0)))
    assert not listener.speaks(crop(siren()))


def test_a_steady_glide_is_measured_in_semitones() -> None:
    octave_a_second = 100 * (2**TIME - 1) / np.log(2)
    sound = sum(np.sin(2 * np.pi * harmonic * octave_a_second) / harmonic for harmonic in range(1, 20))
    log = PitchShifter(CONFIG).log(crop(0.1 * sound)[:150])
    # Five frames of 256 samples; the candidates of the tracker lie an eighth of a semitone apart.
    assert SpeechListener(CONFIG).glide(log) == pytest.approx(12 * 5 * 256 / RATE, abs=0.06)


def test_a_crop_shorter_than_the_span_has_no_glide() -> None:
    assert not SpeechListener(CONFIG).speaks(crop(speaker(120))[:4])


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (load_recipe("seed", []).spectrogram, "too short"),
        (SpectrogramConfig(sample_rate=8000, frame_length=512, hop_length=128, fft_length=512), "8000 Hz"),
    ],
    ids=["seed", "8 kHz"],
)
def test_spectrograms_in_which_no_speech_is_heard(config: SpectrogramConfig, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        SpeechListener(config)
