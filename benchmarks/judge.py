"""How well the score that chooses a checkpoint agrees with the truth.

    python benchmarks/judge.py WORKSPACE RUN DATA

RUN has its checkpoints kept (`--set schedule.keep_every=150 --set schedule.save_every=150`), and was
trained on DATA/train; DATA/test holds pairs, the same music in both domains under the same name. Every
checkpoint converts its held-out music, which is scored as the trainer scores it, and the pairs, which are
measured against the truth: through the spectrogram, with no vocoder. Prints a row a checkpoint, then the
Spearman rank correlations, and how good the chosen checkpoint is: 0 as the worst, 1 as the best.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from command_line import parser_of
from scipy.stats import rankdata
from torch import nn

from styleshift.audio.level import LevelMeter, gain_to_reference
from styleshift.audio.resample import resample
from styleshift.evaluation.classifier import StyleClassifier, train_classifier
from styleshift.evaluation.distribution import PARTS, TargetDistribution
from styleshift.evaluation.features import SAMPLE_RATE, Features
from styleshift.evaluation.load import find_recordings, load_mono
from styleshift.evaluation.metrics import (
    chroma_correlation,
    frechet_distance,
    lsd,
    onset_correlation,
    population,
)
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


def spearman(left: np.ndarray, right: np.ndarray) -> float:
    """Correlation of ranks; nan where all values of one are equal."""
    with np.errstate(invalid="ignore"):
        return float(np.corrcoef(rankdata(left), rankdata(right))[0, 1])


def together(columns: Mapping[str, np.ndarray], fd: str) -> tuple[np.ndarray, np.ndarray]:
    """All measures as one, more is better: the mean of their ranks, and the sum of their least differences.

    Args:
        columns: by measure, a value a checkpoint.
        fd: which one counts of ``fd`` and ``fd3``.
    """
    units = [
        columns[name] / unit for name, unit in MEASURES.items() if name not in {"fd", "fd3"} or name == fd
    ]
    return np.mean([rankdata(column) for column in units], axis=0), np.sum(units, axis=0)


def summary(score: np.ndarray, columns: Mapping[str, np.ndarray]) -> list[float]:
    """A direction's correlations with :func:`together` and each measure, and how good the chosen one is.

    The last four are where the chosen checkpoint lies with ``fd`` and ``fd3``, and the last one of the run.
    """
    wholes = [whole for fd in ("fd", "fd3") for whole in together(columns, fd)]
    alone = [columns[name] / unit for name, unit in MEASURES.items()]
    sums = [(whole - whole.min()) / (whole.max() - whole.min()) for whole in wholes[1::2]]
    lie = [float(each[at]) for at in (int(score.argmax()), -1) for each in sums]
    return [*(spearman(score, column) for column in (*wholes, *alone)), *lie]


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


def measures(
    made: list[Features], truths: list[Features], style: list[Features], classifier: StyleClassifier
) -> dict[str, float]:
    """Those of ``MEASURES``."""
    pairs = list(zip(made, truths, strict=True))
    distances = TargetDistribution(style).distances(made)
    found = {
        "lsd": np.mean([lsd(*both) for both in pairs]),
        "chr": np.mean([chroma_correlation(*both) for both in pairs]),
        "ons": np.mean([onset_correlation(*both) for both in pairs]),
        "fd": frechet_distance(population(made), population(style)),
        "fd3": sum(distances[part] for part in PARTS),
        "p": np.mean([classifier.probability(item) for item in made]),
    }
    return {name: float(value) for name, value in found.items()}


def print_table(rows: Mapping[str, list[dict[str, float]]]) -> None:
    """A row a direction."""
    wholes = [f"{kind}, {fd}" for fd in ("fd", "fd3") for kind in ("mean rank", "sum")]
    lie = [f"{which} reaches, {fd}" for which in ("chosen", "last") for fd in ("fd", "fd3")]
    heads = ["direction", "checkpoints", *wholes, *MEASURES, "chosen", *lie]
    print(f"\n| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for direction, found in rows.items():
        score = np.array([row["score"] for row in found])
        columns = {name: np.array([row[name] for row in found]) for name in MEASURES}
        cells = [f"{value:.2f}" for value in summary(score, columns)]
        cells.insert(-len(lie), f"step {found[int(score.argmax())]['step']:.0f}")
        print(f"| {' | '.join([direction, str(len(found)), *cells])} |")


def main() -> None:
    parser = parser_of(__doc__, "workspace")
    parser.add_argument("run")
    parser.add_argument("data", type=Path)
    words = parser.parse_args()
    torch.set_num_threads(1)
    place = workspace(words.workspace)
    folder = place.runs / words.run
    run = read_run(folder)
    recipe = Recipe.from_dict(run["recipe"])
    pair = (run["domains"][0], run["domains"][1])
    heard, held = restore_split(open_corpora(place, pair, recipe), recipe, run["held_out"], Reporter())
    samplers = make_samplers(heard, recipe, run["seed"])
    validator = make_validator(samplers, heard, held, recipe, Reporter())
    if validator is None:
        parser.error(f"run {words.run} is not validated (schedule.validation_seconds is 0)")
    config = recipe.spectrogram
    tests, trained = (
        {domain: spectrograms_of(words.data / part, domain, config) for domain in pair}
        for part in ("test", "train")
    )
    truths, styles = (  # of whole recordings both: levels are relative to a recording's peak
        {
            name: [spectrogram_features(one[0, 0].numpy(), config) for one in all_of]
            for name, all_of in it.items()
        }
        for it in (tests, trained)
    )
    # Classifiers that the trainer does not know.
    apart = train_classifier(styles[pair[0]], styles[pair[1]], seed=99)
    ways = {"x2y": (*pair, apart), "y2x": (*pair[::-1], apart.mirrored())}
    checkpoints = CheckpointFolder(folder / "checkpoints")
    rows: dict[str, list[dict[str, float]]] = {direction: [] for direction in ways}
    for step in checkpoints.steps():
        model = CycleGAN(recipe, *blank_statistics(recipe))
        load_weights(model, read(checkpoints.file(step), only="model.")[0])
        model.eval().requires_grad_(False)
        result = validator.validate(model)
        for direction, (source, target, classifier) in ways.items():
            made = convert(model.best()[direction], tests[source], recipe)
            score = result.directions[direction].score.to_dict()
            found = measures(made, truths[target], styles[target], classifier)
            rows[direction].append({"step": step, **score, **found})
            print(json.dumps({"direction": direction, **rows[direction][-1]}), flush=True)
    print_table(rows)


if __name__ == "__main__":
    main()
