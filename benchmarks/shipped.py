"""The models that ship, on recordings that they never saw: level, noise between the notes, holes.

    python benchmarks/shipped.py RECORDINGS [--model NAME ...] [--keep FOLDER]

Every recording goes through every model. A row has, for each:

    loud    integrated loudness (ITU-R BS.1770) of the conversion against the source, in dB
    level   RMS of the conversion against the source, in dB
    quiet   the same in the quietest tenth of the source's frames of 50 ms: what sounds between the notes
    top     the same above 4 kHz in those frames: hiss
    holes   frames in a thousand where the source sounds (20 dB below its level, or more) and the conversion
            has fallen by 20 dB or more
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from command_line import parser_of

import styleshift
from styleshift.conversion.track.loudness import KWeightedPower, integrated_loudness
from styleshift.models.shelf import ShelvedModel, models_in
from styleshift.workspace import shipped_models

Wave = npt.NDArray[np.float32]
Powers = npt.NDArray[np.float64]

FRAME_SECONDS = 0.05
LOUD_DB, FALLEN_DB, TOP_HZ = -20.0, -20.0, 4000.0
AUDIO = (".flac", ".wav", ".ogg", ".mp3")


def frames(
    wave: npt.NDArray[np.float32], rate: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Power of each frame, whole and above ``TOP_HZ``."""
    size = round(FRAME_SECONDS * rate)
    cut = wave[: len(wave) // size * size].reshape(-1, size).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(cut * np.hanning(size), axis=1)) ** 2
    top = spectrum[:, np.fft.rfftfreq(size, 1 / rate) > TOP_HZ].sum(axis=1) / size
    return np.mean(cut**2, axis=1), top


def loudness(wave: Wave, rate: int) -> float:
    """Of ``[samples, channels]``, LUFS; -70, the least that is measured, where it is silent."""
    meter = KWeightedPower(rate, wave.shape[1])
    found = integrated_loudness(np.concatenate([meter.push(wave), meter.finish()]))
    return -70.0 if found is None else found


def compare(
    source: npt.NDArray[np.float32], converted: npt.NDArray[np.float32], rate: int
) -> dict[str, float]:
    """The figures of one conversion, both ``[samples]``."""
    tiny = 1e-10  # 100 dB below full scale
    (before, before_top), (after, after_top) = frames(source, rate), frames(converted, rate)
    heard = before > tiny
    quiet = before <= np.quantile(before[heard], 0.1)

    def decibels(new: Powers, old: Powers) -> float:
        return float(10 * np.log10((new.mean() + tiny) / (old.mean() + tiny)))

    sounds = before > 10 ** (LOUD_DB / 10) * before[heard].mean()
    fallen = (after + tiny) / (before + tiny) < 10 ** (FALLEN_DB / 10)
    return {
        "level": decibels(after, before),
        "quiet": decibels(after[quiet], before[quiet]),
        "top": decibels(after_top[quiet], before_top[quiet]),
        "holes": float(1000 * np.mean(fallen[sounds])),
    }


def measure(model: ShelvedModel, recordings: list[Path], keep: Path | None) -> None:
    """Convert all recordings with a model, and print a row for each."""
    loaded = styleshift.load_model(model.path)
    for path in recordings:
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
        converted = loaded.convert(wave, rate)
        if keep is not None:
            (keep / model.name).mkdir(parents=True, exist_ok=True)
            soundfile.write(keep / model.name / f"{path.stem}.flac", np.clip(converted, -1, 1), rate)
        figures = {
            "loud": loudness(converted, rate) - loudness(wave, rate),
            **compare(wave.mean(axis=1), converted.mean(axis=1), rate),
        }
        cells = " | ".join(f"{value:.1f}" for value in figures.values())
        print(f"| {model.name} | {path.stem} | {cells} |", flush=True)


def main() -> None:
    """Command line."""
    parser = parser_of(__doc__, "recordings")
    parser.add_argument("--model", action="append", help="only this one")
    parser.add_argument("--keep", type=Path, help="folder for the conversions")
    words = parser.parse_args()
    recordings = sorted(path for path in words.recordings.rglob("*") if path.suffix in AUDIO)
    print("| model | recording | loud | level | quiet | top | holes |\n|---|---|---|---|---|---|---|")
    for model in models_in(shipped_models(), "shipped"):
        if not words.model or model.name in words.model:
            measure(model, recordings, words.keep)


if __name__ == "__main__":
    main()
