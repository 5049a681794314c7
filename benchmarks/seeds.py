"""How far trainings of one recipe differ that differ by nothing but their seed.

    python benchmarks/seeds.py DATA violin piano [--recipe small] [--steps 1500] [--seeds 0 1 2] [--work DIR]

DATA holds ``train/SOURCE``, ``train/TARGET`` and the pairs ``test/SOURCE``, ``test/TARGET``, which have the
same file names. Each seed goes the whole way that a user goes, with the same commands: train, export the last
checkpoint, convert, evaluate, both directions. Prints a markdown table: the source unchanged and the truth,
each seed, and the mean and the standard deviation over seeds. With ``--voices``, files are aligned in time
with the truth. What the folder ``--work`` holds of the same settings is not made again. One thread.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from command_line import pair_parser
from whole_way import FIGURES, convert, measure, precompute, train

VOICES = ("lsd", "mcd", "f0", "fd", "p")

Row = dict[str, float]


def main() -> None:
    parser = pair_parser(__doc__)
    parser.add_argument("--recipe", default="small")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="TABLE.KEY=VALUE")
    parser.add_argument("--voices", action="store_true", help="speech: align with the truth, compare pitch")
    parser.add_argument("--work", type=Path, help="a folder that is kept; what is in it is not made again")
    words = parser.parse_args()
    data, figures = words.data.resolve(), VOICES if words.voices else FIGURES
    directions = [(words.source, words.target), (words.target, words.source)]
    with tempfile.TemporaryDirectory() as scratch:
        work = (words.work or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        kept = work / "seeds.json"
        rows: dict[str, Row] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}

        @cache
        def models(seed: int) -> Path:
            precompute(data, work, words.recipe)
            run = f"{words.recipe}-{words.steps}-seed-{seed}"
            return train(
                work, words.source, words.target, words.recipe, run, words.steps, words.settings, seed
            )

        def converted(source: str, target: str, seed: int) -> Path:
            return convert(data, work, source, target, models(seed))

        def row(source: str, target: str, what: str, folder: Callable[[], Path]) -> Row:
            key = f"{source} to {target}, {what}"
            if key not in rows:
                rows[key] = measure(data, work, source, target, folder(), voices=words.voices)
                kept.write_text(json.dumps(rows, indent=1), "utf-8")
            return rows[key]

        def tell(source: str, target: str, what: object, cells: list[str]) -> None:
            print(f"| {source} to {target} | {what} | {' | '.join(cells)} |", flush=True)

        print(f"| | seed | {' | '.join(figures)} |\n|---|---|{'---|' * len(figures)}")
        for source, target in directions:
            for what, domain in (("unchanged", source), ("the truth", target)):
                found = row(source, target, what, (data / "test" / domain).absolute)
                tell(source, target, what, [f"{found[figure]:.2f}" for figure in figures])
        seen: dict[tuple[str, str], list[Row]] = {pair: [] for pair in directions}
        for seed in words.seeds:
            setting = " ".join(map(str, [words.recipe, words.steps, *words.settings, "seed", seed]))
            for source, target in directions:
                found = row(source, target, setting, partial(converted, source, target, seed))
                seen[source, target].append(found)
                tell(source, target, seed, [f"{found[figure]:.2f}" for figure in figures])
        for (source, target), all_seeds in seen.items():
            columns = [[found[figure] for found in all_seeds] for figure in figures]
            spread = [(statistics.mean(c), statistics.stdev(c) if len(c) > 1 else 0.0) for c in columns]
            cells = [f"{mean:.2f} ± {deviation:.2f}" for mean, deviation in spread]
            tell(source, target, "mean ± deviation", cells)


if __name__ == "__main__":
    main()
