"""What a conversion is asked to do."""

from __future__ import annotations

from inspect import signature
from typing import Any

import pytest

from styleshift.cli.convert import convert
from styleshift.conversion.settings import ConvertSettings, checked
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
    "wrong", [{"jobs": -3}, {"jobs": 0}, {"shard": (0, 2)}, {"shard": (3, 2)}, {"overwrite": "perhaps"}]
)
def test_what_is_out_of_range_is_a_mistake(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))} is "):
        checked(ConvertSettings(**wrong))


def test_the_command_and_a_persons_settings_begin_with_the_same() -> None:
    """They stand apart, since the command's help must not wait for what reads the others."""
    own, words = ConvertSettings(), signature(convert).parameters
    for name in ("audio_format", "overwrite", "stall_seconds"):
        assert words[name].default.default == getattr(own, name)
    for name in ("vocoder", "runtime", "device", "engine"):
        assert getattr(UserSettings(), name) == getattr(own, name)
