"""Options: values from recipes and command lines against the fields of a config."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from styleshift.errors import ConfigError, PluginError
from styleshift.hooks.options import build_config


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
    names: tuple[str, ...] = ()
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
        ("widths", "[3, 4]", (3, 4)),
        ("names", '["a", b]', ("a", "b")),
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
        ("limit", "x", "a whole number, or none"),
        ("label", 3, "text"),
    ],
)
def test_a_value_of_another_type_is_named_with_what_is_wanted(key, given, wanted):
    with pytest.raises(ConfigError) as caught:
        build_config(Options, {key: given}, "generator 'x'")
    assert caught.value.message == f"generator 'x': {key} is {given!r}; it must be {wanted}"


@pytest.mark.parametrize(
    ("key", "meant"), [("chanels", "did you mean 'channels'?"), ("made", "it has: channels, slope, residual")]
)
def test_an_unknown_option_lists_those_there_are(key, meant):
    with pytest.raises(ConfigError, match=f"has no option '{key}'") as caught:
        build_config(Options, {key: 1}, "generator 'x'")
    assert meant in caught.value.hint


def test_a_value_that_the_dataclass_refuses_is_the_users_error_too():
    with pytest.raises(ConfigError, match="generator 'x': channels is 2000; at most 1024"):
        build_config(Options, {"channels": 2000}, "generator 'x'")


def test_a_config_without_defaults_is_the_plugins_error():
    @dataclass
    class Bare:
        channels: int

    with pytest.raises(PluginError, match="field without a default: channels"):
        build_config(Bare, {}, "generator 'x'")


def test_annotations_that_cannot_be_resolved_are_the_plugins_error():
    @dataclass
    class Local:
        size: Nowhere = 3  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(PluginError, match="annotations that cannot be used at run time"):
        build_config(Local, {"size": "4"}, "x")


@pytest.mark.parametrize("given", ["1,2", "1, 2", [1, 2], (1, 2)])
def test_fixed_length_tuples_are_counted(given):
    @dataclass
    class Pair:
        pair: tuple[int, float] = (0, 0.0)

    assert build_config(Pair, {"pair": given}, "x").pair == (1, 2.0)
    with pytest.raises(ConfigError, match="a list of 2 values"):
        build_config(Pair, {"pair": given[:1]}, "x")


def test_ranges_of_an_annotated_dataclass_and_of_a_pydantic_model_are_held():
    @dataclass
    class Annotations:
        size: Annotated[int, Field(ge=1, le=9, multiple_of=2)] = 4

    class Model(BaseModel):
        size: int = Field(4, ge=1, le=9, multiple_of=2)

    for config in (Annotations, Model):
        assert build_config(config, {"size": "8"}, "x").size == 8
        with pytest.raises(ConfigError) as caught:
            build_config(config, {"size": 11}, "x")
        assert caught.value.message == "x: size is 11; it must be a whole number from 1 to 9 in steps of 2"
        with pytest.raises(ConfigError, match="x has no option 'sise'"):
            build_config(config, {"sise": 1}, "x")
