"""``styleshift models``: what it shows, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from styleshift.cli.app import app
from styleshift.models import shelf
from styleshift.workspace import user_models


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shelf, "packaged_models", lambda: {"shipped": tmp_path / "shipped"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["models", *words])
    assert done.exit_code == code, done.output
    return done.stdout


def test_a_models_whole_life(models: ModuleType, place: Path) -> None:
    assert call("list") == ""
    file = models.make_model(place / "reed.onnx")
    (event,) = map(json.loads, call("add", str(file), "--json").splitlines())
    assert (event["event"], event["name"], event["place"]) == ("added", "reed", "user")
    assert "country" in call("list")
    (event,) = map(json.loads, call("list", "--json").splitlines())
    assert event["bytes"] == file.stat().st_size
    assert "country to classical" in call("show", "reed")
    (event,) = map(json.loads, call("show", "reed", "--json").splitlines())
    assert event["card"] == {}
    command = "styleshift convert ./FOLDER --from country --to classical"
    assert event["usage"] == command
    assert f"\n  {command}\n" in call("show", "reed")
    assert f"\n  {command} --workspace 'my shelf'\n" in call("show", "reed", "--workspace", "my shelf")
    nearer = models.make_model(place / "my shelf/models/nearer.onnx")  # of the same styles
    beside = call("show", "reed", "--workspace", "my shelf")
    assert f"\n  styleshift convert ./FOLDER --model {user_models() / 'reed.onnx'}\n" in beside
    nearer.unlink()
    assert "intact, and runs here" in call("verify")
    assert "deleted" in call("remove", "reed")
    assert call("list") == ""


def test_a_damaged_file_fails_the_check_of_all(models: ModuleType, place: Path) -> None:
    models.make_model(user_models() / "a.onnx")
    (user_models() / "b.onnx").write_bytes(b"nothing")
    (event,) = map(json.loads, call("verify", "--json", code=3).splitlines())
    assert (event["name"], event["ok"]) == ("a", True)
