"""What a class of settings takes, in words: for error messages, ``plugins show`` and the reference pages.

All of it is read from the class's JSON schema, which pydantic makes of the annotations and of ``Field``.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from pydantic import TypeAdapter

Schema = dict[str, Any]

_NOUNS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "null": "none",
    "object": "a table",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a reference page shows it.

    Attributes:
        key: its name.
        type: such as ``whole number``, ``true or false`` or ``choice``.
        default: as a plain value.
        limits: the values it may have, such as ``from 0 to 1`` or ``log, lsgan, hinge``; empty where any of
            the type will do.
        help: what it means.
    """

    key: str
    type: str
    default: Any
    limits: str
    help: str


@lru_cache(maxsize=256)
def adapter_of(kind: type) -> TypeAdapter[Any]:
    """What checks values for a dataclass or a pydantic model; made once a class.

    Raises:
        pydantic.errors.PydanticUserError: an annotation that pydantic cannot resolve or does not know.
    """
    return TypeAdapter(kind)


@lru_cache(maxsize=256)
def schema_of(kind: type) -> Schema:
    """The JSON schema of a class of settings, without the fields that its constructor does not take.

    Raises:
        pydantic.errors.PydanticUserError: as :func:`adapter_of`.
    """
    schema: Schema = adapter_of(kind).json_schema()
    if is_dataclass(kind):
        for item in fields(kind):
            if not item.init:
                schema.get("properties", {}).pop(item.name, None)
    return schema


def docstrings(kind: type) -> dict[str, str]:
    """What stands below the fields of a class, by field; of those whose source is there.

    Pydantic would read it as each class is made, which is a tenth of the processor time of a short command.
    """
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        with suppress(OSError, TypeError, SyntaxError):
            (made,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
            for field, after in pairwise(made.body if isinstance(made, ast.ClassDef) else []):
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    match after:
                        case ast.Expr(ast.Constant(str(text))):
                            found[field.target.id] = text
    return found


def describe(kind: type) -> list[Setting]:
    """Every setting of a class whose fields all have defaults, in their order."""
    schema, defaults, meant = schema_of(kind), kind(), docstrings(kind)
    return [
        Setting(
            key,
            type_of(resolved(item, schema)),
            getattr(defaults, key),
            limits_of(resolved(item, schema)),
            " ".join((item.get("description") or meant.get(key, "")).split()),
        )
        for key, item in schema.get("properties", {}).items()
    ]


def resolved(item: Schema, root: Schema) -> Schema:
    """``item``, or what it refers to."""
    reference: str | None = item.get("$ref")
    return item if reference is None else root["$defs"][reference.rpartition("/")[2]]


def alternatives(item: Schema) -> list[Schema]:
    """The members of a union; of anything else, itself."""
    return list(item.get("anyOf", [item]))


def in_words(item: Schema) -> str:
    """What a value must be, as the end of the sentence "it must be ..."."""
    if "anyOf" in item:
        *others, last = [in_words(member) for member in item["anyOf"]]
        return f"{' or '.join(others)}{',' if last == 'none' else ''} or {last}"
    if item.get("type") == "array":
        return _list_in_words(item)
    if choices := _choices(item):
        return f"one of {choices}" if "enum" in item else choices
    return " ".join(filter(None, (_noun(item), limits_of(item))))


def type_of(item: Schema) -> str:
    """The type alone, without an article."""
    if "anyOf" in item:
        return " or ".join(type_of(member) for member in item["anyOf"])
    if item.get("type") == "array":
        return "list"
    if _choices(item):
        return "choice"
    return _noun(item).removeprefix("a ")


def limits_of(item: Schema) -> str:
    """The range or the choices; empty where there is neither."""
    if "anyOf" in item:
        return " or ".join(filter(None, map(limits_of, item["anyOf"])))
    if choices := _choices(item):
        return choices
    low, high = item.get("minimum"), item.get("maximum")
    parts = [
        f"{word} {_number(bound)}"
        for word, bound in (
            ("from", low),
            ("to" if low is not None else "up to", high),
            ("above", item.get("exclusiveMinimum")),
            ("below", item.get("exclusiveMaximum")),
            ("in steps of", item.get("multipleOf")),
        )
        if bound is not None
    ]
    return " ".join(parts + (["that is not empty"] if item.get("minLength") else []))


def _number(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}"


def _choices(item: Schema) -> str:
    choices = item.get("enum", [item["const"]] if "const" in item else [])
    return ", ".join(str(choice).lower() if isinstance(choice, bool) else str(choice) for choice in choices)


def _noun(item: Schema) -> str:
    if item.get("format") == "path":
        return "a path"
    return _NOUNS.get(item.get("type", "object" if "$ref" in item else ""), "a value of another kind")


def _list_in_words(item: Schema) -> str:
    members = item.get("prefixItems") or [member for member in [item.get("items")] if member]
    each = f" of which each is {in_words(members[0])}" if members else ""
    count = f" of {len(members)} values" if len(members) > 1 else ""
    return f"a list{count}{each}"
