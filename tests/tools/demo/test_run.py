"""What the demonstration does around the four commands.

Of demo.__main__.
"""

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import pytest
from demo import __main__ as demo
from demo.material import LIBRARY

from styleshift import workspace
from styleshift.errors import UsageError
from styleshift.user_settings import UserSettings


def test_a_folder_of_someone_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="not empty"):
        demo._prepare(tmp_path)
    assert (tmp_path / "audio" / "mine.txt").read_text() == "keep"


def test_a_second_demo_replaces_the_first_and_nothing_else(tmp_path: Path) -> None:
    demo._prepare(tmp_path / "new")
    (tmp_path / "new" / "library").mkdir()
    (tmp_path / "new" / "notes.txt").write_text("keep")
    demo._prepare(tmp_path / "new")
    assert not (tmp_path / "new" / "library").exists()
    assert (tmp_path / "new" / "notes.txt").read_text() == "keep"


def test_a_command_is_shown_as_it_is_typed_and_own_settings_stay_out(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLESHIFT_WORKSPACE", "/nowhere/at/all")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        demo._command(tmp_path, "precompute", "no such folder")
    assert caught.value.returncode in (2, 10)
    shown = capfd.readouterr()
    assert "$ styleshift precompute 'no such folder'" in shown.out
    assert "/nowhere" not in shown.err
    assert "Traceback" not in shown.err


def test_a_model_that_ships_is_heard_first(
    models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed: list[tuple[str, ...]] = []
    monkeypatch.setattr(demo, "_command", lambda folder, *words: typed.append(words))
    monkeypatch.setattr(workspace, "shipped_models", lambda: tmp_path / "shipped")
    assert demo._taste(tmp_path) == []
    models.make_model(tmp_path / "shipped" / "violin-to-piano.onnx", source="violin", target="piano")
    ((_, source, heard),) = demo._taste(tmp_path)
    (words,) = typed
    assert words[0] == "convert"
    assert (tmp_path / words[1], tmp_path / words[-1]) == (source, heard)
    assert words[2:6] == ("--from", "violin", "--to", "piano")
    assert source.relative_to(tmp_path / "library").as_posix() == LIBRARY[0].path


def test_a_persons_configuration_file_stays_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "styleshift"
    home.mkdir(parents=True)
    (home / "config.toml").write_text('workspace = "/precious/workspace"\nrecipe = "seed"\njobs = 7\n')
    monkeypatch.setattr(workspace.platformdirs, "user_config_dir", lambda _: str(home))
    monkeypatch.setenv("STYLESHIFT_RECIPE", "mine")
    monkeypatch.setenv("STYLESHIFT_DEVICE", "cpu")
    monkeypatch.setenv("STYLESHIFT_DISABLE_PLUGINS", "1")
    given = demo._environment()
    monkeypatch.setattr(workspace.os, "environ", given)
    defaults = asdict(UserSettings())
    found = {key: workspace.setting(key) for key in defaults}
    assert found == {**defaults, "device": "cpu"}
    assert given["STYLESHIFT_DISABLE_PLUGINS"] == "1"
    assert "PATH" in given


def test_a_wrong_folder_is_two_plain_lines(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    command = [sys.executable, "-m", "demo", str(tmp_path)]
    given = {**os.environ, "PYTHONPATH": str(Path(demo.__file__).parents[1])}
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert "not empty" in done.stderr
