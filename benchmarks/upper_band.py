"""What becomes of the band above a model's: four ways, against recordings of which the truth is known.

    python benchmarks/upper_band.py SOURCES TARGETS

Two folders of WAV or FLAC at 44.1 or 48 kHz, the same names in both: the same music, note by note, in two
styles. The conversion of the model's band (up to 11 kHz) is taken as perfect, so that only the way is judged.
Printed as JSON, a line a way: log-spectral distance to the truth in dB above 11 kHz (range of 60 dB below the
truth's loudest bin, mean of all frames, the same ones for every way), and how much louder the band is than
the truth's.

carried     the source's, with the gain of the top quarter of the model's band, as `styleshift convert` does
unchanged   the source's, as it is
dropped     silence
replicated  the upper half of the model's band, converted, an octave higher, at the level the source had there
"""

from __future__ import annotations

import json

import numpy as np
import soundfile
from command_line import parser_of

from styleshift.conversion.track.restyle import top_gains
from styleshift.frontend import SpectrogramConfig, stft

MODEL_RATE = 22050
RANGE_DB = 60.0


def ways(source: np.ndarray, target: np.ndarray, config: SpectrogramConfig) -> dict[str, np.ndarray]:
    """Magnitudes ``[frame, bin]`` above the model's band, by way; of magnitudes of all bins."""
    edge = round((config.bins - 1) * MODEL_RATE / config.sample_rate)
    # The gain is what the conversion itself learns, at the model's resolution.
    model = SpectrogramConfig(
        sample_rate=MODEL_RATE, frame_length=2 * edge, hop_length=config.hop_length, fft_length=2 * edge
    )
    low = model.bins
    gains = top_gains(source[:, :low], target[:, :low], model)
    above = source[:, edge:]
    half = target[:, edge // 2 : edge]
    octave_up = np.repeat(half, 2, axis=1)[:, : above.shape[1]]
    octave_up = np.pad(octave_up, ((0, 0), (0, above.shape[1] - octave_up.shape[1])))
    share = np.linalg.norm(above, axis=1) / (np.linalg.norm(source[:, edge // 2 : edge], axis=1) + 1e-9)
    scale = np.linalg.norm(half, axis=1) / (np.linalg.norm(octave_up, axis=1) + 1e-9)
    return {
        "carried": above * gains[:, None],
        "unchanged": above,
        "dropped": np.zeros_like(above),
        "replicated": octave_up * (share * scale)[:, None],
    }


def judge(found: np.ndarray, truth: np.ndarray, loudest: float) -> tuple[float, float]:
    """Log-spectral distance and excess of level, both in dB."""
    floor = loudest * 10 ** (-RANGE_DB / 20)
    a, b = (20 * np.log10(np.maximum(part, floor)) for part in (found, truth))
    # All frames, whatever is in them: each way is judged by the same, and none is spared what it adds.
    distance = np.sqrt(np.mean(np.square(a - b), axis=1)).mean()
    excess = 10 * np.log10((np.square(found).sum() + 1e-12) / (np.square(truth).sum() + 1e-12))
    return float(distance), float(excess)


def main() -> None:
    parser = parser_of(__doc__, "sources", "targets")
    arguments = parser.parse_args()
    results: dict[str, list[tuple[float, float]]] = {}
    for path in sorted(arguments.sources.iterdir()):
        pair = [
            soundfile.read(folder / path.name, dtype="float32", always_2d=True)
            for folder in (arguments.sources, arguments.targets)
        ]
        rate = pair[0][1]
        length = min(len(samples) for samples, _ in pair)
        config = SpectrogramConfig(sample_rate=rate, frame_length=2048, hop_length=512, fft_length=2048)
        signals = [samples[:length].mean(axis=1) for samples, _ in pair]
        signals = [signal * (0.1 / np.sqrt(np.mean(signal**2))) for signal in signals]
        source, target = (np.abs(stft(signal.astype(np.float32), config)) for signal in signals)
        edge = round((config.bins - 1) * MODEL_RATE / rate)
        for way, found in ways(source, target, config).items():
            results.setdefault(way, []).append(judge(found, target[:, edge:], float(target.max())))
    for way, values in results.items():
        distance, excess = np.mean(values, axis=0)
        print(json.dumps({"way": way, "lsd_db": round(distance, 3), "louder_db": round(excess, 1)}))


if __name__ == "__main__":
    main()
