"""What each form of generator could reach at best: its answer computed from the truth instead of learned.

    python benchmarks/oracles.py DATA SOURCE TARGET [--recipe NAME] [--set KEY=VALUE] [--only FORM] [--json]

DATA holds ``train/SOURCE``, ``train/TARGET`` and the pairs ``test/SOURCE``, ``test/TARGET``, which have the
same file names. A form that cannot come near the truth when it knows it need not be trained. Each form's
magnitudes go through the same rounds of Griffin and Lim from the source's phase, so that the last row, the
truth's own magnitudes, is what the phase costs. Frames and gain are those of the recipe.

mean spectrum           the difference of both styles' mean log spectra, learned from ``train``: no oracle
gain a band             one gain for each band and frame, as the generator `residual` gives
gain and noise a band   that, and a smooth level below which no bin falls
contrast a band         (1 + c) x + s of the log spectrum x, with c and s a band and frame
gain a bin              one bounded gain for each bin and frame
contrast a bin          as the generator `fine`, which can replace what is there
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import torch
from command_line import pair_parser

from styleshift.arrays import ComplexArray, Float32Array
from styleshift.evaluation.features import SAMPLE_RATE
from styleshift.evaluation.folders import evaluate_folders
from styleshift.evaluation.load import find_recordings, load_mono
from styleshift.frontend import SpectrogramConfig, istft, stft
from styleshift.networks.layers import Bands
from styleshift.recipes import load_recipe

LEVEL = 0.1  # as recordings come to a model: at one RMS
BOUND_DB = 45.0  # four standard deviations of the log spectrum of music, about
ROUNDS = 32

Log = Float32Array
Form = Callable[[Log, Log, Bands], Log]


def load(path: Path, config: SpectrogramConfig) -> Float32Array:
    return np.asarray(soxr.resample(load_mono(path), SAMPLE_RATE, config.sample_rate), np.float32)


def spectrum(wave: Float32Array, config: SpectrogramConfig) -> ComplexArray:
    return stft(wave * np.float32(LEVEL / (np.sqrt(np.mean(wave**2)) + 1e-12)), config)


def logarithm(spectra: ComplexArray, config: SpectrogramConfig) -> Log:
    return np.asarray(np.log1p(config.gain * np.abs(spectra)), np.float32)


def mean_log(folder: Path, config: SpectrogramConfig) -> Log:
    paths = find_recordings(folder, "the style")
    logs = [logarithm(spectrum(load(path, config), config), config) for path in paths]
    return np.asarray(np.concatenate(logs).mean(0))


def _to_bands(bands: Bands, values: Log) -> Log:
    return np.asarray(values @ bands.to_bands.numpy().T, np.float32)


def _to_bins(bands: Bands, values: npt.NDArray[np.floating]) -> Log:
    return np.asarray(values @ bands.to_bins.numpy().T, np.float32)


def gain_a_band(source: Log, truth: Log, bands: Bands) -> Log:
    return source + _to_bins(bands, _to_bands(bands, truth - source))


def gain_and_noise_a_band(source: Log, truth: Log, bands: Bands) -> Log:
    """The truth's lower quarter in each band stands for its noise."""
    member = bands.to_bands.numpy() > 0
    noise = np.stack([np.quantile(truth[:, row], 0.25, axis=1) for row in member], axis=1)
    floor = _to_bins(bands, noise.astype(np.float32))
    # The gain is then fitted where the source stands above that floor.
    above = (source + _to_bins(bands, _to_bands(bands, truth - source)) > floor).astype(np.float32)
    weighed = _to_bands(bands, (truth - source) * above) / np.maximum(_to_bands(bands, above), 1e-3)
    return np.asarray(np.maximum(source + _to_bins(bands, weighed), floor))


def contrast_a_band(source: Log, truth: Log, bands: Bands) -> Log:
    """Least squares in each band, with a little weight on no change so that flat bands are no trouble."""
    x, y = _to_bands(bands, source), _to_bands(bands, truth)
    spread = _to_bands(bands, source**2) - x**2
    shared = _to_bands(bands, source * truth) - x * y
    slope = np.clip((shared + 0.02) / (spread + 0.02), -0.25, 2.25)
    return source * _to_bins(bands, slope) + _to_bins(bands, y - slope * x)


def gain_a_bin(source: Log, truth: Log, bands: Bands) -> Log:
    """In decibels of the magnitude itself: silence cannot be made loud."""
    bound = BOUND_DB * np.log(10) / 20
    heard = np.log(np.maximum(np.expm1(source), 1e-6))
    wanted = np.log(np.maximum(np.expm1(truth), 1e-6))
    return np.asarray(np.log1p(np.exp(heard + np.clip(wanted - heard, -bound, bound))), np.float32)


def contrast_a_bin(source: Log, truth: Log, bands: Bands) -> Log:
    bound = np.float32(BOUND_DB * np.log(10) / 20)
    return np.clip(truth, source * -0.25 - bound, source * 2.25 + bound)


FORMS: dict[str, Form] = {
    "gain a band": gain_a_band,
    "gain and noise a band": gain_and_noise_a_band,
    "contrast a band": contrast_a_band,
    "gain a bin": gain_a_bin,
    "contrast a bin": contrast_a_bin,
    "the truth's magnitudes": lambda source, truth, bands: truth,
}


def with_phase(
    magnitude: Float32Array, phase: Float32Array, length: int, config: SpectrogramConfig
) -> Float32Array:
    """Griffin and Lim 1984, from a phase that is given."""
    for _ in range(ROUNDS + 1):
        wave = istft((magnitude * np.exp(1j * phase)).astype(np.complex64), config, length=length)
        phase = np.angle(stft(wave, config))
    return wave


def main() -> None:
    parser = pair_parser(__doc__)
    parser.add_argument("--recipe", default="small")
    parser.add_argument(
        "--set", nargs="+", default=[], help="a key of the recipe's spectrogram and its value"
    )
    parser.add_argument("--only", nargs="+", metavar="FORM", help="these forms alone")
    parser.add_argument("--bands", type=int, default=128)
    parser.add_argument("--json", action="store_true")
    words = parser.parse_args()
    torch.set_num_threads(1)
    train, test = words.data / "train", words.data / "test"
    settings = [f"spectrogram.{setting}" for setting in words.set]
    config = replace(load_recipe(words.recipe, settings).spectrogram, compression="none")
    bands = Bands(config, words.bands)
    shift = mean_log(train / words.target, config) - mean_log(train / words.source, config)
    forms: dict[str, Form] = {"mean spectrum": lambda source, truth, bands: source + shift, **FORMS}
    if not words.json:
        print("| form | lsd | mcd | chr | ons | fd | p |\n|---|---|---|---|---|---|---|")
    for name in words.only or forms:
        with tempfile.TemporaryDirectory() as scratch:
            for path in find_recordings(test / words.source, "the pairs"):
                wave = load(path, config)
                truth = load(next((test / words.target).glob(f"{path.stem}.*")), config)
                length = min(len(wave), len(truth))
                heard, wanted = spectrum(wave[:length], config), spectrum(truth[:length], config)
                source, goal = logarithm(heard, config), logarithm(wanted, config)
                made = np.expm1(np.clip(forms[name](source, goal, bands), 0, 20)) / config.gain
                soundfile.write(
                    Path(scratch) / f"{path.stem}.wav",
                    with_phase(made.astype(np.float32), np.angle(heard), length, config),
                    config.sample_rate,
                    "FLOAT",
                )
            found = evaluate_folders(
                Path(scratch),
                target=train / words.target,
                source_style=train / words.source,
                truth=test / words.target,
            ).mean
        if words.json:
            print(json.dumps({"form": name, **found}))
        else:
            figures = " | ".join(f"{found[key]:.2f}" for key in ("lsd", "mcd", "chr", "ons", "fd", "p"))
            print(f"| {name} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
