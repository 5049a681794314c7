"""Plugins as their users meet them: wheels, in a fresh environment, used by the installed command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest
import soundfile

PLUGINS = Path(__file__).parents[2] / "plugins"
RATE = 22050


def run(*words: str | Path, folder: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == code, f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


class Environment:
    """A virtual environment that sees this one's libraries, and packages of its own before them."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False)
        self.bin = folder / "bin"
        site = next((folder / "lib").glob("python*/site-packages"))
        # addsitedir also obeys the .pth files there: an editable installation is one.
        here = sysconfig.get_path("purelib")
        (site / "zz_libraries.pth").write_text(f"import site; site.addsitedir({here!r})\n")
        script = Path(sys.executable).with_name("styleshift").read_text().split("\n", 1)[1]
        command = self.bin / "styleshift"
        command.write_text(f"#!{self.bin / 'python'}\n{script}")
        command.chmod(0o755)

    def install(self, wheel: Path) -> None:
        options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--quiet"]
        words = [sys.executable, "-m", "pip", "--python", self.bin / "python", "install", *options, wheel]
        run(*words, folder=wheel.parent)

    def styleshift(self, folder: Path, *words: str, code: int = 0) -> list[dict]:
        done = run(self.bin / "styleshift", *words, "--json", folder=folder, code=code)
        return [json.loads(line) for line in done.stdout.splitlines()]


def build(plugin: str, into: Path) -> Path:
    """The wheel of an in-tree plugin; its folder is left as it is."""
    source = into / f"source-{plugin}"
    shutil.copytree(
        PLUGINS / plugin, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    )
    run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"),
        *("--disable-pip-version-check", "-w", into / "wheels", source),
        folder=into,
    )
    (wheel,) = (into / "wheels").glob(f"{plugin.replace('-', '_')}-*.whl")
    return wheel


def brought(events: list[dict]) -> dict[str, str]:
    return {event["name"]: event["package"] for event in events if event["event"] == "plugin"}


def music(seconds: float, hertz: float, decay: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    note = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 6))
    return (0.2 * note * np.exp(-decay * (time % 0.5))).astype(np.float32)


@pytest.mark.slow
def test_a_generator_and_a_vocoder_are_installed_trained_and_converted_with(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "env")
    assert "unet" not in brought(environment.styleshift(tmp_path, "plugins", "list"))
    for plugin in ("styleshift-unet", "styleshift-phase"):
        environment.install(build(plugin, tmp_path))
    there = brought(environment.styleshift(tmp_path, "plugins", "list"))
    assert (there["unet"], there["admm"]) == ("styleshift-unet", "styleshift-phase")

    for domain, decay in (("flute", 0.0), ("harp", 8.0)):
        for number in (1, 2):
            file = tmp_path / "audio" / domain / f"{number}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, music(4, 200 + 50 * number, decay), RATE)
    (tmp_path / "library").mkdir()
    soundfile.write(tmp_path / "library" / "tune.flac", music(3, 330, 0.0), RATE)

    small = ["generator.name=unet", "generator.channels=4", "generator.levels=2", "data.crop_frames=64"]
    settings = [word for value in [*small, "schedule.batch=1"] for word in ("--set", value)]
    environment.styleshift(tmp_path, "precompute", "./audio")
    environment.styleshift(tmp_path, "train", "--domains", "flute", "harp", "--steps", "2", *settings)
    written = json.loads((tmp_path / "styleshift-workspace/runs/flute-harp/run.json").read_text())
    assert written["requires"] == [{"package": "styleshift-unet", "version": "0.1.0"}]
    environment.styleshift(tmp_path, "export")

    # The exported model needs the generator's package no more; the run still does, and says which.
    options = ["uninstall", "--yes", "--quiet", "--disable-pip-version-check"]
    words = [sys.executable, "-m", "pip", "--python", environment.bin / "python", *options, "styleshift-unet"]
    run(*words, folder=tmp_path)
    refused = run(environment.bin / "styleshift", "export", folder=tmp_path, code=2)
    assert "needs the plugin styleshift-unet 0.1.0, which is not installed" in refused.stderr

    vocoder = ["--vocoder", "admm", "--vocoder-option", "iterations=4"]
    environment.styleshift(tmp_path, "convert", "./library", "--to", "harp", *vocoder)
    made, rate = soundfile.read(tmp_path / "library-harp" / "tune.flac")
    assert (rate, len(made)) == (RATE, 3 * RATE)
    assert np.isfinite(made).all()
    assert made.std() > 0.01
