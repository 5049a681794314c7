"""What a library of many small files costs before and after the conversion itself: plan, journal, report.

    python benchmarks/many_files.py --files 1000 10000 100000

Sources are hard links to one clip, and outputs a few bytes written in this process in place of a conversion,
so that what is left is ours: walking, naming, journal, what is unchanged, reports. Each run is a process of
its own. A JSON line a run: `first` does all, `second` has nothing to do; files a second, by the clock and by
the processor's time; and how many bytes of memory a file takes, against a library of one file.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

MODEL = "violin-to-piano.onnx"
# Links to one file that a file system takes are not without end.
LINKS, FOLDER_FILES = 30_000, 500


class Writing:
    """In place of an engine: each output is a few bytes, written at once."""

    local, workers = True, 1

    def threads(self, workers: int) -> int:
        return 1

    def run(
        self, work: Any, jobs: Iterable[Any], *, workers: int, patience: float, stop: Callable[[], bool]
    ) -> Generator[Any, None, None]:
        from styleshift.conversion.library.tracks import TrackOutcome
        from styleshift.hooks import Finished
        from styleshift.system.hashing import FileStamp

        result = {"seconds": 0.1, "sample_rate": 22050, "channels": 1, "frames": 2205, "level_db": -20.0,
                  "voice_hz": None, "loudness_before": -20.0, "loudness_after": -20.0, "peak_after": 0.5,
                  "took": 0.01, "warnings": [], "kept": ["title", "artist"], "changed": [], "losses": [],
                  "lost": []}  # fmt: skip
        for pair in jobs:
            job = pair[0]
            job.target.parent.mkdir(parents=True, exist_ok=True)
            job.target.write_bytes(b"converted")
            stamp = FileStamp.of(job.source)
            yield pair, Finished(TrackOutcome(job.name, "done", digest="0" * 64, stamp=stamp, result=result))


def make_library(folder: Path, files: int) -> None:
    clips: Iterator[Path] = (folder / f"clip-{number}" for number in range(files))
    for number in range(files):
        if number % LINKS == 0:
            clip = next(clips)
            clip.parent.mkdir(parents=True, exist_ok=True)
            clip.write_bytes(os.urandom(4096))
        album = folder / "library" / f"{number // FOLDER_FILES:05d}"
        album.mkdir(parents=True, exist_ok=True)
        (album / f"{number % FOLDER_FILES:03d} a recording.flac").hardlink_to(clip)


@contextmanager
def timed(took: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    took[name] = round(time.perf_counter() - began, 3)


def one(folder: Path) -> None:
    """One run, in this process; prints seconds a stage, and the greatest memory."""
    import styleshift
    from styleshift.bundle.load import load_bundle
    from styleshift.conversion.library.planning import plan_library
    from styleshift.conversion.library.report import write_reports
    from styleshift.conversion.library.run import convert_plan
    from styleshift.conversion.settings import ConvertSettings
    from styleshift.progress import Reporter

    bundle = load_bundle(Path(styleshift.__file__).parent / "models" / "shipped" / MODEL)
    settings = ConvertSettings(runtime="onnxruntime", device="cpu", output=folder / "output")
    took: dict[str, float] = {}
    began = time.process_time()
    with timed(took, "plan"):
        plan = plan_library(folder / "library", bundle.metadata.target, settings, settings.key(bundle.digest))
    with timed(took, "convert"), patch("styleshift.conversion.library.run.load_engine", lambda *_: Writing()):
        result = convert_plan(plan, bundle, settings)
    assert len(result.outcomes) == len(plan.tracks)
    with timed(took, "report"):
        write_reports(result, bundle, "", Reporter())
    worked = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"took": took, "worked": worked, "done": result.count("done"), "peak": peak}))


def measured(folder: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", str(folder)]
    values: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.one:
        one(words.one)
        return
    empty: dict[str, float] = {}
    for files in (1, *words.files):
        with tempfile.TemporaryDirectory() as folder:
            make_library(Path(folder), files)
            for name in ("first", "second"):
                found = measured(Path(folder))
                assert found["done"] == (files if name == "first" else 0)
                seconds = sum(found["took"].values())
                empty.setdefault(name, found["peak"])
                if files == 1:
                    continue
                page = Path(folder, "output", "report.html").stat().st_size
                print(
                    json.dumps(
                        {
                            "files": files,
                            "run": name,
                            "files_a_second": round(files / seconds),
                            "files_a_processor_second": round(files / found["worked"]),
                            "bytes_a_file": round((found["peak"] - empty[name]) / files),
                            "page_kB": round(page / 1000),
                            **found["took"],
                        }
                    ),
                    flush=True,
                )


if __name__ == "__main__":
    main()
