"""Settings are checked by pydantic and refused in our words."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from styleshift.errors import ConfigError
from styleshift.validation import settings, validate


@settings
class Inner:
    size: int = Field(default=4, ge=1, le=64, description="How large.")
    ratio: float = Field(default=0.5, gt=0, description="How much.")
    kind: Literal["plain", "fine"] = "plain"
    names: tuple[str, ...] = ()
    place: Path = Path()

    def __post_init__(self) -> None:
        if self.kind == "fine" and self.size < 2:
            raise ConfigError("fine needs a size of 2", "take size=2")


@settings
class Outer:
    inner: Inner = Inner()
    label: Annotated[str, Field(min_length=1)] = "x"


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({"size": 0}, "size is 0; it must be a whole number from 1 to 64", ""),
        ({"size": True}, "size is True; it must be a whole number from 1 to 64", ""),
        ({"size": 2.0}, "size is 2.0; it must be a whole number from 1 to 64", ""),
        ({"ratio": float("nan")}, "ratio is nan; it must be a number above 0", ""),
        ({"ratio": 0}, "ratio is 0; it must be a number above 0", ""),
        ({"kind": "coarse"}, "kind is 'coarse'; it must be one of plain, fine", ""),
        ({"kind": "plian"}, "kind is 'plian'; it must be one of plain, fine", "did you mean 'plain'?"),
        ({"kind": "fine", "size": 1}, "fine needs a size of 2", "take size=2"),
        ({"names": [1]}, "names is [1]; it must be a list of which each is text", ""),
        ({"place": 3}, "place is 3; it must be a path", ""),
    ],
)
def test_what_is_wrong_is_said_wherever_it_is_made(values: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Inner(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    assert caught.value.message.replace("(1,)", "[1]") == message
    assert caught.value.hint == hint
    with pytest.raises(ConfigError) as caught:
        validate(Outer, {"inner": values}, "file a.toml")
    path = "inner." if hint or " is " in message else ""
    assert (caught.value.message, caught.value.hint) == (f"file a.toml: {path}{message}", hint)


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({"inner": {"sise": 1}}, "file a.toml has no key 'inner.sise'", "did you mean 'inner.size'?"),
        ({"inter": {}}, "file a.toml has no key 'inter'", "did you mean 'inner'?"),
        ({"zzz": 1}, "file a.toml has no key 'zzz'", "it has: inner, label"),
        ({"inner": 3}, "file a.toml: inner is 3; it must be a table", ""),
        ({"label": ""}, "file a.toml: label is ''; it must be text that is not empty", ""),
        ({"label": {1, 2}}, "file a.toml: label is {1, 2}; it must be text that is not empty", ""),
    ],
)
def test_a_table_is_held_against_its_fields(values: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(Outer, values, "file a.toml")
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_call_is_told_the_name_that_was_meant() -> None:
    with pytest.raises(ConfigError) as caught:
        Inner(sise=1)  # type: ignore[call-arg]
    assert (caught.value.message, caught.value.hint) == ("Inner has no option 'sise'", "did you mean `size`?")


def test_tables_lists_and_paths_become_what_the_fields_want() -> None:
    made = validate(Outer, {"inner": {"size": 2, "ratio": 1, "names": ["a", "b"], "place": "x/y"}}, "it")
    assert made == Outer(Inner(2, 1.0, "plain", ("a", "b"), Path("x/y")))
    assert type(made.inner.ratio) is float


def test_settings_are_frozen_and_travel() -> None:
    made = Outer(Inner(size=7))
    with pytest.raises(FrozenInstanceError):
        made.label = "y"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(made)) == made
    assert replace(made.inner, size=8).size == 8
    with pytest.raises(ConfigError, match="size is 65"):
        replace(made.inner, size=65)
    with pytest.raises(ConfigError, match="size is 'a'"):
        Inner("a")  # type: ignore[arg-type]


def test_text_that_is_no_utf8_is_an_error_of_the_users() -> None:
    with pytest.raises(ConfigError, match="it: a value"):
        validate(Outer, {"label": "caf\udce9"}, "it")


def test_a_light_import_is_without_it() -> None:
    code = "import sys, styleshift.cli.app; print({'pydantic', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
