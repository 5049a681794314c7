"""The check of a vocoder: what comes back is what the magnitudes said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from styleshift.arrays import ComplexArray, Float32Array
from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.records import Vocoder, VocoderSpec
from styleshift.testing.contract import built, checked, contract, require

# The seed's frame that is cropped by a shorter FFT, the default recipe's, and the other compression.
SPECTROGRAMS = (
    SpectrogramConfig(),
    SpectrogramConfig(sample_rate=22050, frame_length=1024, hop_length=256, fft_length=1024, gain=1000.0),
    SpectrogramConfig(
        sample_rate=16000, frame_length=1024, hop_length=256, fft_length=1024, compression="log"
    ),
)
LEVEL_TOLERANCE_DB = 2.0


@contract("the check came upon an error")
def check_vocoder(
    spec: VocoderSpec,
    options: Mapping[str, Any] | None = None,
    *,
    spectrograms: Sequence[SpectrogramConfig] = SPECTROGRAMS,
    device: str = "cpu",
) -> None:
    """Check a vocoder as conversion uses it, with a source's phase and without.

    ``[channels, samples]`` float32 of the length asked for, whatever the length; finite; silence stays
    silent, even where the source is not; a tone comes back at its frequency and level, each channel its own;
    inputs are left alone; two calls agree, and so do calls from several threads at once. A vocoder that
    needs a source says so with a ConfigError.

    Args:
        spec: the record.
        options: as ``vocoder_options`` sets them.
        spectrograms: spectrogram settings to build it for.
        device: where to run it.

    Raises:
        ContractError: in plain words.
    """
    spec = checked(spec, VocoderSpec)
    for spectrogram in spectrograms:
        vocoder = built(spec, options, spectrogram, device)
        for with_source in (True, False):
            if not with_source and _refuses_no_source(vocoder, spectrogram):
                continue
            _check_shapes(vocoder, spectrogram, with_source)
            _check_silence(vocoder, spectrogram, with_source)
            _check_tones(vocoder, spectrogram, with_source)
            _check_threads(vocoder, spectrogram, with_source)


def _tones(spectrogram: SpectrogramConfig, samples: int) -> tuple[Float32Array, list[float]]:
    """``[2, samples]``: a tone of amplitude 0.5 a channel, between bins; and their frequencies in Hz."""
    spacing = spectrogram.sample_rate / spectrogram.fft_length
    frequencies = [spacing * (spectrogram.bins * part + 0.3) for part in (0.1, 0.3)]
    time = np.arange(samples) / spectrogram.sample_rate
    waves = [0.5 * np.sin(2 * np.pi * frequency * time) for frequency in frequencies]
    return np.stack(waves).astype(np.float32), frequencies


def _analyse(
    audio: Float32Array, spectrogram: SpectrogramConfig, with_source: bool
) -> tuple[Float32Array, ComplexArray | None]:
    from styleshift.frontend import compress, stft

    spectrum = stft(audio, spectrogram)
    log_magnitude = np.asarray(compress(np.abs(spectrum), spectrogram), np.float32)
    return log_magnitude, spectrum if with_source else None


def _refuses_no_source(vocoder: Vocoder, spectrogram: SpectrogramConfig) -> bool:
    audio, _ = _tones(spectrogram, 10 * spectrogram.hop_length)
    log_magnitude, _ = _analyse(audio, spectrogram, False)
    try:
        vocoder(log_magnitude, None, audio.shape[1])
    except ConfigError:
        return True
    return False


def _call(
    vocoder: Vocoder, log_magnitude: Float32Array, source: ComplexArray | None, samples: int
) -> Float32Array:
    before = log_magnitude.copy(), None if source is None else source.copy()
    audio = vocoder(log_magnitude, source, samples)
    require(np.array_equal(log_magnitude, before[0]), "it changes the magnitudes it is given")
    require(source is None or np.array_equal(source, before[1]), "it changes the source it is given")  # type: ignore[arg-type]
    return audio


def _check_shapes(vocoder: Vocoder, spectrogram: SpectrogramConfig, with_source: bool) -> None:
    hop = spectrogram.hop_length
    for samples in (1, hop, 12 * hop, 12 * hop + 1, 13 * hop - 1):
        for channels in (1, 2):
            audio = _tones(spectrogram, samples)[0][:channels]
            log_magnitude, source = _analyse(audio, spectrogram, with_source)
            _call(vocoder, log_magnitude, source, samples)


def _check_silence(vocoder: Vocoder, spectrogram: SpectrogramConfig, with_source: bool) -> None:
    samples = 20 * spectrogram.hop_length
    loud, _ = _tones(spectrogram, samples)
    silent, nothing = _analyse(np.zeros_like(loud), spectrogram, with_source)
    _, something = _analyse(loud, spectrogram, with_source)
    for source, what in ((nothing, "silence"), (something, "silence over a source that is not silent")):
        peak = float(np.abs(_call(vocoder, silent, source, samples)).max())
        require(peak < 1e-3, f"{what} came back with a peak of {peak:.2g} of full scale")


def _check_tones(vocoder: Vocoder, spectrogram: SpectrogramConfig, with_source: bool) -> None:
    samples = max(40 * spectrogram.hop_length, 8 * spectrogram.fft_length)
    audio, frequencies = _tones(spectrogram, samples)
    log_magnitude, source = _analyse(audio, spectrogram, with_source)
    made = _call(vocoder, log_magnitude, source, samples)
    edge = spectrogram.fft_length
    for channel, frequency in enumerate(frequencies):
        middle = made[channel, edge:-edge]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 8 * len(middle)))
        peak = float(spectrum.argmax()) * spectrogram.sample_rate / (8 * len(middle))
        off = abs(peak - frequency) / (spectrogram.sample_rate / spectrogram.fft_length)
        require(off < 0.5, f"a tone of {frequency:.1f} Hz in channel {channel} came back at {peak:.1f} Hz")
        level = 20 * np.log10(max(1e-9, float(middle.std())) / float(audio[channel, edge:-edge].std()))
        require(
            abs(level) < LEVEL_TOLERANCE_DB,
            f"a tone of {frequency:.1f} Hz came back {level:+.1f} dB louder; {LEVEL_TOLERANCE_DB} is allowed",
        )


def _check_threads(vocoder: Vocoder, spectrogram: SpectrogramConfig, with_source: bool) -> None:
    samples = 20 * spectrogram.hop_length
    audio, _ = _tones(spectrogram, samples)
    log_magnitude, source = _analyse(audio, spectrogram, with_source)
    wanted = _call(vocoder, log_magnitude, source, samples)
    again = _call(vocoder, log_magnitude, source, samples)
    require(np.allclose(wanted, again, atol=1e-4), "two calls with the same input give other audio")
    with ThreadPoolExecutor(4) as pool:
        for made in pool.map(lambda _: vocoder(log_magnitude, source, samples), range(8)):
            require(np.allclose(wanted, made, atol=1e-4), "calls from several threads disturb each other")
