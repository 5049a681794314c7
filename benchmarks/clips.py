"""Many short files: how many clips of 0.3 s a second `styleshift convert` gets through.

    python benchmarks/clips.py                3000 clips, mono WAV at 44.1 kHz
    python benchmarks/clips.py --files 300    quicker, and less exact

Printed as JSON: files a second, for the whole command with its start, and the seconds of processors that one
file took, which other programs on the machine disturb less; null elsewhere than on Linux.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from command_line import parser_of
from convert import seconds_of_notes, watched
from untrained import untrained

from styleshift.bundle.export import export_bundle
from styleshift.recipes import load_recipe
from styleshift.system.environment import processors

RATE, SECONDS = 44100, 0.3


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--files", type=int, default=3000)
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        library = Path(name) / "clips"
        library.mkdir()
        for number in range(arguments.files):
            notes = seconds_of_notes(random, RATE, 1)[: round(SECONDS * RATE)]
            soundfile.write(library / f"{number:05}.wav", notes, RATE)
        model = export_bundle(untrained(load_recipe("small")), "x2y", Path(name) / "m.onnx").path
        busy, began, ended = watched(library, "--model", model, "--device", "cpu")
    figures = {
        "files": arguments.files,
        "processors": processors(),
        "files_a_second": round(arguments.files / (ended - began), 1),
        "processor_ms_a_file": (
            round(1e3 * busy.samples[-1][1] / arguments.files, 1) if busy.samples else None
        ),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
