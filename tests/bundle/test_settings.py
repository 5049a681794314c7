"""The options of an export: their limits, what a model notes of them, and how they are written."""

from __future__ import annotations

import json
import math
import shlex
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from styleshift.bundle import run as run_module
from styleshift.bundle.settings import ExportSettings
from styleshift.cli import app
from styleshift.cli.export import export
from styleshift.cli.flags import flags_of, in_flags
from styleshift.errors import ConfigError

OF_ONE = ExportSettings(
    run="my run",
    checkpoint="2000+last",
    output="models of mine",
    licence="CC BY 4.0",
    card="card.toml",
    strength=0.0,
    generator_share=0.5,
    match_spectrum=True,
    match_variance=True,
    smooth_frames=-0.08,
    smooth_bins=0.123456789,
    keep_quiet=20,
)
OF_SEVERAL = ExportSettings(run="a", ensemble=("b", "it's c"), checkpoint="last")


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        ({"smooth_frames": 0.31}, "a number from -0.1 to 0.3"),
        ({"smooth_bins": -0.11}, "a number from -0.1 to 0.3"),
        ({"smooth_bins": math.nan}, "a number from -0.1 to 0.3"),
        ({"keep_quiet": 4.9}, "a number from 5 to 60"),
        ({"keep_quiet": math.nan}, "a number from 5 to 60"),
        ({"strength": 1.6}, "a number from 0 to 1.5"),
        ({"generator_share": 0.05}, "a number from 0.1 to 1"),
        ({"generator_share": 1.1}, "a number from 0.1 to 1"),
        ({"match_spectrum": 1}, "true or false"),
        ({"ensemble": "ab"}, "a list of which each is text"),
    ],
)
def test_what_is_out_of_range_is_a_mistake(wrong: dict[str, Any], wanted: str) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ConfigError) as caught:
        ExportSettings(**wrong)
    assert caught.value.message.startswith(f"{name} is {value!r}; it must be {wanted}")


def test_the_variance_of_an_ensemble_is_refused() -> None:
    with pytest.raises(ConfigError, match="the variance of an `ensemble` cannot be matched") as caught:
        ExportSettings(ensemble=["nobody"], match_variance=True)
    assert "leave out `match_variance`" in caught.value.hint


def test_a_model_notes_what_is_not_as_by_default_and_no_folder() -> None:
    assert ExportSettings().to_dict() == {"checkpoint": "best", "strength": 1.0}
    every = {field.name for field in fields(ExportSettings)}
    assert OF_ONE.to_dict().keys() == every - {"output", "ensemble"}
    assert OF_SEVERAL.to_dict().keys() == {"run", "ensemble", "checkpoint", "strength"}
    for asked in (OF_ONE, OF_SEVERAL):
        noted = json.loads(json.dumps(asked.to_dict()))
        assert ExportSettings.from_dict({**noted, "output": asked.output}) == asked
    assert ExportSettings(card=Path("/home/me/a.toml")).to_dict()["card"] == "a.toml"


def test_every_option_is_one_of_the_command() -> None:
    assert {field.name for field in fields(ExportSettings)} <= set(flags_of("export"))
    parameters = signature(export).parameters
    for field in fields(ExportSettings):
        given = parameters[field.name].default.default
        assert (given or None) == (getattr(ExportSettings(), field.name) or None)


@pytest.mark.parametrize("asked", [ExportSettings(), OF_ONE, OF_SEVERAL])
def test_options_as_they_are_written_are_understood_by_the_command(
    asked: ExportSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def seen(place: object, settings: ExportSettings, **more: object) -> None:
        found.append(settings)
        raise ConfigError("that is enough")

    found: list[ExportSettings] = []
    monkeypatch.setattr(run_module, "export_run", seen)
    line = in_flags(" ".join(["`styleshift export`", *asked.options()]))
    _, *words = shlex.split(line.replace("`", ""))
    CliRunner().invoke(app.app, [*words, "--workspace", str(tmp_path)])
    (settings,) = found
    assert ExportSettings(**{**_values(settings), "output": asked.output, "card": asked.card}) == asked
    assert str(settings.output or "") == str(asked.output or "")
    assert str(settings.card or "") == str(asked.card or "")


def _values(settings: ExportSettings) -> dict[str, Any]:
    return {field.name: getattr(settings, field.name) for field in fields(settings)}
