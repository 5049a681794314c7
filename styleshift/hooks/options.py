"""Options of plugins: from the words of a recipe or a command line to a config dataclass."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from styleshift.errors import ConfigError, PluginError
from styleshift.words import did_you_mean

_WORDS = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "text"}


def build_config(config: type, values: Mapping[str, Any], owner: str) -> Any:
    """Make a spec's config dataclass from recipe or command-line values.

    Each value must fit the type that its field is annotated with (``bool``, ``int``, ``float``, ``str``,
    ``Path``, ``Literal``, ``tuple``, ``list``, and unions of them). A whole number fits a float; text from
    the command line is read as what the field wants; ``a,b,c`` is read as a tuple or list.

    Args:
        config: the dataclass; every field of it has a default.
        values: by field name.
        owner: whom to name in an error, as ``generator 'seed'``.

    Raises:
        ConfigError: an unknown key, a value of another type, or one that the dataclass itself refuses.
        PluginError: ``config`` is no dataclass or has a field without a default.
    """
    if wrong := config_problem(config):
        raise PluginError(f"{owner}: its config {wrong}")
    known = {item.name: item for item in fields(config) if item.init}
    hints = _hints(config)
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            names = ", ".join(sorted(known)) or "none"
            raise ConfigError(
                f"{owner} has no option {key!r}; it has: {names}", did_you_mean(key, known, "{!r}")
            )
        wanted = hints.get(key, type(_default(known[key])))
        made[key] = fit(value, wanted, f"{owner} option {key!r}")
    try:
        return config(**made)
    except ConfigError:
        raise
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{owner}: {error}") from error


def config_problem(config: object) -> str:
    """What keeps ``config`` from being a spec's config class; empty where nothing does."""
    if not isinstance(config, type) or not is_dataclass(config):
        return f"is {config!r}, which is no dataclass"
    for item in fields(config):
        if item.init and item.default is MISSING and item.default_factory is MISSING:
            return f"has a field without a default: {item.name}"
    return ""


def coerce(value: Any, default: Any, what: str) -> Any:
    """``value`` in the type of ``default`` (anything, where that is None); raises as :func:`fit` does."""
    return fit(value, Any if default is None else type(default), what)


def fit(value: Any, wanted: Any, what: str) -> Any:
    """``value`` as the type ``wanted``, an annotation; see :func:`build_config`.

    Raises:
        ConfigError: it does not fit; ``what`` is named.
    """
    try:
        return _fit(value, wanted)
    except ValueError:
        raise ConfigError(f"{what} is {value!r}; it must be {_in_words(wanted)}") from None


def _hints(config: type) -> dict[str, Any]:
    try:
        return get_type_hints(config)
    except Exception:  # annotations that only a type checker can resolve: judge by the defaults instead
        return {}


def _default(item: Field[Any]) -> Any:
    return item.default_factory() if item.default_factory is not MISSING else item.default


def _fit(value: Any, wanted: Any) -> Any:
    origin, members = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return value
    if origin in (Union, types.UnionType):
        return _fit_union(value, members)
    if origin is Literal:
        for member in members:
            if (value == member and type(value) is type(member)) or value == str(member):
                return member
        raise ValueError
    if origin in (tuple, list) or wanted in (tuple, list):
        return _fit_sequence(value, origin or wanted, members)
    if wanted in (None, types.NoneType):
        if value is None or value == "none":
            return None
        raise ValueError
    return _fit_scalar(value, wanted)


def _fit_union(value: Any, members: tuple[Any, ...]) -> Any:
    # Text fits everything that takes text, so it is tried last: "3" for `int | str` is 3.
    for member in sorted(members, key=lambda member: member is str):
        try:
            return _fit(value, member)
        except ValueError:
            continue
    raise ValueError


def _fit_sequence(value: Any, wanted: Any, members: tuple[Any, ...]) -> Any:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple):
        raise ValueError
    if wanted is list:
        return [_fit(item, members[0]) if members else item for item in value]
    if not members:
        return tuple(value)
    if len(members) == 2 and members[1] is Ellipsis:
        return tuple(_fit(item, members[0]) for item in value)
    if len(members) != len(value):
        raise ValueError
    return tuple(_fit(item, member) for item, member in zip(value, members, strict=True))


def _fit_scalar(value: Any, wanted: Any) -> Any:
    if wanted is bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise ValueError
    if wanted is int and isinstance(value, int | str) and not isinstance(value, bool):
        return int(value)
    if wanted is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        number = float(value)
        if not math.isfinite(number):
            raise ValueError
        return number
    if wanted is Path and isinstance(value, str):
        return Path(value)
    if isinstance(wanted, type) and isinstance(value, wanted) and wanted not in (int, float):
        return value
    raise ValueError


def _in_words(wanted: Any) -> str:
    origin, members = get_origin(wanted), get_args(wanted)
    if origin is Literal:
        return "one of " + ", ".join(str(member) for member in members)
    if origin in (Union, types.UnionType):
        return " or ".join(_in_words(member) for member in members)
    if origin in (tuple, list) or wanted in (tuple, list):
        inner = [member for member in members if member is not Ellipsis]
        each = f" of which each is {_in_words(inner[0])}" if inner else ""
        count = f" of {len(inner)} values" if len(inner) > 1 else ""
        return f"a list{count}{each}"
    if wanted in (None, types.NoneType):
        return "none"
    name = getattr(wanted, "__name__", str(wanted))
    return _WORDS.get(name, f"a {name}")
