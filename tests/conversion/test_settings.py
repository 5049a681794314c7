"""What a conversion is asked to do."""

from __future__ import annotations

import pickle
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from styleshift.cli import app
from styleshift.cli.convert import convert
from styleshift.cli.flags import in_flags
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import ConfigError
from styleshift.user_settings import UserSettings


def test_the_key_tells_what_changes_the_sound() -> None:
    plain = ConvertSettings()
    assert plain.key("a") == ConvertSettings(device="cuda", runtime="onnxruntime").key("a")
    others = [
        plain.key("b"),
        ConvertSettings(audio_format="flac").key("a"),
        ConvertSettings(strength=0.5).key("a"),
        ConvertSettings(vocoder="pghi").key("a"),
        ConvertSettings(vocoder_options={"iterations": "3"}).key("a"),
    ]
    assert len({plain.key("a"), *others}) == 6
    assert plain.key("a") == ConvertSettings(strength=1.0).key("a")
    assert plain.key("a") == ConvertSettings(salvage=True).key("a")  # of a whole file it changes nothing


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        ({"jobs": -3}, "a whole number from 1, or none"),
        ({"jobs": 2.5}, "a whole number from 1, or none"),
        ({"limit": -3}, "a whole number from 1, or none"),
        ({"stall_seconds": -1}, "a number above 0"),
        ({"strength": 1.6}, "a number from 0 to 1.5, or none"),
        ({"include": "*.flac"}, "a list of which each is text"),  # not its letters
        ({"shard": (0, 2)}, "(i, n) with i from 1 to n"),
        ({"shard": (3, 2)}, "(i, n) with i from 1 to n"),
        ({"overwrite": "perhaps"}, "one of never, stale, always"),
        ({"salvage": 1}, "true or false"),
        ({"vocoder": None}, "text"),
    ],
)
def test_what_is_out_of_range_is_a_mistake(wrong: dict[str, Any], wanted: str) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ConfigError) as made:
        ConvertSettings(**wrong)
    with pytest.raises(ConfigError) as changed:
        replace(ConvertSettings(), **wrong)
    assert made.value.message == changed.value.message == f"{name} is {value!r}; it must be {wanted}"


def test_a_name_that_is_nearly_right_is_told_in_the_words_of_python_or_the_command() -> None:
    assert app  # declares the commands
    with pytest.raises(ConfigError) as caught:
        ConvertSettings(strenght=0.5)  # type: ignore[call-arg]
    assert caught.value.message == "ConvertSettings has no option 'strenght'"
    assert caught.value.hint == "did you mean `strength`?"
    assert in_flags(caught.value.hint, "convert") == "did you mean --strength?"
    with pytest.raises(ConfigError, match=r"did you mean 'stale'\?"):
        ConvertSettings(overwrite="stall")  # type: ignore[arg-type]


def test_they_travel_to_workers_as_they_are() -> None:
    made = ConvertSettings(output=Path("x"), include=["*/live/*"], shard=(1, 2), vocoder_options={"a": "1"})
    assert pickle.loads(pickle.dumps(made)) == made
    assert (made.output, made.include, made.shard) == (Path("x"), ["*/live/*"], (1, 2))
    assert ConvertSettings(shard=[1, 2]).shard == (1, 2)  # type: ignore[arg-type]


def test_the_command_and_a_persons_settings_begin_with_the_same() -> None:
    """They stand apart, since the command's help must not wait for what reads the others."""
    own, words = ConvertSettings(), signature(convert).parameters
    for name in ("audio_format", "overwrite", "stall_seconds"):
        assert words[name].default.default == getattr(own, name)
    for name in ("vocoder", "runtime", "device", "engine"):
        assert getattr(UserSettings(), name) == getattr(own, name)
