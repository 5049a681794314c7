"""Whose voice a speaker encoder hears in conversions: Resemblyzer, which no training used.

    pip install --no-deps resemblyzer ; pip install scikit-learn webrtcvad "setuptools<81"
    python benchmarks/speakers.py --source MEN --target WOMEN [--readers MEN WOMEN] CONVERTED [CONVERTED ...]

SOURCE and TARGET are folders of the two speakers' own recordings, READERS of many people's of the two kinds.
A line for each folder of conversions, means over its recordings:

pair      nearer to which of the two speakers: 1 / (1 + exp(-20 d)), d the cosine with the target's mean less
          that with the source's
readers   probability of the target's kind, by a logistic regression (C = 10) on READERS
likeness  cosine with the target's mean

The package cuts pauses out by webrtcvad, which `styleshift evaluate` does not, so its likeness is another.
Source: Wan et al. 2018, "Generalized end-to-end loss for speaker verification".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from command_line import parser_of

from styleshift.arrays import Float64Array
from styleshift.evaluation.load import find_recordings

STEEP = 20.0
C = 10.0


@dataclass(frozen=True)
class Listener:
    """Knows two speakers, and two kinds of them.

    Args:
        source: ``[n, size]``, points of the source's recordings, of length 1.
        target: the same of the target's.
        readers: points of many people of the source's kind and of the target's; None: nobody asks.
    """

    source: Float64Array
    target: Float64Array
    readers: tuple[Float64Array, Float64Array] | None = None

    @cached_property
    def kinds(self) -> Any:
        """The classifier of readers."""
        from sklearn.linear_model import LogisticRegression

        assert self.readers is not None
        kinds = np.repeat([0, 1], [len(each) for each in self.readers])
        return LogisticRegression(C=C, max_iter=2000).fit(np.concatenate(self.readers), kinds)

    def judge(self, points: Float64Array) -> dict[str, float]:
        """Mean ``pair``, ``readers`` and ``likeness`` of points ``[n, size]``."""
        here, there = (_unit(each.mean(axis=0)) for each in (self.source, self.target))
        nearer = points @ there - points @ here
        found = {"pair": float(np.mean(1 / (1 + np.exp(-STEEP * nearer))))}
        if self.readers is not None:
            found["readers"] = float(self.kinds.predict_proba(points)[:, 1].mean())
        return {**found, "likeness": float(np.mean(points @ there))}


def _unit(point: Float64Array) -> Float64Array:
    unit: Float64Array = point / np.linalg.norm(point)
    return unit


def encoder() -> Callable[[Path], Float64Array]:
    """From a file of speech to a point of length 1."""
    from resemblyzer import VoiceEncoder, preprocess_wav

    encode = VoiceEncoder("cpu", verbose=False)
    return lambda path: encode.embed_utterance(preprocess_wav(path))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--readers", type=Path, nargs=2, metavar=("SOURCE", "TARGET"))
    parser.add_argument("converted", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    encode = encoder()

    def points(folder: Path, what: str) -> Float64Array:
        return np.stack([encode(path) for path in find_recordings(folder, what)])

    source, target = points(options.source, "source"), points(options.target, "target")
    men_and_women = None
    if options.readers:
        men_and_women = points(options.readers[0], "readers"), points(options.readers[1], "readers")
    listener = Listener(source, target, men_and_women)
    for folder in options.converted:
        judged = listener.judge(points(folder, "conversions"))
        print(f"{folder}: {', '.join(f'{name} {value:.2f}' for name, value in judged.items())}", flush=True)


if __name__ == "__main__":
    main()
