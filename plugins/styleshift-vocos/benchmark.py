"""How well vocoders invert the spectrograms of recordings: ``python benchmark.py FOLDER vocos.onnx``.

Of each recording six seconds are taken, and their magnitudes alone are inverted; no vocoder sees a phase.

    sc      error of the magnitudes that come back, dB; lower is better
    lsd     log-spectral distance within 60 dB of the loudest bin, dB; lower is better
    phase   error of the complex spectrum at three resolutions, each aligned as a whole, dB; lower is better
    si-sdr  of the waveform at the best shift within a frame, dB; higher is better
    speed   times real time, one thread

`--picture FILE` also draws two seconds of the first recording: as it is, and below it what each vocoder made.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from styleshift_vocos import Options
from styleshift_vocos.training import RESOLUTIONS, read_recordings
from styleshift_vocos.vocoder import load

from styleshift.frontend import SpectrogramConfig, compress, stft
from styleshift.hooks import load_registry
from styleshift.pages.picture import log_frequency, png
from styleshift.recipes import load_recipe

SECONDS = 6


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--recipe", default="small")
    parser.add_argument("--most", type=int, default=10, help="recordings")
    parser.add_argument("--picture", type=Path, help="a PNG file to write")
    given = parser.parse_args()
    config = load_recipe(given.recipe).spectrogram
    clips = [
        each[: SECONDS * config.sample_rate] for each in read_recordings(given.folder, config)[: given.most]
    ]
    vocoders = {}
    shelf = load_registry().vocoders
    for name, rounds in (("griffin-lim", 8), ("griffin-lim", 32), ("pghi", None)):
        spec = shelf.get(name)
        options = spec.config() if rounds is None else spec.config(iterations=rounds)
        vocoders[f"{name} {rounds or ''}".strip()] = spec.build(options, config, "cpu")
    for rounds in (0, 8):
        vocoders[f"vocos {rounds or ''}".strip()] = load(Options(given.model, rounds), config, "cpu")
    drawn = [clips[0]]
    print(f"{len(clips)} clips of {SECONDS} s\n")
    print("| vocoder | sc | lsd | phase | si-sdr | speed |\n|---|---|---|---|---|---|")
    for name, vocode in vocoders.items():
        began = time.process_time()
        made = [vocode(magnitudes(clip, config), None, len(clip))[0] for clip in clips]
        drawn.append(made[0])
        speed = sum(map(len, clips)) / config.sample_rate / (time.process_time() - began)
        rows = [measured(one, clip, config) for one, clip in zip(made, clips, strict=True)]
        shown = " | ".join(f"{value:.1f}" for value in np.mean(rows, axis=0))
        print(f"| {name} | {shown} | {speed:.0f} |")
    if given.picture:
        rate = config.sample_rate
        rows = [log_frequency(each[: 2 * rate], rate, width=600, height=120) for each in drawn]
        line = np.full((3, 600), 255, np.uint8)
        peak = float(rows[0].decibels.max())
        shown_rows = [part for row in rows for part in (row.colour_indices(peak), line)][:-1]
        given.picture.write_bytes(png(np.concatenate(shown_rows)))


def magnitudes(clip: np.ndarray, config: SpectrogramConfig) -> np.ndarray:
    """``[1, frames, bins]``, compressed."""
    return compress(np.abs(stft(clip[None], config)), config)


def measured(made: np.ndarray, clip: np.ndarray, config: SpectrogramConfig) -> tuple[float, ...]:
    """sc, lsd, phase, si-sdr."""
    one, other = (np.abs(stft(each, config)) for each in (made, clip))
    sc = decibels(np.linalg.norm(one - other) / np.linalg.norm(other))
    floor = other.max() * 1e-3
    logs = 20 * np.log10(np.maximum(one, floor) / np.maximum(other, floor))
    lsd = float(np.sqrt(np.square(logs).mean(axis=-1)).mean())
    errors = []
    for points, hop in RESOLUTIONS:
        finer = SpectrogramConfig(config.sample_rate, points, hop, points, compression="none")
        left, right = stft(made, finer), stft(clip, finer)
        angle = np.angle(np.vdot(left, right))
        errors.append(np.linalg.norm(left * np.exp(1j * angle) - right) / np.linalg.norm(right))
    return sc, lsd, decibels(float(np.mean(errors))), si_sdr(made, clip, config.hop_length)


def si_sdr(made: np.ndarray, clip: np.ndarray, reach: int) -> float:
    """Scale-invariant ratio of signal and distortion (Le Roux et al. 2019), either sign, best shift."""
    size = 1 << (2 * len(clip) - 1).bit_length()
    lags = np.fft.irfft(np.fft.rfft(clip, size) * np.conj(np.fft.rfft(made, size)), size)
    near = np.concatenate([lags[: reach + 1], lags[-reach:]])
    share = np.abs(near).max() ** 2 / (np.square(made).sum() * np.square(clip).sum() + 1e-20)
    return float(10 * np.log10(share / max(1e-12, 1 - share)))


def decibels(ratio: float) -> float:
    """20 log10."""
    return float(20 * np.log10(max(ratio, 1e-9)))


if __name__ == "__main__":
    main()
