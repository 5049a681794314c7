"""How far trainings of one recipe differ that differ by nothing but their seed.

    python benchmarks/seeds.py DATA violin piano [--recipe small] [--steps 1500] [--seeds 0 1 2] [--work DIR]

DATA holds ``train/SOURCE``, ``train/TARGET`` and the pairs ``test/SOURCE``, ``test/TARGET``, which have the
same file names. Each seed goes the whole way that a user goes, with the same commands: train, export the last
checkpoint, convert, evaluate, both directions. Prints a markdown table for each seed, and the mean and the
standard deviation over seeds at the end. With ``--voices``, files are aligned in time with the truth. What is
in the folder ``--work`` already is not made again. One thread.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from command_line import pair_parser
from whole_way import convert, measure, precompute, train

MUSIC = ("lsd", "mcd", "chr", "ons", "fd", "p")
VOICES = ("lsd", "mcd", "f0", "fd", "p")


def main() -> None:
    parser = pair_parser(__doc__)
    parser.add_argument("--recipe", default="small")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="TABLE.KEY=VALUE")
    parser.add_argument("--voices", action="store_true", help="speech: align with the truth, compare pitch")
    parser.add_argument("--work", type=Path, help="a folder that is kept; what is in it is not made again")
    words = parser.parse_args()
    data, figures = words.data.resolve(), VOICES if words.voices else MUSIC
    directions = [(words.source, words.target), (words.target, words.source)]
    with tempfile.TemporaryDirectory() as scratch:
        work = (words.work or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        kept = work / "seeds.json"
        rows: dict[str, dict[str, float]] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
        print(f"| | seed | {' | '.join(figures)} |\n|---|---|{'---|' * len(figures)}")
        for seed in words.seeds:
            run = f"{words.recipe}-{words.steps}-seed-{seed}"
            keys = {pair: f"{pair[0]} to {pair[1]}, {run}" for pair in directions}
            if not all(key in rows for key in keys.values()):
                precompute(data, work, words.recipe)
                models = train(
                    work, words.source, words.target, words.recipe, run, words.steps, words.settings, seed
                )
                for (source, target), key in keys.items():
                    converted = convert(data, work, source, target, models)
                    rows[key] = measure(data, work, source, target, converted, voices=words.voices)
                kept.write_text(json.dumps(rows, indent=1), "utf-8")
            for (source, target), key in keys.items():
                found = " | ".join(f"{rows[key][figure]:.2f}" for figure in figures)
                print(f"| {source} to {target} | {seed} | {found} |", flush=True)
        for source, target in directions:
            spread = []
            for figure in figures:
                seen = [
                    rows[f"{source} to {target}, {words.recipe}-{words.steps}-seed-{seed}"][figure]
                    for seed in words.seeds
                ]
                deviation = statistics.stdev(seen) if len(seen) > 1 else 0.0
                spread.append(f"{statistics.mean(seen):.2f} ± {deviation:.2f}")
            print(f"| {source} to {target} | mean ± deviation | {' | '.join(spread)} |")


if __name__ == "__main__":
    main()
