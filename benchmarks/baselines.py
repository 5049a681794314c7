"""What no learning at all reaches on pairs: the unchanged source, an EQ, the nearest target frames.

    python benchmarks/baselines.py DATA SOURCE TARGET [--align] [--json]

DATA holds ``train/SOURCE``, ``train/TARGET`` and the pairs ``test/SOURCE``, ``test/TARGET``, which have the
same file names. Anything that calls itself a conversion has to beat these three.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from command_line import pair_parser

from styleshift.arrays import ComplexArray, Float32Array
from styleshift.evaluation.features import RANGE_DB, SAMPLE_RATE
from styleshift.evaluation.folders import evaluate_folders
from styleshift.evaluation.load import find_recordings, load_mono
from styleshift.frontend import SpectrogramConfig, istft, stft
from styleshift.frontend.mel import mel_filters

CONFIG = SpectrogramConfig(
    sample_rate=SAMPLE_RATE, frame_length=1024, hop_length=256, fft_length=1024, compression="none"
)
LEVEL = 0.1  # every recording is brought to this RMS first, so that spectra are compared and not volumes
BANK = mel_filters(SAMPLE_RATE, CONFIG.fft_length, 80)


def spectrum(wave: Float32Array) -> ComplexArray:
    return stft(wave * np.float32(LEVEL / (np.sqrt(np.mean(wave**2)) + 1e-12)), CONFIG)


def mean_power(spectra: list[ComplexArray]) -> Float32Array:
    return np.asarray(np.mean(np.abs(np.concatenate(spectra)) ** 2, axis=0))


def log_mel(spectra: ComplexArray) -> npt.NDArray[np.floating]:
    decibels = 10 * np.log10(np.maximum(np.abs(spectra) ** 2 @ BANK.T, 1e-10))
    return np.asarray(np.maximum(decibels, decibels.max() - RANGE_DB))


def equalised(source: ComplexArray, sources: list[ComplexArray], targets: list[ComplexArray]) -> ComplexArray:
    """The source through the filter that gives its style the mean power spectrum of the other."""
    gain = np.sqrt(mean_power(targets) / mean_power(sources))
    return np.asarray(source * gain.astype(np.float32))


def nearest(source: ComplexArray, sources: list[ComplexArray], targets: list[ComplexArray]) -> ComplexArray:
    """For each frame the target's frame nearest in log-mel, means matched; the source's phase."""
    pool = np.concatenate(targets)
    known = log_mel(pool)
    wanted = log_mel(source) + known.mean(axis=0) - log_mel(np.concatenate(sources)).mean(axis=0)
    distance = (known**2).sum(axis=1)[None] - 2 * wanted @ known.T
    magnitude = np.abs(pool[np.argmin(distance, axis=1)])
    return np.asarray(magnitude * np.exp(1j * np.angle(source)), np.complex64)


def main() -> None:
    parser = pair_parser(__doc__)
    parser.add_argument("--align", action="store_true", help="warp time first, for speech")
    parser.add_argument("--json", action="store_true")
    words = parser.parse_args()
    train, test = words.data / "train", words.data / "test"
    learnt = {
        side: [spectrum(load_mono(path)) for path in find_recordings(train / side, side)]
        for side in (words.source, words.target)
    }
    methods = {
        "unchanged source": None,
        "average-spectrum EQ": equalised,
        "nearest target frames": nearest,
        "the truth itself": None,
    }
    for name, method in methods.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = test / (words.target if name == "the truth itself" else words.source)
            if method is not None:
                folder = Path(scratch)
                for path in find_recordings(test / words.source, "the pairs"):
                    wave = load_mono(path)
                    changed = method(spectrum(wave), learnt[words.source], learnt[words.target])
                    soundfile.write(
                        folder / f"{path.stem}.wav",
                        istft(changed, CONFIG, length=len(wave)),
                        SAMPLE_RATE,
                        "FLOAT",
                    )
            found = evaluate_folders(
                folder,
                target=train / words.target,
                source_style=train / words.source,
                truth=test / words.target,
                align=words.align,
            )
        if words.json:
            print(json.dumps({"method": name, **found.mean}))
        else:
            print(
                f"{name:24}" + "".join(f"  {key} {value:5.2f}" for key, value in found.mean.items()),
                flush=True,
            )


if __name__ == "__main__":
    main()
