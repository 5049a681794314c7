"""Measures the vocoders of this package against Griffin-Lim: ``python benchmark.py FOLDER [--seconds 6]``.

FOLDER holds recordings, or pairs ``source/NAME`` and ``target/NAME`` of the same music: then the target's
magnitudes are inverted from the source's phase, as a perfect conversion would be. Printed for each method and
number of rounds: spectral convergence (the error of the magnitudes that came back, in dB; lower is better),
log-spectral distance within 60 dB of the loudest bin (dB; lower is better), and how many times faster than
the music, on one core, the method runs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import soxr
from styleshift_phase.vocoder import PhaseVocoder, admm, agla

from styleshift.frontend import SpectrogramConfig, griffin_lim, pghi, stft

SETTINGS = {
    "seed": SpectrogramConfig(),
    "small": SpectrogramConfig(22050, 1024, 256, 1024, compression="log1p", gain=1000.0),
}
EDGE = 8


def recordings(
    folder: Path, config: SpectrogramConfig, seconds: float
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """(target, source) mono audio at the config's rate; source is None where there are no pairs."""

    def read(path: Path) -> np.ndarray:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        middle = max(0, len(audio) // 2 - int(seconds * rate / 2))
        mono = audio[middle : middle + int(seconds * rate)].mean(axis=1)
        return soxr.resample(mono, rate, config.sample_rate)

    if (folder / "target").is_dir():
        for path in sorted((folder / "target").iterdir()):
            target, source = read(path), read(folder / "source" / path.name)
            length = min(len(target), len(source))
            yield target[:length], source[:length]
    else:
        for path in sorted(folder.iterdir()):
            yield read(path), None


def measure(
    config: SpectrogramConfig, wanted: np.ndarray, invert: Callable[[], np.ndarray]
) -> tuple[float, ...]:
    """Spectral convergence (dB), log-spectral distance (dB), seconds."""
    began = time.perf_counter()
    audio = invert()
    took = time.perf_counter() - began
    size, made = wanted[:, EDGE:-EDGE], np.abs(stft(audio, config))[:, EDGE:-EDGE]
    floor = size.max() * 1e-3
    difference = 20 * np.log10(np.maximum(made, floor) / np.maximum(size, floor))
    return (
        20 * float(np.log10(np.linalg.norm(made - size) / np.linalg.norm(size))),
        float(np.sqrt((difference**2).mean(-1)).mean()),
        took,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=6.0)
    words = parser.parse_args()
    print(f"{'settings':9}{'start':8}{'rounds':>7}  {'method':18}{'sc dB':>8}{'lsd dB':>8}{'speed':>8}")
    for name, config in SETTINGS.items():
        clips = [
            (
                np.abs(stft(target[None], config)),
                None if source is None else stft(source[None], config),
                len(target),
            )
            for target, source in recordings(words.folder, config, words.seconds)
        ]
        starts = ["pghi"] if clips[0][1] is None else ["source", "pghi"]
        for start in starts:
            for rounds in (8, 16, 32):
                for method in ("Griffin-Lim", "fast Griffin-Lim", "agla", "admm"):
                    rows = [
                        measure(
                            config, size, partial(run, method, config, size, source, samples, start, rounds)
                        )
                        for size, source, samples in clips
                    ]
                    convergence, distance, took = np.mean(rows, axis=0)
                    speed = words.seconds / took
                    print(f"{name:9}{start:8}{rounds:7}  {method:18}", end="")
                    print(f"{convergence:8.1f}{distance:8.2f}{speed:7.0f}x")
                    sys.stdout.flush()


def run(
    method: str,
    config: SpectrogramConfig,
    size: np.ndarray,
    source: np.ndarray | None,
    samples: int,
    start: str,
    rounds: int,
) -> np.ndarray:
    """One inversion on one core."""
    if method in ("agla", "admm"):
        from styleshift.frontend import compress

        search = {
            "agla": lambda size, begin: agla(
                size, begin, config, iterations=rounds, alpha=1.0, beta=1.1, gamma=1.25
            ),
            "admm": lambda size, begin: admm(size, begin, config, iterations=rounds, rho=0.2),
        }[method]
        return PhaseVocoder(config, start, search)(compress(size, config), source, samples)
    begin = pghi(size, config, threads=1) if start == "pghi" or source is None else source
    momentum = 0.0 if method == "Griffin-Lim" else 0.99
    return griffin_lim(
        size, config, iterations=rounds, momentum=momentum, initial_phase=begin, length=samples, threads=1
    )


if __name__ == "__main__":
    main()
