"""How long a window takes in each runtime: python benchmark.py MODEL.onnx ...

Printed as JSON, a line a model and runtime: milliseconds (the least of ten runs), and the difference from
ONNX Runtime in float32, as a share of the output's deviation.
"""

import argparse
import json
import time
from pathlib import Path

from styleshift_openvino import styleshift_runtimes

from styleshift.bundle.load import load_bundle
from styleshift.errors import BundleError
from styleshift.runtimes.plugin import styleshift_runtimes as built_in
from styleshift.runtimes.selection import relative_error, trial_window


def main() -> None:
    """Measure the models that were named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    for path in arguments.models:
        metadata = load_bundle(path).metadata
        window = trial_window(metadata)
        music = metadata.window_frames / metadata.spectrogram.frame_rate
        wanted = None
        for spec in (*built_in(), *styleshift_runtimes()):
            if "cpu" not in spec.devices:
                continue
            try:
                session = spec.build(spec.config(), path, "cpu", arguments.threads)
            except BundleError as error:
                print(json.dumps({"model": path.name, "runtime": spec.name, "error": error.message}))
                continue
            times = []
            for _ in range(10):
                began = time.perf_counter()
                found = session.run(window)
                times.append(time.perf_counter() - began)
            wanted = found if wanted is None else wanted
            figures = {
                "model": path.name,
                "runtime": session.description,
                "ms_a_window": round(1e3 * min(times), 1),
                "x_real_time": round(music / min(times)),
                "difference": round(relative_error(found, wanted), 5),
            }
            print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
