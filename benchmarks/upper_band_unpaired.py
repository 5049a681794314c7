"""What becomes of the band above a model's, on recordings without pairs: is it like that of the target style?

    python benchmarks/upper_band_unpaired.py SOURCES TARGETS

Two folders of recordings of two styles, other pieces in each. The model is thought to end at a quarter of
their sample rate; a stand-in for it takes, for every frame below that, the four most similar frames of the
target style. What it learns, it learns from every other recording, and is judged by the rest.
Printed as JSON, a line a way: the distance, in dB, between the distributions of the upper band's level, frame
by frame and relative to the band below it, in conversions and in recordings of the target style (Wasserstein;
levels below -60 dB count as -60, frames 40 dB below the loudest are left out), and how far the mean spectra
above the edge lie apart, in the mean of eight bands (levels below -80 dB of the whole count as -80).

carried    the source's, with the gain of the top quarter of the model's band, as `styleshift convert` does
unchanged  the source's, as it is
dropped    silence
learned    the source's, with one gain that makes its mean level, relative to the band below, the target's
both       carried, and then brought to that mean level by one gain
target     other recordings of the target style: what can be reached
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile
from command_line import parser_of
from scipy.spatial import cKDTree
from scipy.stats import wasserstein_distance

from styleshift.audio.level import LevelMeter, gain_to_reference
from styleshift.conversion.track.restyle import top_gains
from styleshift.frontend import SpectrogramConfig, stft

NEIGHBOURS = 4
BANDS = 32
LOWEST_DB, QUIET_DB, LOWEST_OF_WHOLE_DB = -60.0, -40.0, -80.0
LONGEST_SECONDS = 30


def config_of(rate: int) -> SpectrogramConfig:
    frame = 1 << round(np.log2(0.046 * rate))
    return SpectrogramConfig(sample_rate=rate, frame_length=frame, hop_length=frame // 4, fft_length=frame)


def spectra(folder: Path) -> tuple[list[np.ndarray], SpectrogramConfig]:
    """Magnitudes ``[frame, bin]`` of each recording, at the reference level."""
    found, rate = [], 0
    for path in sorted(folder.iterdir()):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        mono = samples[: LONGEST_SECONDS * rate].mean(axis=1)
        meter = LevelMeter(rate, 1, with_peak=False)
        meter.push(mono[:, None])
        gain = gain_to_reference(meter.level_db)
        found.append(np.abs(stft((mono * gain).astype(np.float32), config_of(rate), threads=1)))
    return found, config_of(rate)


def shape(low: np.ndarray) -> np.ndarray:
    """Spectra by band without their level, for comparison."""
    edges = np.unique(np.geomspace(2, low.shape[1], BANDS + 1).astype(int))
    bands = 20 * np.log10(np.add.reduceat(low, edges[:-1], axis=1) + 1e-3)
    return np.asarray(bands - bands.mean(axis=1, keepdims=True))


def power(part: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(part, dtype=np.float64).sum(axis=1))


def ratios(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Level of the upper band relative to the lower, in dB, of the frames that are heard."""
    below = power(low)
    heard = below > below.max() * 10 ** (QUIET_DB / 10)
    return np.asarray(np.maximum(10 * np.log10(power(high)[heard] / below[heard] + 1e-12), LOWEST_DB))


def mean_spectrum(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    whole = power(low).sum()
    edges = np.linspace(0, high.shape[1], 9).astype(int)[:-1]
    bands = np.add.reduceat(np.square(high, dtype=np.float64).sum(axis=0), edges)
    return np.asarray(np.maximum(10 * np.log10(bands / whole + 1e-12), LOWEST_OF_WHOLE_DB))


def main() -> None:
    parser = parser_of(__doc__, "sources", "targets")
    arguments = parser.parse_args()
    (sources, config), (targets, other) = spectra(arguments.sources), spectra(arguments.targets)
    assert config == other, "the recordings have different sample rates"
    edge = config.bins // 2
    model = SpectrogramConfig(
        sample_rate=config.sample_rate // 2,
        frame_length=2 * edge,
        hop_length=config.hop_length // 2,
        fft_length=2 * edge,
    )

    def joined(some: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        whole = np.concatenate(some)
        return whole[:, :edge], whole[:, edge:]

    learned_target = joined(targets[::2])
    truth = joined(targets[1::2])
    tree = cKDTree(shape(learned_target[0]))

    def convert(low: np.ndarray) -> np.ndarray:
        """At the level of the source: each neighbour's spectrum, brought to the frame's power."""
        _, nearest = tree.query(shape(low), NEIGHBOURS)
        some = learned_target[0][nearest]
        scale = np.sqrt(power(low)[:, None] / (np.square(some, dtype=np.float64).sum(axis=2) + 1e-12))
        return np.asarray((some * scale[:, :, None]).mean(axis=1), np.float32)

    def carried(some: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        lows, highs = [], []
        for source in some:
            low = source[:, :edge]
            new = convert(low)
            lows.append(new)
            highs.append(source[:, edge:] * top_gains(low, new, model)[:, None])
        return np.concatenate(lows), np.concatenate(highs)

    def share(low: np.ndarray, high: np.ndarray) -> float:
        return float(power(high).sum() / power(low).sum())

    low, follows = carried(sources[1::2])
    high = joined(sources[1::2])[1]
    results = {
        "carried": follows,
        "unchanged": high,
        "dropped": 0 * high,
        "learned": high * np.sqrt(share(*learned_target) / share(*joined(sources[::2]))),
        "both": follows * np.sqrt(share(*learned_target) / share(*carried(sources[::2]))),
    }
    wanted = ratios(*truth), mean_spectrum(*truth)
    pairs = {way: (low, part) for way, part in results.items()}
    for way, (low, high) in {**pairs, "target": learned_target}.items():
        line = {
            "way": way,
            "distance_db": round(float(wasserstein_distance(ratios(low, high), wanted[0])), 1),
            "mean_spectrum_db": round(float(np.abs(mean_spectrum(low, high) - wanted[1]).mean()), 1),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
