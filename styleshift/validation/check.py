"""Checking values, and saying what is wrong with one in two lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar, cast, dataclass_transform

import pydantic.dataclasses
from pydantic import ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticSerializationError, to_json

from styleshift.errors import ConfigError, StyleshiftError
from styleshift.validation.describe import Schema, adapter_of, in_words, resolved, schema_of
from styleshift.words import did_you_mean

KindT = TypeVar("KindT")

# Strict: true is no number, 2.5 no whole number and "3" neither.
_CONFIG = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def settings(kind: type[KindT]) -> type[KindT]:
    """Make ``kind`` a frozen dataclass with slots whose values are checked whenever one is made.

    Its fields say type and range, as in ``steps: int = Field(default=20, ge=0)``, and the docstring below a
    field what it means. What has to hold between fields is checked in ``__post_init__``, which raises
    ConfigError.

    Raises:
        ConfigError: from the constructor, where a value is of another type or out of range.
    """
    made = pydantic.dataclasses.dataclass(frozen=True, slots=True, config=_CONFIG)(kind)
    construct: Callable[..., None] = made.__init__

    @wraps(construct)
    def __init__(self: Any, *args: Any, **values: Any) -> None:  # noqa: N807
        try:
            construct(self, *args, **values)
        except ValidationError as error:
            names = list(schema_of(made)["properties"])
            raise _first_error(error, made, {**dict(zip(names, args, strict=False)), **values}) from None

    made.__init__ = __init__  # type: ignore[method-assign]
    return cast(type[KindT], made)


def validate(kind: type[KindT], values: Mapping[str, Any], where: str, noun: str = "key") -> KindT:
    """Make a class of settings from plain values, as TOML and JSON have them.

    A list becomes a tuple, a text a path and a table a dataclass, where the field wants one; a whole number
    becomes a number; nothing else changes its type.

    Args:
        kind: made by :func:`settings`, any other dataclass, or a pydantic model.
        values: by field name; what is absent has its default.
        where: what to call them in an error, such as ``recipe small``.
        noun: what to call one, such as ``option``.

    Raises:
        ConfigError: an unknown key, a value of another type or out of range, or one that ``kind`` refuses.
    """
    plain_kind: type = kind  # mypy takes no type of a type variable for hashable
    schema = schema_of(plain_kind)
    known = schema.get("properties", {})
    for key in values:
        if key not in known:
            raise _unknown(str(key), (), schema, where, noun)
    try:
        # As strict JSON: the one mode of pydantic in which a list may be a tuple, and true is no number.
        plain = to_json(dict(values), inf_nan_mode="null")
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise ConfigError(f"{where}: a value is neither text nor a plain value: {error}") from error
    try:
        made: KindT = adapter_of(plain_kind).validate_json(plain, strict=True)
    except ValidationError as error:
        raise _first_error(error, kind, values, where, noun) from None
    return made


def _first_error(
    caught: ValidationError, kind: type, values: Mapping[str, Any], where: str = "", noun: str = "key"
) -> ConfigError:
    """The first thing that is wrong, in our words; ``where`` goes before them."""
    error: ErrorDetails = caught.errors(include_url=False)[0]
    before = f"{where}: " if where else ""
    if error["type"] in ("value_error", "assertion_error"):
        refused = error["ctx"]["error"]
        path, _ = _place(error["loc"], schema_of(kind))
        inner = "".join(f"{part}." for part in path)
        if isinstance(refused, StyleshiftError):
            return ConfigError(f"{before}{inner}{refused.message}", refused.hint)
        return ConfigError(f"{before}{inner.rstrip('.')}{': ' if inner else ''}{refused}")
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        *parents, key = error["loc"]
        table = tuple(map(str, parents))
        if not where:  # made by a call, so the hint names it as one that is given in a call
            return _unknown(str(key), table, schema_of(kind), kind.__name__, "option", "`")
        return _unknown(str(key), table, schema_of(kind), where, noun)
    path, wanted = _place(error["loc"], schema_of(kind))
    key = ".".join(path)
    if error["type"] in ("missing", "missing_argument") and isinstance(error["loc"][-1], str):
        return ConfigError(f"{before}{error['loc'][-1]} is missing")
    value: Any = values
    for part in path:
        value = value[part] if isinstance(value, Mapping) and part in value else error["input"]
    choices = wanted.get("enum", []) if isinstance(value, str) else []
    return ConfigError(
        f"{before}{key} is {value!r}; it must be {in_words(wanted)}",
        did_you_mean(value, map(str, choices), "'{}'") if choices else "",
    )


def _place(loc: Sequence[int | str], schema: Schema) -> tuple[list[str], Schema]:
    """The keys that lead to a place as far as tables go, and the schema there."""
    path: list[str] = []
    here = schema
    for part in loc:
        properties = here.get("properties", {})
        if not path and isinstance(part, int):  # an argument given by place
            part = list(properties)[part]
        if part not in properties:
            break
        path.append(str(part))
        here = resolved(properties[part], schema)
    return path, here


def _unknown(
    key: str, parents: Sequence[str], schema: Schema, where: str, noun: str, quote: str = "'"
) -> ConfigError:
    _, table = _place(parents, schema)
    known = list(table.get("properties", {}))
    prefix = "".join(f"{parent}." for parent in parents)
    return ConfigError(
        f"{where} has no {noun} {prefix + key!r}",
        did_you_mean(key, known, f"{quote}{prefix}{{}}{quote}") or f"it has: {', '.join(known) or 'none'}",
    )
