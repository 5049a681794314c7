"""Options: values from recipes and command lines against the types of a dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from styleshift.errors import ConfigError, PluginError
from styleshift.hooks.options import build_config, coerce, fit


@dataclass(frozen=True)
class Options:
    channels: int = 64
    slope: float = 0.2
    residual: bool = True
    norm: Literal["instance", "batch"] = "instance"
    widths: tuple[int, ...] = (1, 2)
    limit: int | None = None
    font: Path = Path()
    label: str = ""
    either: str | int = 0
    made: int = field(default=7, init=False)

    def __post_init__(self) -> None:
        if self.channels > 1024:
            raise ValueError(f"channels is {self.channels}; at most 1024")


@pytest.mark.parametrize(
    ("key", "given", "wanted"),
    [
        ("channels", 32, 32),
        ("channels", "32", 32),
        ("slope", 1, 1.0),
        ("slope", "1e-3", 0.001),
        ("residual", "false", False),
        ("residual", True, True),
        ("norm", "batch", "batch"),
        ("widths", [3, 4, 5], (3, 4, 5)),
        ("widths", "3, 4,5", (3, 4, 5)),
        ("limit", "9", 9),
        ("limit", None, None),
        ("limit", "none", None),
        ("font", "a/b.sf2", Path("a/b.sf2")),
        ("label", "3", "3"),
        ("either", "3", 3),
        ("either", "three", "three"),
    ],
)
def test_a_value_becomes_what_its_field_wants(key, given, wanted):
    made = getattr(build_config(Options, {key: given}, "generator 'x'"), key)
    assert made == wanted
    assert type(made) is type(wanted)


@pytest.mark.parametrize(
    ("key", "given", "wanted"),
    [
        ("channels", 1.5, "a whole number"),
        ("channels", True, "a whole number"),
        ("channels", "many", "a whole number"),
        ("slope", "nan", "a number"),
        ("slope", False, "a number"),
        ("residual", 1, "true or false"),
        ("residual", "yes", "true or false"),
        ("norm", "layer", "one of instance, batch"),
        ("widths", 3, "a list of which each is a whole number"),
        ("widths", ["a"], "a list of which each is a whole number"),
        ("limit", "x", "a whole number or none"),
        ("label", 3, "text"),
    ],
)
def test_a_value_of_another_type_is_named_with_what_is_wanted(key, given, wanted):
    with pytest.raises(ConfigError) as caught:
        build_config(Options, {key: given}, "generator 'x'")
    assert caught.value.message == f"generator 'x' option {key!r} is {given!r}; it must be {wanted}"


@pytest.mark.parametrize("key", ["chanels", "made"])
def test_an_unknown_option_lists_those_there_are(key):
    with pytest.raises(ConfigError, match=f"has no option '{key}'; it has: channels, either"):
        build_config(Options, {key: 1}, "generator 'x'")


def test_a_mistyped_option_gets_a_suggestion():
    with pytest.raises(ConfigError) as caught:
        build_config(Options, {"chanels": 1}, "vocoder 'x'")
    assert caught.value.hint == "did you mean 'channels'?"


def test_a_value_that_the_dataclass_refuses_is_the_users_error_too():
    with pytest.raises(ConfigError, match="generator 'x': channels is 2000; at most 1024"):
        build_config(Options, {"channels": 2000}, "generator 'x'")


def test_a_config_without_defaults_is_the_plugins_error():
    @dataclass
    class Bare:
        channels: int

    with pytest.raises(PluginError, match="field without a default: channels"):
        build_config(Bare, {}, "generator 'x'")


def test_annotations_that_cannot_be_resolved_are_judged_by_the_default():
    @dataclass
    class Local:
        size: Nowhere = 3  # type: ignore[name-defined]  # noqa: F821

    assert build_config(Local, {"size": "4"}, "x").size == 4


def test_fixed_length_tuples_are_counted():
    assert fit("1,2", tuple[int, float], "x") == (1, 2.0)
    with pytest.raises(ConfigError, match="a list of 2 values"):
        fit("1", tuple[int, float], "x")


def test_coerce_takes_its_type_from_a_default():
    assert coerce("3", 1, "x") == 3
    assert coerce("3", None, "x") == "3"
    with pytest.raises(ConfigError, match="x is 'y'; it must be a number"):
        coerce("y", 0.5, "x")
