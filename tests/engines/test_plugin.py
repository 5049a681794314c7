"""An engine from a package serves both commands, which know nothing of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
from installed import styleshift
from packages import write_package

from styleshift.engines import load_engine
from styleshift.errors import ConfigError, PluginError

INLINE = '''
"""Does the work in the process of the command, and writes down what it was given."""
import os
from dataclasses import dataclass
from pathlib import Path
from styleshift.hooks import Crashed, EngineSpec, Finished, Progress, hookimpl

@dataclass(frozen=True)
class Options:
    log: str = "engine.log"

class Inline:
    local = False
    workers = 1

    def __init__(self, options):
        self.log = Path(options.log)

    def threads(self, workers):
        return 1

    def run(self, work, jobs, *, workers, patience, stop):
        work.start()
        for job in jobs:
            told = []
            try:
                event = Finished(work.run(job, told.append))
            except Exception as error:
                event = Crashed(str(error))
            with self.log.open("a") as log:
                print(os.getpid(), workers, type(event).__name__, sum(told) > 0, file=log)
            for amount in told:
                yield job, Progress(amount)
            yield job, event
            if stop():
                return

@hookimpl
def styleshift_engines():
    return [EngineSpec("inline", "in the process of the command", Inline, Options)]
'''


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The package, as pip would leave it."""
    return write_package(tmp_path / "site", "styleshift-inline", INLINE)


def run(site: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return styleshift(*words, cwd=site.parent, env={**os.environ, "PYTHONPATH": str(site), **environment})


def music(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True)
    for seed, name in enumerate(names):
        noise = 0.1 * np.random.default_rng(seed).standard_normal(16000)
        soundfile.write(folder / name, noise, 16000)


def test_precompute_and_convert_run_on_it(site: Path, models: ModuleType) -> None:
    folder = site.parent
    music(folder / "audio" / "piano", "a.wav", "b.wav")
    (folder / "audio" / "piano" / "c.wav").write_bytes(b"no music")
    done = run(site, "precompute", "audio", "--engine", "inline")
    assert done.returncode == 3, done.stderr
    assert "left out: piano/c.wav" in done.stdout
    lines = (folder / "engine.log").read_text().splitlines()
    assert sorted(line.split()[2:] for line in lines) == [["Finished", "False"], *[["Finished", "True"]] * 2]
    assert len({line.split()[0] for line in lines}) == 1

    music(folder / "library" / "live", "a.wav", "b.wav")
    models.make_model(folder / "m.onnx")
    words = (
        "convert",
        "library",
        "--model",
        "m.onnx",
        "--device",
        "cpu",
        "--runtime",
        "onnxruntime",
        "-j",
        "5",
    )
    done = run(site, *words, "--engine-option", "log=convert.log", STYLESHIFT_ENGINE="inline")
    assert done.returncode == 0, done.stderr
    assert len(list(folder.glob("library-*/live/*.wav"))) == 2
    lines = (folder / "convert.log").read_text().splitlines()
    assert [line.split()[1:] for line in lines] == [["2", "Finished", "True"]] * 2


def test_words_that_name_none_are_told() -> None:
    with pytest.raises(PluginError, match="no engine 'cloud'; available: local"):
        load_engine("cloud")
    with pytest.raises(ConfigError, match="no option 'speed'"):
        load_engine("local", {"speed": "11"})


def test_the_built_in_engine_shares_the_processors_out() -> None:
    engine = load_engine()
    assert engine.local
    assert engine.workers >= 1
    assert engine.threads(1) == engine.workers
    assert engine.threads(engine.workers * 2) == 1
