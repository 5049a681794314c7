"""Which measure tells how many words are lost: sentences that are converted, and spoilt on purpose.

    pip install pocketsphinx
    python benchmarks/spoilt_speech.py --man TEST/man TRAIN/man --woman TEST/woman TRAIN/woman

Of each folder the first sentences are moved to the pitch of the other speaker, without a network (the front
alone), and that is spoilt: averaged over frames, its envelopes brought towards their mean, or its pieces
swapped. They are also converted by the models, and get white noise added. Magnitudes become sound as in
`styleshift convert`.

Prints a row a way to spoil, and then how well each measure agrees with the words in the order of all rows:

words        word error rate of PocketSphinx, of what it hears in the source (benchmarks/words.py)
harmony      as the recipes for music ask it of a conversion
log-mel      correlation of log-mel shapes: each frame less its mean, each band too
cepstra      of twelve mel cepstra, each less its mean
phones_kept  as recipe `voice` asks it

Without PocketSphinx there are no words, and no order to agree with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from command_line import parser_of
from scipy.stats import spearmanr
from spoil import averaged, flattened, noisy, swapped
from words import RATE, errors, words_of

import styleshift
from styleshift.arrays import Float32Array
from styleshift.bundle.load import load_bundle
from styleshift.evaluation import metrics
from styleshift.evaluation.content import harmony, phones_kept
from styleshift.evaluation.features import Features, clip_range, mel_cepstra
from styleshift.evaluation.load import find_recordings
from styleshift.frontend import log_spectrogram, stft
from styleshift.training.validator import spectrogram_features
from styleshift.vocoders.options import GriffinLimOptions
from styleshift.vocoders.phase import griffin_lim_vocoder
from styleshift.voice.pitch import PitchShifter
from styleshift.workspace import shipped_models

LEVEL = 0.1  # root mean square, the level at which models hear recordings
CEPSTRA = 12

Spoil = Callable[[Float32Array], Float32Array]
Row = list[float]


def log_mel(made: Features, source: Features) -> float:
    """Correlation of shapes that have the same level in each frame, and in each band."""
    shapes = (_ranged(each) for each in (made, source))
    return _correlation(*(each - each.mean(axis=1, keepdims=True) for each in shapes))


def cepstra(made: Features, source: Features) -> float:
    return _correlation(*(mel_cepstra(_ranged(each), 1, CEPSTRA) for each in (made, source)))


def _ranged(one: Features) -> Float32Array:
    return clip_range(one.log_mel - one.log_mel.max())


def _correlation(left: npt.NDArray[np.floating], right: npt.NDArray[np.floating]) -> float:
    frames = min(len(left), len(right))
    both = (each[:frames] - each[:frames].mean(axis=0) for each in (left, right))
    return metrics.correlation(*(each.ravel() for each in both))


MEASURES = {"harmony": harmony, "log-mel": log_mel, "cepstra": cepstra, "`phones_kept`": phones_kept}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A recording at ``LEVEL``, and what the front makes of it.

    Attributes:
        wave: ``[samples]`` at the model's rate.
        front: ``[n, bins]`` compressed log magnitudes, at the pitch of the other speaker.
        features: of the recording.
        words: that are heard in it.
    """

    wave: Float32Array
    front: Float32Array
    features: Features
    words: list[str]


Way = Callable[[Sentence], Float32Array]


class Direction:
    """Sentences of one speaker, and the model that converts them.

    Args:
        model: file of a model that moves voices.
        paths: of the sentences.
        recognise: ``[samples]`` at ``RATE`` to words.
    """

    def __init__(
        self, model: Path, paths: Sequence[Path], recognise: Callable[[Float32Array], list[str]]
    ) -> None:
        metadata = load_bundle(model).metadata
        pitch = metadata.pitch
        assert pitch is not None, f"{model.name} moves no voices"
        self._model, self._recognise = model, recognise
        self._config = metadata.spectrogram
        self._target = pitch.target_hz
        self._shifter = PitchShifter(self._config, pitch.formants, pitch.harmonics)
        self._vocoder = griffin_lim_vocoder(GriffinLimOptions(), self._config, "cpu")
        self._sentences = [self._sentence(path) for path in paths]

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Of each way to spoil, what it is, and word errors and ``MEASURES``."""
        for name, spoil in self._ways().items():
            heard = [self._measured(spoil(each), each) for each in self._sentences]
            wrong, found = sum(one[0] for one in heard), [one[1] for one in heard]
            wanted = sum(len(each.words) for each in self._sentences)
            yield name, [wrong / wanted if wanted else np.nan, *np.nanmean(found, axis=0)]

    def _ways(self) -> dict[str, Way]:
        moved: dict[str, Spoil] = {"the front alone": lambda log: log}
        for frames in (5, 9, 13, 21):
            moved[f"averaged over {frames} frames"] = partial(averaged, frames=frames)
        for share in (0.7, 0.4, 0.2):
            name = f"envelopes at {cell(share, 1)} of their way from the mean"
            moved[name] = partial(flattened, share=share, shifter=self._shifter)
        moved["pieces swapped"] = swapped
        ways: dict[str, Way] = {name: partial(self._drawn, spoil=spoil) for name, spoil in moved.items()}
        for below in (20, 10, 5):
            ways[f"noise, {below} dB below"] = partial(_with_noise, below=below)
        for name, strength in (("the model", 1.0), ("the model, `--strength 1.5`", 1.5)):
            model = styleshift.load_model(self._model, threads=1, device="cpu", strength=strength)
            ways[name] = partial(self._converted, model=model)
        return ways

    def _sentence(self, path: Path) -> Sentence:
        config, shifter = self._config, self._shifter
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        wave = levelled(soxr.resample(samples.mean(axis=1), rate, config.sample_rate))
        front = log_spectrogram(wave, config)
        hertz = shifter.median(shifter.log(front))
        if hertz is not None:
            front = shifter.shift(front, self._target / hertz)
        return Sentence(wave, front, self._features(wave), self._words(wave))

    def _drawn(self, one: Sentence, spoil: Spoil) -> Float32Array:
        phase = stft(one.wave, self._config, threads=1)
        drawn: Float32Array = self._vocoder(spoil(one.front)[None], phase[None], len(one.wave))[0]
        return drawn

    def _converted(self, one: Sentence, model: styleshift.Model) -> Float32Array:
        return model.convert(one.wave, self._config.sample_rate)

    def _measured(self, wave: Float32Array, source: Sentence) -> tuple[int, Row]:
        made = self._features(levelled(wave))
        kept = [measure(made, source.features) for measure in MEASURES.values()]
        return errors(self._words(wave), source.words), kept

    def _features(self, wave: Float32Array) -> Features:
        return spectrogram_features(log_spectrogram(wave, self._config).T, self._config, speech=True)

    def _words(self, wave: Float32Array) -> list[str]:
        return self._recognise(soxr.resample(wave, self._config.sample_rate, RATE))


def _with_noise(one: Sentence, below: float) -> Float32Array:
    return noisy(one.wave, below)


def levelled(wave: Float32Array) -> Float32Array:
    return (wave * (LEVEL / max(1e-9, float(np.sqrt(np.square(wave).mean()))))).astype(np.float32)


def table(his: dict[str, Row], hers: dict[str, Row]) -> Iterator[str]:
    """Line by line, the fewest of his words lost first."""
    columns = ["words, his", *MEASURES, "words, hers", *MEASURES]
    yield f"| | {' | '.join(columns)} |"
    yield "|---" * (1 + len(columns)) + "|"
    for name in sorted(his, key=lambda name: his[name][0]):
        yield f"| {name} | {' | '.join(map(cell, [*his[name], *hers[name]]))} |"


def cell(value: float, decimals: int = 2) -> str:
    """A figure as tables have it: .50, -.01; nothing where there is none."""
    if np.isnan(value):
        return ""
    text = f"{round(value, decimals) + 0.0:.{decimals}f}"  # + 0.0: not -.00
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def agreements(rows: list[Row]) -> dict[str, float]:
    """Of each measure, how well it puts the rows in the order of the words: 1 wholly (Spearman)."""
    wrong, *columns = np.array(rows).T
    return {
        name: -float(spearmanr(wrong, column).statistic)
        for name, column in zip(MEASURES, columns, strict=True)
    }


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--man", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--woman", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--first", type=int, default=10, help="sentences of each folder at most (10)")
    parser.add_argument(
        "--models",
        nargs=2,
        default=("man-to-woman", "woman-to-man"),
        metavar="MODEL",
        help="files, or names of those that ship",
    )
    options = parser.parse_args()
    there = find_spec("pocketsphinx") is not None
    if not there:
        print("no words without PocketSphinx: pip install pocketsphinx", file=sys.stderr)
    found: list[dict[str, Row]] = []
    for folders, model in zip((options.man, options.woman), options.models, strict=True):
        paths = [path for folder in folders for path in find_recordings(folder, "sentences")[: options.first]]
        file = Path(model) if model.endswith(".onnx") else shipped_models() / f"{model}.onnx"
        rows = {}
        for name, row in Direction(file, paths, words_of if there else lambda wave: []).rows():
            rows[name] = row
            print(f"{file.stem}, {len(paths)} sentences, {name}: {cell(row[0])}", file=sys.stderr, flush=True)
        found.append(rows)
    for line in table(*found):
        print(line)
    if there:
        agree = agreements([row for rows in found for row in rows.values()])
        print(f"\nagrees with words: {', '.join(f'{name} {cell(each)}' for name, each in agree.items())}")


if __name__ == "__main__":
    main()
