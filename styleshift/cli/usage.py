"""Values and words of the command line that do not fit, in the words of all other errors."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from itertools import pairwise, takewhile
from pathlib import PurePath
from textwrap import shorten
from typing import Any, TypeVar

import typer

from styleshift.audio.formats import format_of
from styleshift.errors import UsageError
from styleshift.words import did_you_mean, listed, nearest

T = TypeVar("T")

# Typer is built on click, or, in later versions, on a copy of it within: its own errors tell which.
CommandLineError: type[Exception] = next(
    kind
    for kind in typer.BadParameter.__mro__
    if kind.__name__ == "ClickException" and issubclass(kind, Exception)
)

_MORE_SHOWN = 200  # letters of words that are too many, which a shell can make thousands of
_MOST_NAMED = 3  # of options that may have been meant

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
    options = _options(context)
    help_of = f"{command} --help"
    hint = misplaced(words, command.split()[1:], options) or help_of
    if kind == "NoSuchOption":
        typed = error.option_name
        otherwise = _OTHERWISE.get((command.split()[-1], typed))
        near = [otherwise] if otherwise else _near(typed, options)
        either = " or ".join(filter(None, (", ".join(near[:-1]), *near[-1:])))
        meant = f"did you mean {either}?" if near else f"{command} --help"
        return UsageError(f"{command} has no option {typed}", _dashed(words, typed) or meant)
    if kind == "MissingParameter" and error.param is not None:
        names = [name for name in error.param.opts if name.startswith("--")]
        what = names[0] if names else error.param.metavar or error.param.name.upper()
        return UsageError(f"{command} needs {what}", _dashed(words) or _unnamed(what, words) or hint)
    if found := re.match(r"No such command '(.*?)'", text):
        there = context.command.list_commands(context) if context is not None else []
        return UsageError(
            f"there is no command {command} {found[1]}; available: {', '.join(there)}",
            did_you_mean(found[1], there, f"{command} {{}}") or hint,
        )
    if hint == help_of and (
        more := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", text, re.DOTALL)
    ):
        if command == "styleshift convert" and (found_in := _recordings(more[1])):
            return found_in
        hint = _two_styles(command, words, more[1]) or hint
    for pattern, message in (
        (r"Option '--domains' requires 2 arguments", "--domains needs two styles"),
        (r"Option '(.*)' requires an argument", r"\1 needs a value"),
        (r"Option '(.*)' requires (\d+) arguments", r"\1 needs \2 values"),
        (r"Option '(.*)' does not take a value", r"\1 takes no value"),
        (r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", r"words that have no place here: \1"),
        (r"Invalid value for '(.*?)': (.*)", r"\1: \2"),
    ):
        if re.match(pattern, text, re.DOTALL):
            return UsageError(re.sub(pattern + r"\.?$", message, text, flags=re.DOTALL), hint)
    return UsageError(text, hint)


def _unnamed(option: str, words: Sequence[str]) -> str:
    """The second of two names before all options was meant for the option that is missing; or nothing."""
    named = list(takewhile(lambda word: not word.startswith("-"), words[1:]))
    return f"did you mean {option} {shlex.quote(named[1])}?" if option == "--target" and named[1:] else ""


def _recordings(more: str) -> UsageError | None:
    """Words that name recordings where one source is taken, as a shell makes them of ``*.wav``."""
    named = [word for word in more.split() if word[0] != "-" and _names_a_recording(word)]
    if not named:
        return None
    told = shorten(more, _MORE_SHOWN, placeholder=" ...")
    return UsageError(
        f"styleshift convert takes one source; there are more: {told}",
        f"name their folder; of it --include '*{PurePath(named[0]).suffix}' takes only such files",
    )


def _two_styles(command: str, words: Sequence[str], more: str) -> str:
    """Two words behind ``train`` are the styles; or nothing."""
    if command != "styleshift train" or "--domains" in words:
        return ""
    pairs = [pair for pair in pairwise(words) if " ".join(pair) == more]
    return f"did you mean --domains {shlex.join(pairs[0])}?" if pairs else ""


def misplaced(words: Sequence[str], command: Sequence[str], options: Collection[str]) -> str:
    """What to do about options behind a ``--``, which are read as the names of files; or nothing.

    Args:
        words: of the command line.
        command: the words of the command, which are among them.
        options: that it has.
    """
    own = list(words)
    for word in command:  # what stands before its name is not for it
        own = own[own.index(word) + 1 :] if word in own else []
    if "--" not in own:
        return ""
    dashed = [word for word in own[own.index("--") + 1 :] if word.startswith("-") and word.strip("-")]
    # A file may be called as an option is, and need not be here.
    dashed = [word for word in dashed if not os.path.lexists(word) and not _names_a_recording(word)]
    moved = [word for word in dict.fromkeys(dashed) if _is_meant(word, options)]
    return f"put {listed(moved)} before the `--`: nothing behind it is read as an option" if moved else ""


def _is_meant(word: str, options: Collection[str]) -> bool:
    """A word is an option, several letters of options in one (``-qv``), or nearly one."""
    name = word.partition("=")[0]
    if name.startswith("--"):
        return name in options or bool(_near(name, options))
    return name != "-" and all(f"-{letter}" in options for letter in name[1:])


def _names_a_recording(word: str) -> bool:
    return "=" not in word and format_of(word) is not None


def _options(context: Any) -> list[str]:
    """The options of a command, in its order; of none where it is not known which one it was."""
    parameters = () if context is None else context.command.get_params(context)
    names = [name for each in parameters for name in (*each.opts, *each.secondary_opts)]
    return [name for name in names if name.startswith("-")]


def _near(typed: str, options: Iterable[str]) -> list[str]:
    """The options that were most likely meant, up to three that are equally near; or none.

    As near as can be are those that begin so, and those that are one slip of the fingers off. Of a letter
    (``-f``) it is those that begin with it.
    """
    long = [option for option in options if option.startswith("--")]
    begun = [option for option in long if option.startswith(typed if typed[:2] == "--" else f"-{typed}")]
    # Of --include and --include-own the first is the one that was not typed to its end.
    begun = [each for each in begun if not any(each != other and each.startswith(other) for other in begun)]
    if not typed.startswith("--"):  # a letter; that of many options is no hint
        return begun if len(begun) <= _MOST_NAMED else []
    near = [option for option in long if option in begun or _is_a_slip(typed.lower(), option)]
    if near:
        return near[:_MOST_NAMED]
    found = nearest(typed[2:], [option[2:] for option in long])  # dashes would make all of them alike
    return [] if found is None else [f"--{found}"]


def _is_a_slip(typed: str, meant: str) -> bool:
    """One letter is missing, too many or another, or two have changed places."""
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(typed, meant, strict=False))))
    a, b = typed[same:], meant[same:]
    swapped = a[:2] == b[:2][::-1] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped


def _dashed(words: Sequence[str], option: str = "-") -> str:
    """How to type the first word that begins as an option does and is a file or folder; or nothing.

    Args:
        words: of the command line.
        option: that was read from it: all of a word's beginning, or, of one letter, one of several (``-vx``).
            A word with this option, which nobody has, is told of as well where it is not here, and has the
            name of a recording.
    """
    for word in words:
        if word == "--":  # what follows is read as it is
            break
        read = word.startswith(option) or (
            len(option) == 2 and word[:1] == "-" != word[1:2] and option[1] in word
        )
        if read and word.strip("-"):
            typed = shlex.quote(f"./{word}")
            if os.path.lexists(word):
                return f"{typed}, for what begins with a dash is taken for an option"
            if len(option) > 1 and _names_a_recording(word):
                return f"{typed}, if that is a recording: what begins with a dash is taken for an option"
    return ""
