"""``styleshift train`` as it is typed; how it trains is tested in tests/training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from styleshift.cli.app import app
from styleshift.errors import ConfigError, LockedError, StyleshiftError, UsageError
from styleshift.remote import Store
from styleshift.remote.lease import Lease
from styleshift.remote.workspace import LEASES
from styleshift.training import run as run_module
from styleshift.training.trainer import RunResult
from styleshift.workspace import Workspace

runner = CliRunner()


@pytest.fixture
def calls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """What the command asks the trainer to do, with the training left out."""
    found: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    monkeypatch.chdir(tmp_path)

    def fake(name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> RunResult:
            found.append((name, args, kwargs))
            return RunResult("a-b", tmp_path / "runs" / "a-b", 5, 1.5)

        return call

    monkeypatch.setattr(run_module, "start_run", fake("start"))
    monkeypatch.setattr(run_module, "resume_run", fake("resume"))
    return found


def test_the_command_of_the_readme(calls: list[Any]) -> None:
    result = runner.invoke(app, ["train", "--domains", "country", "classical"], catch_exceptions=False)
    assert result.exit_code == 0
    (name, (place, domains, recipe), options) = calls[0]
    assert (name, domains, recipe.name, options["name"]) == ("start", ("country", "classical"), "small", None)
    assert str(place.root) == "styleshift-workspace"
    assert "a-b" in result.stdout


def test_options_reach_the_recipe(calls: list[Any]) -> None:
    words = (
        "train --domains a b --recipe seed --set generator.channels=8 --set loss.cycle=3 --steps 7 --seed 4"
    )
    runner.invoke(app, [*words.split(), "--name", "mine", "--device", "cpu"], catch_exceptions=False)
    _, (_, _, recipe), options = calls[0]
    assert recipe.generator.options["channels"] == 8
    assert (recipe.loss.cycle, recipe.schedule.steps) == (3.0, 7)
    assert (options["seed"], options["name"], options["device"]) == (4, "mine", "cpu")


def test_minutes_alone_end_the_run(calls: list[Any]) -> None:
    runner.invoke(app, ["train", "--domains", "a", "b", "--minutes", "30"], catch_exceptions=False)
    assert calls[0][1][2].schedule.minutes == 30
    assert calls[0][1][2].schedule.steps == 0
    runner.invoke(
        app, ["train", "--domains", "a", "b", "--minutes", "30", "--steps", "9"], catch_exceptions=False
    )
    assert calls[1][1][2].schedule.steps == 9


def test_resume_needs_no_other_option(calls: list[Any]) -> None:
    runner.invoke(app, ["train", "--resume"], catch_exceptions=False)
    assert calls[0][0] == "resume"
    assert calls[0][1][1] is None
    runner.invoke(app, ["train", "--resume", "--name", "mine", "--steps", "9"], catch_exceptions=False)
    assert calls[1][1][1] == "mine"
    assert calls[1][2]["steps"] == 9


def test_the_setting_of_the_environment_is_the_default(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLESHIFT_RECIPE", "seed")
    runner.invoke(app, ["train", "--domains", "a", "b"], catch_exceptions=False)
    runner.invoke(app, ["train", "--domains", "a", "b", "--recipe", "small"], catch_exceptions=False)
    assert [call[1][2].name for call in calls] == ["seed", "small"]


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ("train --resume --domains a b", UsageError, "--domains is not given"),
        ("train --resume --set loss.cycle=1", UsageError, "--set is not given"),
        ("train --domains a b --recipe huge", ConfigError, "no recipe 'huge'"),
        ("train --domains a b --set loss.cycel=1", ConfigError, "loss.cycel"),
    ],
)
def test_errors(calls: list[Any], words: str, error: type[StyleshiftError], text: str) -> None:
    with pytest.raises(error, match=text):
        runner.invoke(app, words.split(), catch_exceptions=False)
    assert calls == []


def test_json_is_one_line_on_stdout(calls: list[Any]) -> None:
    import json

    result = runner.invoke(app, ["train", "--domains", "a", "b", "--json"], catch_exceptions=False)
    assert json.loads(result.stdout)["step"] == 5


def test_a_domain_may_have_a_name_that_looks_like_an_option(calls: list[Any]) -> None:
    runner.invoke(app, ["train", "--domains", "-x", "b"], catch_exceptions=False)
    assert len(calls) == 1


def test_a_forgotten_domain_is_named(calls: list[Any]) -> None:
    result = runner.invoke(app, ["train", "--domains", "a", "--name", "mine"])
    assert isinstance(result.exception, UsageError)
    assert "takes two names, but '--name' is given for one" in result.exception.message
    assert calls == []


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_workspace_at_an_address_is_fetched_and_what_the_first_process_made_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rank: str
) -> None:
    pytest.importorskip("fsspec")
    store = Store(f"file://{tmp_path / 'store'}")
    store.write("spectrograms/a/manifest.json", b"1")
    store.write("spectrograms/c/manifest.json", b"not asked for")
    found: list[bool] = []

    def start(place: Workspace, *_: Any, **__: Any) -> RunResult:
        found.extend((place.spectrograms / domain / "manifest.json").exists() for domain in "ac")
        (place.runs / "mine").mkdir(parents=True)
        (place.runs / "mine" / "run.json").write_text("{}")
        return RunResult("mine", place.runs / "mine", 5, 1.5)

    monkeypatch.setattr(run_module, "start_run", start)
    given = {"RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "here", "MASTER_PORT": "1"}
    for name, value in {"STYLESHIFT_CACHE": str(tmp_path / "cache"), **given}.items():
        monkeypatch.setenv(name, value)
    words = ["train", "--domains", "a", "b", "--name", "mine", "--workspace", store.address]
    result = runner.invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert found == [True, False]
    assert store.there("runs/mine/run.json") == (rank == "0")


def test_the_name_of_a_run_in_a_store_is_taken_before_it_is_worked_on(
    calls: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fsspec")
    monkeypatch.setenv("STYLESHIFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("styleshift.remote.lease.BEAT_SECONDS", 0.2)
    monkeypatch.setattr("styleshift.training.find.find_run", lambda place: place.runs / "other")
    store = Store(f"memory://{tmp_path}")
    store.write("runs/a-b/checkpoints/step-00000010.safetensors", b"")
    for style in "ab":
        store.write(f"spectrograms/{style}/corpus.json", b"{}")
    for words, name in ((["--domains", "a", "b"], "a-b-2"), ([], "a-b-2"), (["--resume"], "other")):
        command = ["train", *words, "--workspace", store.address]
        with Lease(store, LEASES, f"run-{name}"), pytest.raises(LockedError):
            runner.invoke(app, command, catch_exceptions=False)
    assert calls == []
