"""Plugins as their users meet them: wheels, in a fresh environment, used by the installed command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mediafile
import numpy as np
import pytest
import soundfile
from environments import Environment, build_wheels, run

PLUGINS = Path(__file__).parents[2] / "plugins"
ALL = sorted(file.parent.name for file in PLUGINS.glob("*/pyproject.toml"))
RATE = 22050


def build(into: Path) -> list[Path]:
    """The wheels of all in-tree plugins; their folders are left as they are."""
    unwanted = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    sources = [into / f"source-{plugin}" for plugin in ALL]
    for plugin, source in zip(ALL, sources, strict=True):
        shutil.copytree(PLUGINS / plugin, source, ignore=unwanted)
    return build_wheels(into / "wheels", *sources)


def brought(events: list[dict]) -> dict[str, str]:
    return {event["name"]: event["package"] for event in events if event["event"] == "plugin"}


def music(seconds: float, hertz: float, decay: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    note = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 6))
    return (0.2 * note * np.exp(-decay * (time % 0.5))).astype(np.float32)


@pytest.mark.slow
def test_all_are_installed_used_through_the_four_commands_and_removed(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "env")
    assert "unet" not in brought(environment.styleshift(tmp_path, "plugins", "list"))
    environment.install(build(tmp_path))
    there = brought(environment.styleshift(tmp_path, "plugins", "list"))
    assert set(there.values()) == {"styleshift", *ALL}

    for genre, decay in (("Flute", 0.0), ("Harp", 8.0)):
        for number in (1, 2):
            file = tmp_path / "audio" / f"{genre}-{number}.flac"
            file.parent.mkdir(exist_ok=True)
            soundfile.write(file, music(4, 200 + 50 * number, decay), RATE)
            tags = mediafile.MediaFile(file)
            tags.genre = genre
            tags.save()
    (tmp_path / "library").mkdir()
    soundfile.write(tmp_path / "library" / "tune.flac", music(3, 330, 0.0), RATE)

    small = ["generator.name=unet", "generator.channels=4", "generator.levels=1", "data.crop_frames=64"]
    live = ["losses.chroma.weight=0.1", "augmentations.room.wet=1", "schedule.validation_seconds=0"]
    settings = [word for value in [*small, *live, "schedule.batch=1"] for word in ("--set", value)]
    environment.styleshift(tmp_path, "precompute", "./audio", "--source-option", "tags.by=genre")
    environment.styleshift(tmp_path, "train", "--domains", "flute", "harp", "--steps", "2", *settings)
    written = json.loads((tmp_path / "styleshift-workspace/runs/flute-harp/run.json").read_text())
    assert {one["package"] for one in written["requires"]} == {"styleshift-live", "styleshift-unet"}
    environment.styleshift(tmp_path, "export")
    chosen = ["--vocoder", "admm", "--vocoder-option", "iterations=4", "--runtime", "openvino"]
    convert = ["convert", "./library", "--to", "harp"]
    environment.styleshift(tmp_path, *convert, *chosen)
    made, rate = soundfile.read(tmp_path / "library-harp" / "tune.flac")
    assert (rate, len(made)) == (RATE, 3 * RATE)
    assert np.isfinite(made).all()
    assert made.std() > 0.01

    # The exported model needs none of them; the run still does, and says which.
    environment.uninstall(*ALL)
    assert set(brought(environment.styleshift(tmp_path, "plugins", "list")).values()) == {"styleshift"}
    for words, said in (
        (["export"], "needs the plugin styleshift-live 0.1.0, which is not installed"),
        (
            ["train", "--resume", "--steps", "4"],
            "needs the plugin styleshift-live 0.1.0, which is not installed",
        ),
        ([*convert, "--vocoder", "admm"], "no vocoder 'admm'"),
        (["train", "--recipe", "live"], "no recipe 'live'"),
    ):
        refused = run(environment.bin / "styleshift", *words, folder=tmp_path, code=2)
        assert said in refused.stderr
        assert "pip install" in refused.stderr
    environment.styleshift(tmp_path, *convert, "--output", "again")
