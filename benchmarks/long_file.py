"""Memory that one long recording takes: `styleshift convert` on a file of so many hours.

    python benchmarks/long_file.py --hours 10 --model MODEL.onnx

The file is FLAC, the same ten seconds of notes over and over, so that it is quickly made and small. Printed
as JSON: the peak memory of the largest process, which must not grow with the hours (Linux only).
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from command_line import parser_of
from convert import seconds_of_notes, watched


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rate", type=int, default=22050)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--vocoder", default="griffin-lim")
    arguments = parser.parse_args()
    rate, channels = arguments.rate, arguments.channels
    random = np.random.default_rng(0)
    notes = np.concatenate([seconds_of_notes(random, rate, channels) for _ in range(10)])
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "long.flac", Path(name) / "out.flac"
        with soundfile.SoundFile(source, "w", rate, channels) as file:
            for _ in range(round(arguments.hours * 360)):
                file.write(notes)
        options = ("--model", arguments.model, "--vocoder", arguments.vocoder, "-o", target)
        busy, began, ended = watched(source, *options)
        before, after = soundfile.info(source), soundfile.info(target)
        assert after.frames == before.frames, "the length changed"
    figures = {
        "hours": round(before.duration / 3600, 2),
        "minutes": round((ended - began) / 60, 1),
        "peak_mb": round(busy.largest / 1e6),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
