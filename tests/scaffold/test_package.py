"""`plugins new`: every kind of package installs, passes its own test, and can be used as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from styleshift.errors import UsageError
from styleshift.scaffold.package import KINDS, TEMPLATES, NewPackage, new_package

BUILD = """
import os, sys
from setuptools import build_meta
for folder in sys.argv[2:]:
    # setuptools remembers the package that it built first.
    if not (child := os.fork()):
        os.chdir(folder)
        build_meta.build_wheel(sys.argv[1])
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


@dataclass(frozen=True)
class Site:
    """A folder with a package of every kind installed."""

    folder: Path
    made: list[NewPackage]

    def run(self, *words: str, within: Path) -> str:
        """A Python module with these packages before all others; its words where it fails."""
        return self._run("-m", *words, within=within)

    def run_code(self, code: str, *words: str, within: Path) -> str:
        """The same with lines of code."""
        return self._run("-c", code, *words, within=within)

    def _run(self, *words: str, within: Path) -> str:
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, *words]
        told = subprocess.run(
            command, cwd=within, env=environment, capture_output=True, text=True, check=False
        )
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, models: ModuleType) -> Site:
    """All kinds in one installation."""
    root = tmp_path_factory.mktemp("packages")
    models.make_model(root / "models" / "a-to-b.onnx")
    made = [new_package(kind, f"own-{kind}", root / "new" / kind, root / "models") for kind in KINDS]
    found = Site(root / "site", made)
    # As pip does, but with what is imported for it imported once.
    found.run_code(BUILD, str(root / "wheels"), *(str(one.folder) for one in made), within=root)
    wheels = sorted(map(str, (root / "wheels").glob("*.whl")))
    found.run(
        "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(found.folder), *wheels, within=root
    )
    return found


@pytest.mark.slow
def test_every_kind_installs_and_passes_its_own_test(site: Site, tmp_path: Path) -> None:
    tests = [str(one.folder / "tests") for one in site.made]
    quiet = ("-q", "--import-mode=importlib", "-p", "no:cacheprovider", "--rootdir", str(tmp_path))
    assert f"{len(KINDS)} passed" in site.run("pytest", *quiet, *tests, within=tmp_path)


@pytest.mark.slow
def test_all_kinds_together_go_through_the_four_commands(site: Site, tmp_path: Path) -> None:
    clock = np.arange(4 * 8000) / 8000
    for name, hertz in (("low", 220), ("high", 660)):
        (tmp_path / "audio" / name).mkdir(parents=True)
        sound = 0.3 * np.sin(2 * np.pi * hertz * clock) * np.exp(-4 * (clock % 0.5))
        for number in range(2):
            path = tmp_path / "audio" / name / f"{number}.pcm"
            (32767 * (1 - 0.2 * number) * sound).astype("<i2").tofile(path)
    soundfile.write(tmp_path / "tune.wav", sound, 8000)

    def command(*words: str) -> str:
        return site.run("styleshift", *words, within=tmp_path)

    recipe = ["--recipe", "own-recipe"]
    sizes = ("sample_rate=8000", "frame_length=128", "hop_length=64", "fft_length=128")
    for size in sizes:
        recipe += ["--set", f"spectrogram.{size}"]
    engine = ("--engine", "own-engine")
    command("precompute", "audio", *recipe, *engine, "--source-option", "own-domain-source.sample_rate=8000")
    changes = (
        "generator.name=own-generator",
        "discriminator.name=own-discriminator",
        "losses.own-loss.weight=0.5",
        "augmentations.own-augmentation.lowest_hz=1000",
        'schedule.content=["harmony", "own-metric"]',
        "data.crop_frames=64",
        "schedule.steps=2",
        "schedule.save_every=2",
        "schedule.log_every=1",
        "schedule.threads=1",
        "schedule.validation_seconds=1",
        "warm_start.share=0",
        "warm_start.weight=0",
    )
    settings = [word for change in changes for word in ("--set", change)]
    command("train", "--domains", "low", "high", *recipe, *settings, "--tracker", "own-tracker")
    run = tmp_path / "styleshift-workspace" / "runs" / "low-high"
    needed = {one["package"] for one in json.loads((run / "run.json").read_text())["requires"]}
    kinds = ("generator", "discriminator", "loss", "augmentation", "metric")
    assert needed == {f"styleshift-own-{kind}" for kind in kinds}
    figures = (run / "figures.csv").read_text()
    assert "losses.own-loss_x2y" in figures
    command("export")
    chosen = ("--vocoder", "own-vocoder", "--runtime", "own-runtime", *engine)
    command("convert", "tune.wav", "--from", "low", "--to", "high", *chosen)
    assert soundfile.info(tmp_path / "tune-high.wav").frames == len(sound)
    listed = command("plugins", "list")
    assert all(f"{one.name} 0.1.0" in listed and one.record in listed for one in site.made)
    assert "a-to-b" in command("models", "list")


def test_every_kind_has_its_templates_and_there_are_no_others() -> None:
    there = {
        path.name: {file.name for file in path.iterdir()} for path in TEMPLATES.iterdir() if path.is_dir()
    }
    assert there == {kind: {"module.py.j2", "test.py.j2", "usage.txt.j2"} for kind in KINDS}


@pytest.mark.parametrize(
    ("kind", "name", "said", "hint"),
    [
        ("generater", "mine", "no kind of plugin 'generater'", "styleshift plugins new generator mine"),
        ("generator", "My Thing", "'My Thing' cannot be a name", "lower-case"),
        ("generator", "seed", "there is a generator 'seed' already, from styleshift", "take another name"),
        ("models", "mine", "there are no models in", "`styleshift export`"),
    ],
)
def test_what_cannot_be_is_told(kind: str, name: str, said: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        new_package(kind, name, tmp_path / "new", tmp_path / "none")
    assert hint in caught.value.hint
    assert not (tmp_path / "new").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    made = new_package("recipe", "Styleshift-my.own", tmp_path / "new")
    assert (made.name, made.module, made.record) == ("styleshift-my-own", "styleshift_my_own", "my.own")
    assert (made.folder / "src/styleshift_my_own/my.own.toml").is_file()
    with pytest.raises(UsageError, match="exists already"):
        new_package("recipe", "my-own", tmp_path / "new")
