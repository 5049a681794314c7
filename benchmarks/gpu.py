"""What a GPU makes of styleshift, in one command of at most six minutes: a table, and one JSON file.

    python benchmarks/gpu.py                         on the first GPU; writes gpu.json
    python benchmarks/gpu.py --large large.onnx      the large model of the conversions; see below
    python benchmarks/gpu.py --device cpu --seconds-per-case 0.2    a trial of the command, with tiny networks

- training of `small`, `music` and `seed`, without matched frames and judging: captured steps, the same one
  kernel at a time, a plain loop (float32), and a plain loop with bfloat16 autocast and channels last. Steps
  a second, what the captured ones are of the others, and of the matrix peak: the operations of a step,
  counted by PyTorch, at the rate of a product of two large matrices in the same precision, measured here.
  `seed`, which is float32, in bfloat16 too, with one crop a step and with eight;
- conversion of a folder by the command: a small and a large model, on the GPU and on all processors; what
  the command takes for half a second of music, which is its start; and how far the results are apart;
- preparation: seconds from the spectrograms of 22 minutes of audio to the first step of `small`, phase by
  phase, and the seconds that a validation takes;
- resume: whether a training that is killed twice and resumed ends with the bits of one that is not;
- four trainings side by side: the largest share of its time that one of them waits for data;
- the same steps with `torch.compile`, at the end, for it takes long.

It needs no network and none of the packages of our tests. The large model is an untrained one of the recipe
`music`. Where there is no file of the name `--large`, it is made, for which onnxscript is needed; where the
machine with the GPU lacks that, make it before, elsewhere, with `--cases none --large large.onnx`.
What is cut off by the limit, fails, hangs or ends its process says so in its row; the rest is measured.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command `styleshift train` does, for all

from command_line import parser_of
from gpu_bench import Bench, Case, Row, line, measure_all
from gpu_conversion import conversion, untrained_model
from gpu_training import machine, preparation, resume, side_by_side, training

from styleshift.recipes import load_recipe
from styleshift.training.device import choose_device

HALF = "schedule.precision=bfloat16"
KINDS = ("training", "bfloat16", "conversion", "preparation", "resume", "side by side", "compile")


def cases(kinds: list[str], large: Path) -> list[Case]:
    """What is measured, what matters most first."""
    every = [
        *(Case("training", name, training, (name,)) for name in ("small", "music", "seed")),
        Case("bfloat16", "seed, batch 1", training, ("seed", HALF, "schedule.batch=1")),
        Case("conversion", "small", conversion, ("small", "")),
        Case("conversion", "large", conversion, ("large", str(large))),
        Case("preparation", "small", preparation),
        Case("resume", "small, killed twice", resume),
        Case("side by side", "small", side_by_side),
        Case("bfloat16", "seed, batch 8", training, ("seed", HALF, "schedule.batch=8")),
        *(
            Case("compile", name, training, (name, "schedule.compile=true"), most=90.0)
            for name in ("music", "small")
        ),
    ]
    return [Case("machine", "", machine), *(case for case in every if case.case in kinds)]


def main() -> None:
    """Measure, print, write."""
    parser = parser_of(__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds-per-case", type=float, default=3.0, help="for each loop that is timed")
    parser.add_argument("--limit", type=float, default=340.0, help="seconds after which all is cut off")
    parser.add_argument("--cases", nargs="*", default=list(KINDS), choices=[*KINDS, "none"])
    parser.add_argument("--large", type=Path, help="model file for the conversions; made if there is none")
    parser.add_argument("--output", type=Path, default=Path("gpu.json"))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the cases end with it
    if options.cases == ["none"]:
        untrained_model(options.large or Path("large.onnx"), load_recipe("music"))
        return
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        bench = Bench(choose_device(options.device), options.seconds_per_case, Path(name))
        large = (options.large or bench.folder / "large.onnx").absolute()
        for row in measure_all(cases(options.cases, large), bench, options.limit):
            rows.append(row)
            print(line(row), flush=True)
            options.output.write_text(json.dumps({"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
