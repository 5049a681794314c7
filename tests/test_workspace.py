"""Where settings come from, and which wins."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from styleshift.errors import ConfigError
from styleshift.workspace import setting, workspace


def test_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert setting("jobs") == 0
    user = Path(platformdirs.user_config_dir("styleshift")) / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text("jobs = 2\ndevice = 'cpu'\n")
    assert setting("jobs") == 2
    Path("styleshift.toml").write_text("jobs = 3\n")
    assert setting("jobs") == 3
    assert setting("device") == "cpu"
    monkeypatch.setenv("STYLESHIFT_JOBS", "4")
    assert setting("jobs") == 4
    assert setting("jobs", 5) == 5


def test_workspace_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert workspace().root == Path("styleshift-workspace")
    monkeypatch.setenv("STYLESHIFT_WORKSPACE", "/elsewhere")
    assert workspace().models == Path("/elsewhere/models")
    assert workspace(Path("here")).runs == Path("here/runs")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [("jobs = -1", "jobs"), ("jobs = 'two'", "jobs"), ("job = 1", "job"), ("jobs = [", "styleshift.toml")],
)
def test_a_wrong_file_is_named(
    text: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("styleshift.toml").write_text(text)
    with pytest.raises(ConfigError, match=named):
        setting("jobs")


@pytest.mark.parametrize("value", ["-1", "two", "1.5"])
def test_a_wrong_variable_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLESHIFT_JOBS", value)
    with pytest.raises(ConfigError, match="STYLESHIFT_JOBS"):
        setting("jobs")


def test_a_mistyped_key_gets_a_suggestion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("styleshift.toml").write_text('recpe = "small"')
    with pytest.raises(ConfigError) as caught:
        setting("jobs")
    assert caught.value.hint == "did you mean 'recipe'?"
