"""How many of a recording's words a recogniser of speech no longer hears in its conversion.

    pip install pocketsphinx
    python benchmarks/words.py SOURCE CONVERTED [CONVERTED ...]

The words that PocketSphinx hears in each file of SOURCE are what should be there, right or wrong. For each
folder of conversions, files of the same names, prints the word error rate over all of them: words put in,
left out or changed, by the words that should be there (Levenshtein 1966). A conversion that sounds like the
person and says something else is found out so, which no measure of voices does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soxr
from command_line import parser_of

from styleshift.arrays import Float32Array
from styleshift.evaluation.features import SAMPLE_RATE
from styleshift.evaluation.load import find_recordings, load_mono

RATE = 16000


def words_in(path: Path) -> list[str]:
    """What the recogniser hears in a recording."""
    return words_of(np.asarray(soxr.resample(load_mono(path), SAMPLE_RATE, RATE), np.float32))


def words_of(wave: Float32Array) -> list[str]:
    """What the recogniser hears in ``[samples]`` at ``RATE``, without noises and pauses."""
    from pocketsphinx import Decoder

    samples = (16000 * wave / max(1e-9, float(np.abs(wave).max()))).astype("<i2")
    decoder = Decoder(loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw(samples.tobytes(), full_utt=True)
    decoder.end_utt()
    return [one.word.split("(")[0] for one in decoder.seg() if one.word[0] not in "<[+"]


def errors(heard: list[str], wanted: list[str]) -> int:
    """The fewest words to put in, take out or change."""
    row = list(range(len(wanted) + 1))
    for count, word in enumerate(heard, 1):
        before, row[0] = row[0], count
        for place, other in enumerate(wanted, 1):
            best = min(before + (word != other), row[place] + 1, row[place - 1] + 1)
            before, row[place] = row[place], best
    return row[-1]


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("converted", type=Path, nargs="+")
    options = parser.parse_args()
    wanted = {path.stem: words_in(path) for path in find_recordings(options.source, "source")}
    count = sum(map(len, wanted.values()))
    print(f"{count} words in {len(wanted)} recordings")
    for folder in options.converted:
        heard = {path.stem: words_in(path) for path in find_recordings(folder, "conversions")}
        wrong = sum(errors(heard.get(stem, []), words) for stem, words in wanted.items())
        print(f"{folder}: word error rate {wrong / max(1, count):.2f}", flush=True)


if __name__ == "__main__":
    main()
