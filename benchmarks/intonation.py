"""How well the pitch at which a moved voice is drawn follows the voice, against WORLD's Harvest.

    pip install pyworld
    python benchmarks/intonation.py RECORDINGS [RECORDINGS ...]

Counts frames that are loud, that Harvest (Morise 2017) calls voiced, and that are moved by half or more.
For each folder prints how many there are, and what share of them is more than a semitone off: by the tracker
alone, and as drawn, when leaps are put right.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
from command_line import parser_of

from styleshift.evaluation.features import SAMPLE_RATE
from styleshift.evaluation.load import find_recordings, load_mono
from styleshift.frontend import log_spectrogram
from styleshift.frontend.harmonics import steady
from styleshift.frontend.loud_frames import LOUD
from styleshift.frontend.pitch import HIGHEST_HZ, LOWEST_HZ, PitchShifter, voicing
from styleshift.recipes import load_recipe

LEVEL = 0.1  # root mean square, the level at which models hear recordings
Array = npt.NDArray[np.float64]


def pitches(shifter: PitchShifter, path: Path) -> tuple[Array, Array, Array]:
    """Of the frames that count: Hz by Harvest, by the tracker and as drawn, ``[n]`` each."""
    import pyworld

    config = shifter.config
    wave = np.asarray(soxr.resample(load_mono(path), SAMPLE_RATE, config.sample_rate), np.float32)
    wave *= LEVEL / max(1e-9, float(np.sqrt(np.square(wave).mean())))
    log = shifter.log(log_spectrogram(wave, config))
    milliseconds = 1000 * config.hop_length / config.sample_rate
    harvest, _ = pyworld.harvest(
        wave.astype(np.float64), config.sample_rate, LOWEST_HZ, HIGHEST_HZ, frame_period=milliseconds
    )
    count = min(len(log), len(harvest))
    log, harvest = log[:count], harvest[:count]
    found, strength = shifter.candidates_of(log)
    loudest = log.max(axis=1)
    counted = (harvest > 0) & (voicing(strength) >= 0.5) & (loudest > loudest.max() - LOUD)
    drawn = steady(found, strength)
    return harvest[counted], shifter.candidates[found][counted], shifter.candidates[drawn][counted]


def share_off(hertz: Array, reference: Array) -> float:
    """The share of frames that are more than a semitone from the reference."""
    return float((np.abs(12 * np.log2(hertz / reference)) > 1).mean())


def rows(folders: list[Path]) -> Iterator[str]:
    """The table, line by line."""
    recipe = load_recipe("voice")
    shifter = PitchShifter(recipe.spectrogram, recipe.pitch.formants, recipe.pitch.harmonics)
    yield "| recordings | frames | tracker | as drawn |\n|---|---|---|---|"
    for folder in folders:
        every = [pitches(shifter, path) for path in find_recordings(folder, "recordings")]
        harvest, found, drawn = (np.concatenate(each) for each in zip(*every, strict=True))
        off = " | ".join(f"{100 * share_off(each, harvest):.1f} %" for each in (found, drawn))
        yield f"| {folder} | {len(harvest)} | {off} |"


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="RECORDINGS")
    for line in rows(parser.parse_args().folders):
        print(line, flush=True)


if __name__ == "__main__":
    main()
