"""Words in front of people: made safe to show, and what may have been meant by one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Self

_NEAR = 0.65  # as difflib counts: organ and woman have 0.6, and nobody confuses them


class Remark(str):
    """A sentence on one file that holds a value of its own, such as a length or a name.

    It is that sentence wherever it goes. Whoever counts the files of which the same is said goes by ``kind``,
    which JSON does not keep, but for :func:`remark_to_json`.

    Args:
        sentence: with the value.
        kind: what is said of all such files, without it.
    """

    kind: str

    def __new__(cls, sentence: str, kind: str) -> Self:  # noqa: D102
        made = super().__new__(cls, sentence)
        made.kind = kind
        return made

    def __reduce__(self) -> tuple[type[Remark], tuple[object, ...]]:
        return Remark, (str(self), self.kind)


def kind_of_remark(sentence: str) -> str:
    """What a sentence on a file is counted by: its kind, or all of it."""
    return sentence.kind if isinstance(sentence, Remark) else sentence


def remark_to_json(sentence: str) -> str | list[str]:
    """For JSON: the sentence, and its kind behind it where it has one of its own."""
    return [str(sentence), sentence.kind] if isinstance(sentence, Remark) else sentence


def remark_from_json(value: str | list[str]) -> str:
    """The inverse of :func:`remark_to_json`; raises TypeError for a list that is none of its."""
    return Remark(*value) if isinstance(value, list) else value


def printable(text: object) -> str:
    """``text`` with control characters and lone surrogates written out: a file name cannot harm a screen."""
    clean = str(text).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in clean)


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant; None where none is near.

    A slip of the fingers, other capitals, or a beginning or part of one word only: ``hop`` of ``hop_length``.

    >>> nearest("pinao", ["violin", "piano"])
    'piano'
    """
    by_case = {word.casefold(): word for word in known}
    wanted = typed.casefold()
    if len(wanted) >= 3:
        for parts in (
            [word for word in by_case if word.startswith(wanted)],
            [word for word in by_case if wanted in word],
        ):
            if len(parts) == 1:
                return by_case[parts[0]]
    near = difflib.get_close_matches(wanted, by_case, n=1, cutoff=_NEAR)
    return by_case[near[0]] if near else None


def as_typed(typed: str, known: Iterable[str]) -> str | None:
    """The known word that was typed: the very same, or the only one that differs in capitals alone.

    >>> as_typed("Piano", ["violin", "piano"])
    'piano'
    """
    words = set(known)
    alike = {typed} & words or {word for word in words if word.casefold() == typed.casefold()}
    return alike.pop() if len(alike) == 1 else None


def did_you_mean(typed: str, known: Iterable[str], form: str = "{}") -> str:
    """A hint, or nothing where no known word is near.

    Args:
        typed: what is not known.
        known: what there is.
        form: how to write it, such as `` `domains={}` ``.
    """
    found = nearest(typed, known)
    return "" if found is None else f"did you mean {form.format(found)}?"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def reasoned(reason: str, message: str) -> str:
    """A message behind its reason, unless it begins with that word.

    >>> reasoned("damaged", "damaged somewhere after 1.49 s")
    'damaged somewhere after 1.49 s'
    """
    return message if message.startswith(reason) else f"{reason}: {message}"


def spoken(seconds: float) -> str:
    """A length of time in the unit that fits it."""
    for size, unit in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds" if seconds >= 10 else f"{seconds:.1f} seconds"
