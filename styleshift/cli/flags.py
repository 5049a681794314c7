"""The library names options as Python does, in backticks; a person at a terminal is told the flags."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import get_type_hints


def in_flags(text: str) -> str:
    """Text with the flag for each option: ``use `device=cpu` `` becomes ``use --device cpu``.

    What stands in backticks and is no option of a conversion stays.
    """

    def flag(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name not in _flags():
            return found[0]
        return f"{_flags()[name]} {value}" if value else _flags()[name]

    return re.sub(r"`(\w+)(?:=([^`]+))?`", flag, text)


@lru_cache(maxsize=1)
def _flags() -> dict[str, str]:
    """The flag of each parameter of the command, which are called as the library's options are."""
    from styleshift.cli.convert import convert

    flags = {}
    for name, hint in get_type_hints(convert, include_extras=True).items():
        for option in getattr(hint, "__metadata__", ()):
            # Typer keeps the first name of an annotated option in the place of its default.
            for declared in (option.default, *(option.param_decls or ())):
                if isinstance(declared, str) and declared.startswith("--"):
                    flags[name] = declared
    return flags
