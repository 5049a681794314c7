"""Options of plugins: from the words of a recipe or a command line to a spec's config."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError

from styleshift.errors import PluginError, StyleshiftError
from styleshift.validation import schema_of, validate
from styleshift.validation.describe import Schema, adapter_of, alternatives, resolved

_WORDS: dict[str, tuple[str, Any]] = {
    "true": ("boolean", True),
    "false": ("boolean", False),
    "none": ("null", None),
}


def build_config(config: type, values: Mapping[str, Any], owner: str) -> Any:
    """Make a spec's config from recipe or command-line values.

    Each value must fit the annotation of its field. Text is read as what the field wants (``"8"`` as a
    whole number, ``"a,b,c"`` or ``"[a, b, c]"`` as a list), since that is what a command line gives.

    Args:
        config: a dataclass or a pydantic model; every field of it has a default.
        values: by field name.
        owner: whom to name in an error, as ``generator 'seed'``.

    Raises:
        ConfigError: an unknown key, a value of another type or out of range, or one that the config refuses.
        PluginError: ``config`` is no config class.
    """
    if wrong := config_problem(config):
        raise PluginError(f"{owner}: its config {wrong}")
    schema = schema_of(config)
    known = schema.get("properties", {})
    read = {
        key: _read(value, resolved(known[key], schema), schema)
        if isinstance(value, str) and key in known
        else value
        for key, value in values.items()
    }
    try:
        return validate(config, read, owner, "option")
    except StyleshiftError:
        raise
    except Exception as error:  # what its author wrote to check it may raise anything
        raise PluginError(
            f"{owner}: checking its options raised {type(error).__name__}: {error}", "report it to its author"
        ) from error


def config_problem(config: object) -> str:
    """What keeps ``config`` from being a spec's config class; empty where nothing does."""
    if not isinstance(config, type) or not (is_dataclass(config) or issubclass(config, BaseModel)):
        return f"is {config!r}, which is no dataclass"
    try:
        required = schema_of(config).get("required", [])
    except (PydanticUserError, NameError, TypeError) as error:
        first = str(error).strip().splitlines()[0]
        return f"has annotations that cannot be used at run time: {first}"
    if required:
        return f"has a field without a default: {required[0]}"
    try:
        made = config()
    except Exception as error:
        return f"refuses its own defaults: {error}"
    try:  # a plain dataclass checks nothing when it is made
        adapter_of(config).dump_json(made, warnings="error")
    except PydanticSerializationError as error:
        found = re.search(r"Expected `(.+?)`.*field_name='(.+?)', input_value=(.*?), input_type", str(error))
        what = f"{found[2]} = {found[3]} is no {found[1]}" if found else str(error)
        return f"has a default that does not fit: {what}"
    return ""


def _read(text: str, wanted: Schema, root: Schema) -> Any:
    """``text`` as what a field wants, where it reads as that; else as it is, for the check to refuse.

    Text fits every field that takes text, so all else is tried first: ``"3"`` for ``int | str`` is 3.
    """
    members = [resolved(member, root) for member in alternatives(wanted)]
    kinds = {member.get("type") for member in members}
    kind, value = _WORDS.get(text.lower(), ("", None))
    if kind in kinds:
        return value
    numbers: list[Callable[[str], int | float]] = [int] if kinds & {"integer", "number"} else []
    numbers += [float] if "number" in kinds else []
    for number in numbers:
        with suppress(ValueError):
            value = number(text)
            return value if math.isfinite(value) else text
    for member in members:
        if member.get("type") == "array" and "string" not in kinds:
            return _read_list(text, member, root)
    return text


def _read_list(text: str, wanted: Schema, root: Schema) -> list[Any]:
    inside = text[1:-1] if text[:1] + text[-1:] == "[]" else text
    parts = [part.strip().strip("\"'") for part in inside.split(",") if part.strip()]
    each = wanted.get("prefixItems", []) or [wanted.get("items", {})] * len(parts)
    items = [*each, *[{}] * len(parts)]
    return [_read(part, resolved(item, root), root) for part, item in zip(parts, items, strict=False)]
