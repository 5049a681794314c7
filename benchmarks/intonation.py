"""How well the pitch at which a moved voice is drawn follows the voice, against WORLD's Harvest.

    pip install pyworld
    python benchmarks/intonation.py RECORDINGS [RECORDINGS ...]

Counts frames that are loud and that Harvest (Morise 2017) calls voiced. For each folder prints how many there
are; what share of them is not moved, or by less than half, as their pitch is unsure; what share is moved and
more than a semitone off, by the tracker alone, and as drawn, when leaps are put right; and what share of the
loud frames that Harvest calls unvoiced, as their neighbours, is moved by half or more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
from command_line import parser_of

from styleshift.arrays import Float32Array
from styleshift.evaluation.features import SAMPLE_RATE
from styleshift.evaluation.load import find_recordings, load_mono
from styleshift.frontend import log_spectrogram
from styleshift.recipes import load_recipe
from styleshift.voice.harmonics import steady
from styleshift.voice.loud_frames import LOUD
from styleshift.voice.pitch import HIGHEST_HZ, LOWEST_HZ, PitchShifter, voicing

LEVEL = 0.1  # root mean square, the level at which models hear recordings
Array = npt.NDArray[np.float64]


def shares(shifter: PitchShifter, path: Path) -> Array:
    """``[5, 2]``: of the columns below in turn, how many frames there are and among how many."""
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
    return counted(shifter, log[:count], harvest[:count])


def counted(shifter: PitchShifter, log: Float32Array, harvest: Array) -> Array:
    """As :func:`shares`, of log magnitudes ``[n, bins]`` and Harvest's Hz ``[n]``, 0 where unvoiced."""
    voiced = harvest > 0
    hertz = np.where(voiced, harvest, 1)
    found, strength = shifter.candidates_of(log)
    moved = voicing(strength) >= 0.5
    loudest = log.max(axis=1)
    loud = loudest > loudest.max() - LOUD
    off, off_drawn = (
        np.abs(12 * np.log2(shifter.candidates[each] / hertz)) > 1
        for each in (found, steady(found, strength))
    )
    near_voice = np.convolve(voiced, np.ones(3), "same") > 0
    heard, noise = loud & voiced, loud & ~near_voice
    ways = [heard, heard & ~moved, heard & moved & off, heard & moved & off_drawn, noise & moved]
    among = [heard, heard, heard, heard, noise]
    return np.array([[way.sum(), all_of.sum()] for way, all_of in zip(ways, among, strict=True)], float)


def rows(folders: list[Path]) -> Iterator[str]:
    """The table, line by line."""
    recipe = load_recipe("voice")
    shifter = PitchShifter(recipe.spectrogram, recipe.pitch.formants, recipe.pitch.harmonics)
    yield "| recordings | frames | not moved | off, tracker | off, as drawn | unvoiced, moved |"
    yield "|---|---|---|---|---|---|"
    for folder in folders:
        found = np.sum([shares(shifter, path) for path in find_recordings(folder, "recordings")], axis=0)
        among = " | ".join(f"{100 * part / whole:.1f} %" for part, whole in found[1:])
        yield f"| {folder} | {found[0, 0]:.0f} | {among} |"


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="RECORDINGS")
    for line in rows(parser.parse_args().folders):
        print(line, flush=True)


if __name__ == "__main__":
    main()
