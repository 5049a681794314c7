"""What becomes of the stereo image: correlation and level difference of the channels, before and after.

    python benchmarks/stereo.py MODEL.onnx FOLDER

Recordings of the folder are panned in pairs, one to the left, one to the right. Printed as JSON, a line a way
of panning: correlation of the channels and their level difference in dB, of the whole, and by how much the
level difference of an octave band moves, in the mean.
"""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import soundfile
from command_line import parser_of

import styleshift

PANS = {"50/50": 0.5, "60/40": 0.6, "75/25": 0.75, "90/10": 0.9, "100/0": 1.0}
EDGES = 125.0 * 2.0 ** np.arange(7)


def image(samples: np.ndarray, rate: int) -> tuple[float, float, np.ndarray]:
    """Correlation, level difference in dB, and level differences by octave from 125 Hz to 8 kHz."""
    power = np.abs(np.fft.rfft(samples, axis=0)) ** 2
    edges = (EDGES / rate * len(samples)).astype(int)
    bands = np.add.reduceat(power, edges, axis=0)[:-1] + 1e-9
    levels = 10 * np.log10(bands[:, 0] / bands[:, 1])
    whole = 10 * np.log10((power[:, 0].sum() + 1e-9) / (power[:, 1].sum() + 1e-9))
    return float(np.corrcoef(samples.T)[0, 1]), float(whole), levels


def main() -> None:
    parser = parser_of(__doc__, "model", "folder")
    arguments = parser.parse_args()
    model = styleshift.load_model(arguments.model)
    files = sorted(path for path in arguments.folder.iterdir() if path.suffix in (".wav", ".flac", ".ogg"))
    for name, pan in PANS.items():
        found = []
        for one, other in pairwise(files):
            (left, rate), (right, _) = (soundfile.read(path, dtype="float32") for path in (one, other))
            length = min(len(left), len(right))
            left, right = left[:length], 0.6 * right[:length]
            mix = np.stack([pan * left + (1 - pan) * right, (1 - pan) * left + pan * right], axis=1)
            before, after = (image(part, rate) for part in (mix, model.convert(mix, rate)))
            moved = np.abs(np.clip(after[2], -40, 40) - np.clip(before[2], -40, 40)).mean()
            found.append((*before[:2], *after[:2], moved))
        values = [round(float(value), 2) for value in np.mean(found, axis=0)]
        keys = (
            "correlation_before",
            "level_db_before",
            "correlation_after",
            "level_db_after",
            "band_moves_db",
        )
        print(json.dumps({"panned": name, **dict(zip(keys, values, strict=True))}), flush=True)


if __name__ == "__main__":
    main()
