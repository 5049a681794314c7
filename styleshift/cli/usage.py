"""Values and words of the command line that do not fit, in the words of all other errors."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import typer

from styleshift.errors import UsageError
from styleshift.words import did_you_mean, nearest

T = TypeVar("T")

# Typer is built on click, or, in later versions, on a copy of it within: its own errors tell which.
CommandLineError: type[Exception] = next(
    kind
    for kind in typer.BadParameter.__mro__
    if kind.__name__ == "ClickException" and issubclass(kind, Exception)
)


# What one command calls otherwise than another, or than most people would.
_OTHERWISE = {("train", "--run"): "--name", ("export", "--name"): "--run"}


def whole(option: str, least: int) -> Callable[[Any], int]:
    """A parser of whole numbers from ``least`` on; raises UsageError."""
    return _parser("N", option, int, lambda found: found >= least, f"a whole number, {least} or more")


def number(option: str, least: float, most: float = math.inf) -> Callable[[Any], float]:
    """A parser of finite numbers from ``least`` to ``most``; raises UsageError."""
    wanted = f"{least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"

    def fits(found: float) -> bool:
        return least <= found <= most and math.isfinite(found)

    return _parser("NUMBER", option, float, fits, f"a number, {wanted}")


def _parser(
    shown: str, option: str, kind: Callable[[Any], T], fits: Callable[[T], bool], wanted: str
) -> Callable[[Any], T]:
    def parse(value: Any) -> T:
        with suppress(ValueError):
            if fits(found := kind(value)):
                return found
        raise UsageError(f"{option} is {str(value)!r}; it must be {wanted}")

    parse.__name__ = shown  # by the help
    return parse


def one_of(option: str, choices: Sequence[str]) -> Callable[[Any], str]:
    """A parser of a few words; raises UsageError."""

    def parse(value: Any) -> str:
        if value not in choices:
            raise UsageError(
                f"{option} is {str(value)!r}; it may be {', '.join(choices)}",
                did_you_mean(str(value), choices, f"{option} {{}}"),
            )
        return str(value)

    parse.__name__ = "|".join(choices)
    return parse


def in_words(error: Any, words: Sequence[str] = ()) -> UsageError:
    """What typer found wrong with the command line, as an error of ours.

    Args:
        error: a :data:`CommandLineError`.
        words: of the command line; their first is the command, where the error does not say which it was.
    """
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else " ".join(("styleshift", *words[:1]))
    kind, text = type(error).__name__, error.format_message().strip()
    hint = f"{command} --help"
    if kind == "NoSuchOption":
        near = _OTHERWISE.get((command.split()[-1], error.option_name))
        near = near or nearest(error.option_name, error.possibilities or [])
        meant = f"did you mean {near}?" if near else hint
        return UsageError(
            f"{command} has no option {error.option_name}", _dashed(words, error.option_name) or meant
        )
    if kind == "MissingParameter" and error.param is not None:
        names = [name for name in error.param.opts if name.startswith("--")]
        what = names[0] if names else error.param.metavar or error.param.name.upper()
        return UsageError(f"{command} needs {what}", _dashed(words) or hint)
    if found := re.match(r"No such command '(.*?)'", text):
        there = context.command.list_commands(context) if context is not None else []
        return UsageError(
            f"there is no command {command} {found[1]}; available: {', '.join(there)}",
            did_you_mean(found[1], there, f"{command} {{}}") or hint,
        )
    for pattern, message in (
        (r"Option '(.*)' requires an argument", r"\1 needs a value"),
        (r"Option '(.*)' requires (\d+) arguments", r"\1 needs \2 values"),
        (r"Option '(.*)' does not take a value", r"\1 takes no value"),
        (r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", r"words that have no place here: \1"),
        (r"Invalid value for '(.*?)': (.*)", r"\1: \2"),
    ):
        if re.match(pattern, text, re.DOTALL):
            return UsageError(re.sub(pattern + r"\.?$", message, text, flags=re.DOTALL), hint)
    return UsageError(text, hint)


def _dashed(words: Sequence[str], option: str = "-") -> str:
    """How to type the first word that begins as an option does and is a file or folder here; or nothing.

    Args:
        words: of the command line.
        option: that was read from it: all of a word's beginning, or, of one letter, one of several (``-vx``).
    """
    for word in words:
        read = word.startswith(option) or (
            len(option) == 2 and word[:1] == "-" != word[1:2] and option[1] in word
        )
        if read and word.strip("-") and os.path.lexists(word):
            return f"{shlex.quote(f'./{word}')}, for what begins with a dash is taken for an option"
    return ""
