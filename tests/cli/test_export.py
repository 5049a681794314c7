"""``styleshift export`` as it is installed, on a run whose training was skipped."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from installed import events, styleshift
from plain_operators import others

from styleshift.bundle.load import load_bundle
from styleshift.recipes import load_recipe
from styleshift.training.checkpoint import blank_statistics
from styleshift.training.files import CheckpointFolder
from styleshift.training.find import CHECKPOINTS, RUN_FILE
from styleshift.training.model import CycleGAN

SMALL = ["generator.channels=4", "generator.levels=1", "data.crop_frames=64"]


def export(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return styleshift("export", *words, cwd=folder)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the run ``first`` of the domains violin and piano, at steps 100 and 200."""
    home = tmp_path_factory.mktemp("home")
    run = home / "styleshift-workspace" / "runs" / "first"
    recipe = load_recipe("small", SMALL)
    (run / CHECKPOINTS).mkdir(parents=True)
    about = {
        "name": "first",
        "domains": ["violin", "piano"],
        "recipe": recipe.to_dict(),
        "seed": 0,
        "provenance": {"styleshift": "test"},
    }
    (run / RUN_FILE).write_text(json.dumps(about))
    model = CycleGAN(recipe, *blank_statistics(recipe))
    for step in (100, 200):
        tensors = {f"model.{name}": value.contiguous() for name, value in model.state_dict().items()}
        CheckpointFolder(run / CHECKPOINTS).save(tensors, {"step": step, "seconds": 1.0, "scalars": {}})
    return home


@pytest.mark.slow
def test_both_directions_are_written_once_and_again(home: Path) -> None:
    done = export(home, "--licence", "CC BY 4.0", "--keep-quiet", "20", "--json")
    assert done.returncode == 0, done.stderr
    made = events(done)
    models = home / "styleshift-workspace" / "models"
    assert [(event["source"], event["target"]) for event in made] == [
        ("violin", "piano"),
        ("piano", "violin"),
    ]
    assert sorted(path.name for path in models.iterdir()) == ["piano-to-violin.onnx", "violin-to-piano.onnx"]
    assert all(event["parity"] < 1e-3 and not event["replaced"] for event in made)
    metadata = load_bundle(models / "violin-to-piano.onnx").metadata
    assert metadata.licence == "CC BY 4.0"
    assert metadata.window_frames == 64
    assert metadata.provenance["step"] == 200
    assert metadata.provenance["export"] == {
        "run": "first",
        "checkpoint": "200",
        "licence": "CC BY 4.0",
        "keep_quiet": 20,
        "strength": 1,
    }
    assert not others(models / "violin-to-piano.onnx")
    assert metadata.recipe["generator"]["channels"] == 4
    elsewhere = export(home, "--checkpoint", "100", "--run", "first", "--output", "other")
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert load_bundle(home / "other" / "piano-to-violin.onnx").metadata.provenance["step"] == 100
    assert "piano-to-violin.onnx" in elsewhere.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--run", "second"], 10, "first"),
        (["--checkpoint", "newest"], 2, "best, last"),
        (["--checkpoint", "300"], 2, "100, 200"),
        (["--workspace", "elsewhere"], 10, "styleshift train"),
        (["--ensemble", "nope"], 10, "nope"),
        (["--run", "first", "--ensemble", "first"], 2, "run first is named twice for one --ensemble"),
    ],
)
def test_mistakes_are_told_in_two_lines(home: Path, words: list[str], code: int, said: str) -> None:
    done = export(home, *words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    told = done.stderr.splitlines()
    at = next(number for number, line in enumerate(told) if line.startswith("error: "))
    assert at <= 1, "only what is being read may come before"
    assert len(told) - at <= 2


def test_a_folder_that_cannot_be_written(home: Path) -> None:
    (home / "file").touch()
    done = export(home, "--output", "file/models")
    assert done.returncode == 2, done.stderr
    assert "cannot write" in done.stderr
