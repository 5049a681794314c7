"""How well the score that chooses a checkpoint agrees with the truth.

    python benchmarks/judge.py WORKSPACE DATA RUN [RUN ...] [--pairs FOLDER ...] [--measures chr,p] [--align]

Each RUN has its checkpoints kept (`--set schedule.keep_every=150 --set schedule.save_every=150`), and was
trained on DATA/train. Each FOLDER holds pairs, the same music in both domains under the same name; without
one they are those of DATA/test. Every checkpoint converts the held-out music of the first RUN, which is
scored as its trainer scores it, and the first seconds of the pairs, which are measured against the truth:
through the spectrogram, with no vocoder.

With --align the pairs are sentences by two speakers, not in time with each other. Time is warped as
`styleshift evaluate --align` does it. Pitch (f0) and likeness, if Resemblyzer is installed, need a waveform:
that of conversion and truth comes from the spectrogram by Griffin-Lim.

Prints a row a checkpoint; then of each run, and of all of them, the Spearman rank correlations, and how good
the chosen checkpoint and the last are: 0 as the worst, 1 as the best. In brackets is the most that any score
could be expected to reach against a truth of so few pairs: the root of the reliability of that truth. Then of
each term of the score three figures: the correlation of that term alone with the sum of both, that of the
score without the term, and how good the checkpoint is that this chooses.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from agreement import FRECHET, Checkpoint, Scale, print_tables
from command_line import parser_of
from truth import convert, truths_of

from styleshift.evaluation.ears.speaker import SpeakerEncoder
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training.checkpoint import blank_statistics, load_weights
from styleshift.training.files import CheckpointFolder, read
from styleshift.training.model import CycleGAN
from styleshift.training.run_file import read_run
from styleshift.training.sources import make_samplers, make_validator, open_corpora, restore_split
from styleshift.workspace import workspace

MUSIC = {"lsd": -0.2, "chr": 0.03, "ons": 0.02, "fd": -10.0, "fd3": -10.0, "p": 0.1}
"""Those of ``styleshift evaluate``, and the least difference that says something: below 0, less is better.

Trainings that differ by nothing but their seed differ so much (docs/results/training.md). ``fd3`` hears
frame-to-frame changes too: the sum of the Frechet distances of standardised spectrum, dynamics and flicker.
"""

VOICES = {"lsd": -0.3, "mcd": -0.1, "f0": -0.3, "fd": -5.0, "fd3": -5.0, "p": 0.1, "likeness": 0.02}
"""The same of voices (docs/results/voice-models.md)."""


def scale_of(align: bool, asked: str | None) -> Scale:
    """The measures there are, and those that count; raises ValueError where one is asked for that is not."""
    units = VOICES if align else MUSIC
    if align and SpeakerEncoder.find() is None:
        units = {name: unit for name, unit in units.items() if name != "likeness"}
    there = [name for name in units if name not in FRECHET]
    counted = there if asked is None else asked.split(",")
    if unknown := set(counted).difference(there):
        raise ValueError(f"--measures takes {', '.join(there)}, not {', '.join(sorted(unknown))}")
    return Scale(units, counted)


def main() -> None:
    parser = parser_of(__doc__, "workspace", "data")
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--pairs", type=Path, nargs="+", help="folders of pairs (default: DATA/test)")
    parser.add_argument(
        "--measures", help="those that count beside fd (default: all); of arrangements: chr,p"
    )
    parser.add_argument("--align", action="store_true", help="speech: align with the truth, compare pitch")
    words = parser.parse_args()
    try:
        scale = scale_of(words.align, words.measures)
    except ValueError as error:
        parser.error(str(error))
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
    pairs, style = words.pairs or [words.data / "test"], words.data / "train"
    sources, truths = truths_of(pairs, style, domains, recipe.spectrogram, voice=words.align)
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
                made = convert(model.best()[direction], sources[direction], recipe, voice=words.align)
                judged = result.directions[direction]
                measured = truth.measure(made)
                found[direction].append(Checkpoint(name, step, judged.score, measured))
                where = {"run": name, "direction": direction, "step": step, "kind": judged.judgement.kind}
                print(json.dumps({**where, **judged.score.to_dict(), **measured[0]}), flush=True)
    print_tables(found, scale)


if __name__ == "__main__":
    main()
