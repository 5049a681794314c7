"""The library names options as Python does, in backticks; a person at a terminal is told the flags."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence

from styleshift.cli.usage import misplaced

_OPTION = r"`(\w+(?:\.\w+)?)(?:=([^`]+))?`"
# A command, and options of its own behind it.
_CALL = rf"`(styleshift (\w+))`((?: {_OPTION})+)"
# The parameter for settings of a recipe, which the library names with their table: `data.crop_frames=96`.
_SETTINGS = "overrides"

_commands: dict[str, Callable[..., None]] = {}
_running = ""


def declare(name: str, command: Callable[..., None]) -> None:
    """Tell of a command by its name below ``styleshift``; its signature says its flags."""
    _commands[name] = command


def begin(name: str) -> None:
    """The command of that name is the one that runs: a process runs one, and its words are for that one."""
    global _running
    _running = name


def in_flags(text: str, command: str | None = None) -> str:
    """Text with the flag for each option: ``use `device=cpu` `` becomes ``use --device cpu``.

    Options behind the name of a command are that one's: ``use `styleshift train` `resume` `` becomes ``use
    styleshift train --resume``. What stands in backticks and is no option stays.

    Args:
        text: of the library.
        command: whose flags; None: of the one that runs.
    """

    def call(found: re.Match[str]) -> str:
        flags = flags_of(found[2])
        options = re.sub(_OPTION, lambda option: _flag(option, flags), found[3])
        return found[1] + options if "`" not in options else found[0]

    flags = flags_of(_running if command is None else command)
    return re.sub(_OPTION, lambda option: _flag(option, flags), re.sub(_CALL, call, text))


def misplaced_options(words: Sequence[str]) -> str:
    """What to do about options of the command that runs behind a ``--``; or nothing."""
    return misplaced(words, _running.split(), [name for names in _names(_running).values() for name in names])


def _flag(found: re.Match[str], flags: Mapping[str, str]) -> str:
    name, value = found.groups()
    if "." in name and value and _SETTINGS in flags:
        return f"{flags[_SETTINGS]} {name}={value}"
    if name not in flags:
        return found[0]
    return f"{flags[name]} {value}" if value else flags[name]


def flags_of(command: str) -> Mapping[str, str]:
    """The flag of each parameter of a command, which are called as the library's options are."""
    named = {
        name: [each for each in flags if each.startswith("--")] for name, flags in _names(command).items()
    }
    return {name: long[0] for name, long in named.items() if long}


def _names(command: str) -> Mapping[str, Sequence[str]]:
    """All flags of each parameter of a command; an argument has none."""
    parameters = inspect.signature(_commands[command]).parameters if command in _commands else {}
    return {name: getattr(each.default, "param_decls", None) or () for name, each in parameters.items()}
