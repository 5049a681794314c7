"""How well the score that chooses a checkpoint agrees with the truth.

    python benchmarks/judge.py WORKSPACE DATA RUN [RUN ...] [--pairs FOLDER ...] [--measures chr,p]

Each RUN has its checkpoints kept (`--set schedule.keep_every=150 --set schedule.save_every=150`), and was
trained on DATA/train. Each FOLDER holds pairs, the same music in both domains under the same name; without
one they are those of DATA/test. Every checkpoint converts the held-out music of the first RUN, which is
scored as its trainer scores it, and the first seconds of the pairs, which are measured against the truth:
through the spectrogram, with no vocoder.

Prints a row a checkpoint; then of each run, and of all of them, the Spearman rank correlations, and how good
the chosen checkpoint and the last are: 0 as the worst, 1 as the best. In brackets is the most that any score
could be expected to reach against a truth of so few pairs: the root of the reliability of that truth.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from command_line import parser_of
from scipy.stats import ConstantInputWarning, rankdata, spearmanr
from torch import nn

from styleshift.audio.level import LevelMeter, gain_to_reference
from styleshift.audio.resample import resample
from styleshift.evaluation.classifier import StyleClassifier, train_classifier
from styleshift.evaluation.distribution import PARTS, TargetDistribution
from styleshift.evaluation.features import SAMPLE_RATE, Features
from styleshift.evaluation.load import find_recordings, load_mono
from styleshift.evaluation.metrics import chroma_correlation, lsd, onset_correlation
from styleshift.frontend import SpectrogramConfig, log_spectrogram
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training.checkpoint import blank_statistics, load_weights
from styleshift.training.files import CheckpointFolder, read
from styleshift.training.model import CycleGAN
from styleshift.training.run_file import read_run
from styleshift.training.sources import make_samplers, make_validator, open_corpora, restore_split
from styleshift.training.validator import spectrogram_features
from styleshift.workspace import workspace

MEASURES = {"lsd": -0.2, "chr": 0.03, "ons": 0.02, "fd": -10.0, "fd3": -10.0, "p": 0.1}
"""Those of ``styleshift evaluate``, and the least difference that says something: below 0, less is better.

Trainings that differ by nothing but their seed differ so much (docs/results/training.md). ``fd3`` hears
frame-to-frame changes too: the sum of the Frechet distances of standardised spectrum, dynamics and flicker.
"""

FRECHET = {"fd": ("fd",), "fd3": ("fd3",), "both": ("fd", "fd3")}
"""Which count beside the other measures; each hears what the other does not, and so they contradict."""

PAIR_SECONDS = 10
SPLITS = 8
"""Of the pairs into halves at random, whose agreement is the reliability of the truth."""

Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One direction of it.

    Attributes:
        run: that it is of.
        step: that it was saved at.
        score: what the trainer chooses by.
        found: its measures; of all pairs, then of the halves of every split.
    """

    run: str
    step: int
    score: float
    found: list[Row]


class Truth:
    """What conversions in one direction are measured against.

    Args:
        recordings: the true ones, in the order of what is converted.
        style: recordings of the target style.
        classifier: of that style, which the trainer does not know.
    """

    def __init__(
        self, recordings: list[Features], style: list[Features], classifier: StyleClassifier
    ) -> None:
        self._recordings, self._classifier = recordings, classifier
        self._style = TargetDistribution(style)
        random, count = np.random.default_rng(0), len(recordings)
        orders = [random.permutation(count) for _ in range(SPLITS)]
        halves = [half for order in orders for half in (order[: count // 2], order[count // 2 :])]
        self._parts = [np.arange(count), *halves]

    def measure(self, made: list[Features]) -> list[Row]:
        """As :attr:`Checkpoint.found`."""
        pairs = list(zip(made, self._recordings, strict=True))
        each = {
            "lsd": np.array([lsd(*both) for both in pairs]),
            "chr": np.array([chroma_correlation(*both) for both in pairs]),
            "ons": np.array([onset_correlation(*both) for both in pairs]),
            "p": np.array([self._classifier.probability(item) for item in made]),
        }
        found = []
        for part in self._parts:
            some = [made[number] for number in part]
            distances = self._style.distances(some)
            row = {name: float(values[part].mean()) for name, values in each.items()}
            row["fd"] = distances["patches"]
            row["fd3"] = sum(distances[name] for name in PARTS)
            found.append(row)
        return found


def spectrograms_of(folder: Path, domain: str, config: SpectrogramConfig) -> list[torch.Tensor]:
    """Of all recordings in ``folder/domain``."""
    return [spectrogram_of(path, config) for path in find_recordings(folder / domain, domain)]


def spectrogram_of(path: Path, config: SpectrogramConfig) -> torch.Tensor:
    """``[1, 1, bins, frames]`` at the reference level."""
    mono = np.concatenate(list(resample([load_mono(path)[:, None]], SAMPLE_RATE, config.sample_rate)))[:, 0]
    meter = LevelMeter(config.sample_rate, 1, with_peak=False)
    meter.push(mono[:, None])
    gain = np.float32(gain_to_reference(meter.level_db))
    return torch.from_numpy(np.ascontiguousarray(log_spectrogram(mono * gain, config).T))[None, None]


@torch.no_grad()
def convert(generator: nn.Module, sources: list[torch.Tensor], recipe: Recipe) -> list[Features]:
    """What a generator makes of spectrograms, each lengthened to whole crops."""
    made = []
    for each in sources:
        frames = each.shape[3]
        rest = -frames % recipe.data.crop_frames
        padded = torch.cat([each, each[..., -1:].expand(*each.shape[:3], rest)], dim=3)
        converted = generator(padded)[0, 0, :, :frames].float().numpy()
        made.append(spectrogram_features(converted, recipe.spectrogram))
    return made


def spearman(left: np.ndarray, right: np.ndarray) -> float:
    """Correlation of ranks; nan where all values of one are equal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)
        return float(spearmanr(left, right).statistic)


def wholes(rows: Sequence[Row], measures: Sequence[str]) -> list[np.ndarray]:
    """Measures as one, a value a checkpoint, more is better: in two ways with each of ``FRECHET``.

    The mean of their ranks, and the sum of their least differences.
    """
    found = []
    for distances in FRECHET.values():
        units = [np.array([row[name] for row in rows]) / MEASURES[name] for name in (*measures, *distances)]
        found += [np.mean([rankdata(column) for column in units], axis=0), np.sum(units, axis=0)]
    return found


def ceilings(checkpoints: Sequence[Checkpoint], measures: Sequence[str]) -> np.ndarray:
    """The root of the reliability of each of :func:`wholes`, of halves (Spearman 1910, Brown 1910)."""
    parts = [
        wholes([each.found[1 + number] for each in checkpoints], measures) for number in range(2 * SPLITS)
    ]
    agreements = [
        [spearman(one, other) for one, other in zip(left, right, strict=True)]
        for left, right in zip(parts[::2], parts[1::2], strict=True)
    ]
    half = np.maximum(0, np.mean(agreements, axis=0))
    most: np.ndarray = np.sqrt(2 * half / (1 + half))
    return most


def summary(checkpoints: Sequence[Checkpoint], measures: Sequence[str]) -> list[str]:
    """The cells of a row: of one direction of a run, or of several runs."""
    score = np.array([each.score for each in checkpoints])
    rows = [each.found[0] for each in checkpoints]
    truths, chosen = wholes(rows, measures), int(score.argmax())
    agree = zip(truths, ceilings(checkpoints, measures), strict=True)
    alone = [np.array([row[name] for row in rows]) / unit for name, unit in MEASURES.items()]
    whole = truths[-1]
    lie = (whole - whole.min()) / (whole.max() - whole.min())
    return [
        str(len(checkpoints)),
        *(f"{spearman(score, truth):.2f} ({most:.2f})" for truth, most in agree),
        f"{spearman(truths[1], truths[3]):.2f}",
        *(f"{spearman(score, column):.2f}" for column in alone),
        f"{checkpoints[chosen].run} {checkpoints[chosen].step}",
        f"{lie[chosen]:.2f}",
        f"{lie[-1]:.2f}" if len({each.run for each in checkpoints}) == 1 else "",
    ]


def print_table(found: Mapping[str, list[Checkpoint]], measures: Sequence[str]) -> None:
    """A row a direction of each run of three checkpoints and more, and of all runs together if several."""
    kinds = [f"{kind}, {distances}" for distances in FRECHET for kind in ("mean rank", "sum")]
    heads = ["direction", "run", "checkpoints", *kinds, "sums agree", *MEASURES, "chosen", "reaches", "last"]
    print(f"\n| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for direction, all_of in found.items():
        runs = list(dict.fromkeys(each.run for each in all_of))
        for some in [[run] for run in runs] + ([runs] if len(runs) > 1 else []):
            theirs = [each for each in all_of if each.run in some]
            if len(theirs) < 3:  # an order says nothing of two
                continue
            cells = summary(theirs, measures)
            print(f"| {direction} | {' + '.join(some)} | {' | '.join(cells)} |")


def truths_of(
    pairs: Sequence[Path], style: Path, domains: tuple[str, str], config: SpectrogramConfig
) -> tuple[dict[str, list[torch.Tensor]], dict[str, Truth]]:
    """By direction: spectrograms to convert, and what each should become.

    Args:
        pairs: folders with one a domain.
        style: likewise, of whole recordings.
        domains: in the order of the run.
        config: of the spectrograms.
    """
    frames = round(PAIR_SECONDS * config.frame_rate)
    sources = [
        [one[..., :frames] for folder in pairs for one in spectrograms_of(folder, name, config)]
        for name in domains
    ]
    heard, trained = (
        [[spectrogram_features(one[0, 0].numpy(), config) for one in side] for side in sides]
        for sides in (sources, [spectrograms_of(style, name, config) for name in domains])
    )
    there = train_classifier(*trained, seed=99)  # which the trainer does not know
    truths = {
        "x2y": Truth(heard[1], trained[1], there),
        "y2x": Truth(heard[0], trained[0], there.mirrored()),
    }
    return dict(zip(truths, sources, strict=True)), truths


def main() -> None:
    parser = parser_of(__doc__, "workspace", "data")
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--pairs", type=Path, nargs="+", help="folders of pairs (default: DATA/test)")
    parser.add_argument("--measures", default="lsd,chr,ons,p", help="beside fd; of arrangements: chr,p")
    words = parser.parse_args()
    measures = words.measures.split(",")
    if unknown := set(measures) - set(MEASURES).difference(*FRECHET.values()):
        parser.error(f"--measures takes lsd, chr, ons and p, not {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    place = workspace(words.workspace)
    run = read_run(place.runs / words.runs[0])
    recipe = Recipe.from_dict(run["recipe"])
    domains = (run["domains"][0], run["domains"][1])
    heard, held = restore_split(open_corpora(place, domains, recipe), recipe, run["held_out"], Reporter())
    samplers = make_samplers(heard, recipe, run["seed"])
    validator = make_validator(samplers, heard, held, recipe, Reporter())
    if validator is None:
        parser.error(f"run {words.runs[0]} is not validated (schedule.validation_seconds is 0)")
    pairs = words.pairs or [words.data / "test"]
    sources, truths = truths_of(pairs, words.data / "train", domains, recipe.spectrogram)
    found: dict[str, list[Checkpoint]] = {direction: [] for direction in truths}
    for name in words.runs:
        recipe = Recipe.from_dict(read_run(place.runs / name)["recipe"])
        checkpoints = CheckpointFolder(place.runs / name / "checkpoints")
        for step in checkpoints.steps():
            model = CycleGAN(recipe, *blank_statistics(recipe))
            load_weights(model, read(checkpoints.file(step), only="model.")[0])
            model.eval().requires_grad_(False)
            result = validator.validate(model)
            for direction, truth in truths.items():
                made = convert(model.best()[direction], sources[direction], recipe)
                score = result.directions[direction].score
                measured = truth.measure(made)
                found[direction].append(Checkpoint(name, step, score.value, measured))
                line = {"run": name, "direction": direction, "step": step, **score.to_dict(), **measured[0]}
                print(json.dumps(line), flush=True)
    print_table(found, measures)


if __name__ == "__main__":
    main()
