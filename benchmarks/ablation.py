"""What each part of the training is worth: the same steps and seed, one setting changed at a time.

    python benchmarks/ablation.py DATA violin piano [--of RECIPE] [--steps 300] [--only NAME ...] [--work DIR]

DATA holds ``train/SOURCE``, ``train/TARGET`` and the pairs ``test/SOURCE``, ``test/TARGET``, which have the
same file names. Every row goes the whole way that a user goes, with the same commands: train, export the last
checkpoint, convert, evaluate. Prints a markdown table, each row as soon as it is known; a row that is in
FOLDER already is not made again. The rows of RECIPE `small` change one setting each; those of `classic` each
take back one of its differences from `seed`, one row all; the last two add what it leaves out. One thread;
rows compare with each other, not with longer runs.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from command_line import pair_parser
from whole_way import FIGURES, convert, measure, precompute, train

SMALL: dict[str, list[str]] = {
    "`small`": [],
    "no warm start": ["warm_start.share=0"],
    "no matches after the warm start": ["warm_start.weight=0"],
    "no matches at all": ["warm_start.share=0", "warm_start.weight=0"],
    "log loss": ["loss.adversarial=log"],
    "hinge loss": ["loss.adversarial=hinge"],
    "no adversarial loss": ["loss.gan=0"],
    "no replay buffer": ["optimiser.replay_buffer=0"],
    "no EMA": ["optimiser.ema_decay=0"],
    "no cycle": ["loss.cycle=0"],
    "cycle 10": ["loss.cycle=10"],
    "CUT, no cycle": ["loss.cycle=0", "loss.patch_nce=1"],
    "CUT, no cycle, no matches": [
        *("loss.cycle=0", "loss.patch_nce=1", "loss.patch_nce_identity=1"),
        *("warm_start.share=0", "warm_start.weight=0"),
    ],
    "second adversarial loss": ["loss.second_adversarial=1"],
    "generator `seed`, 16 channels": ["generator.name=seed", "generator.channels=16"],
    "generator `resize`, 16 channels, added to its input": [
        *("generator.name=resize", "generator.channels=16", "generator.residual=true"),
    ],
    "generator `1d`, 64 channels, added to its input": [
        *("generator.name=1d", "generator.channels=64", "generator.residual=true"),
    ],
    "generator `2-1-2d`, 8 channels, added to its input": [
        *("generator.name=2-1-2d", "generator.channels=8", "generator.residual=true"),
    ],
    "a critic with deltas": ["discriminator.deltas=true"],
    "a critic of two scales": ["discriminator.scales=2"],
    "matches drawn anew every 60 steps": ["warm_start.refresh=60"],
    "level by up to 6 dB": ["data.gain_db=6"],
    "tilt by up to 4 dB": ["data.tilt_db=4"],
    "half of the crops mixed with another": ["data.mix=0.5"],
    "pitch by up to 6 % (a semitone)": ["data.pitch_bins=0.06"],
    "time by up to 10 %": ["data.stretch=0.1"],
    "generator `fine`": ["generator.name=fine"],
    "generator `fine`, a critic with deltas": ["generator.name=fine", "discriminator.deltas=true"],
    "generator `fine`, deltas, tilt of 4 dB": [
        *("generator.name=fine", "discriminator.deltas=true", "data.tilt_db=4"),
    ],
}
CLASSIC: dict[str, list[str]] = {
    "`classic`": [],
    "frames cut to 512 points": ["spectrogram.fft_length=512"],
    "magnitudes at a gain of 1": ["spectrogram.gain=1"],
    "one mean for both styles": ["data.normalisation=shared"],
    "not added to its input": ["generator.residual=false"],
    "a dense layer": ["discriminator.dense=true"],
    "a critic with instance norm": ["discriminator.norm=instance"],
    "cycle 10, identity 1": ["loss.cycle=10", "loss.identity=1"],
    "no average of the weights": ["optimiser.ema_decay=0"],
    "no matched frames": ["warm_start.share=0", "warm_start.weight=0"],
}
CLASSIC["all taken back: `seed` at this size"] = [word for row in CLASSIC.values() for word in row]
# Not among those that are taken back together: the crops of `seed`, 30 s, would take hours.
CLASSIC |= {
    "crops of 5.1 s": ["data.crop_frames=512"],
    "least squares": ["loss.adversarial=lsgan"],
    "replay of 64": ["optimiser.replay_buffer=64"],
}
SETTINGS: dict[str, dict[str, list[str]]] = {"small": SMALL, "classic": CLASSIC}


def make(
    data: Path, work: Path, source: str, target: str, recipe: str, name: str, steps: int
) -> dict[str, float]:
    """Train, export, convert and evaluate one setting."""
    changed = SETTINGS[recipe][name]
    front = [setting for setting in changed if setting.startswith("spectrogram.")]
    work = work / "-".join([recipe, *front])
    precompute(data, work, recipe, front)
    run = f"ablation-{list(SETTINGS[recipe]).index(name)}"
    models = train(work, source, target, recipe, run, steps, changed)
    return measure(data, work, source, target, convert(data, work, source, target, models))


def main() -> None:
    parser = pair_parser(__doc__)
    parser.add_argument("--of", choices=list(SETTINGS), default="small", help="the recipe that is changed")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these rows alone")
    parser.add_argument("--work", type=Path, help="a folder that is kept; rows in it are not made again")
    words = parser.parse_args()
    settings = SETTINGS[words.of]
    if unknown := set(words.only or ()) - set(settings):
        parser.error(f"no row {unknown.pop()!r}; there are {list(settings)}")
    data, source, target = words.data.resolve(), words.source, words.target
    with tempfile.TemporaryDirectory() as scratch:
        work = (words.work or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        kept = work / f"rows-{source}-{target}-{words.of}-{words.steps}.json"
        rows: dict[str, dict[str, float]] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
        print(f"| {words.steps} steps | {' | '.join(FIGURES)} |\n|---|{'---|' * len(FIGURES)}")
        for name in ["the source, unchanged", *(words.only or settings)]:
            if name not in rows:
                if name in settings:
                    rows[name] = make(data, work, source, target, words.of, name, words.steps)
                else:
                    rows[name] = measure(data, work, source, target, data / "test" / source)
                kept.write_text(json.dumps(rows, indent=1), "utf-8")
            figures = " | ".join(f"{rows[name][key]:.2f}" for key in FIGURES)
            print(f"| {name} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
