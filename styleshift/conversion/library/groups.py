"""Sentences that are true of many files, each once with its files, for a page: memory has an end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

# Names to a sentence, sentences that are shown, and those that are counted to find the most frequent.
_NAMES = 100
_SHOWN = 100
_COUNTED = 1000


@dataclass(slots=True)
class Group:
    """One sentence.

    Attributes:
        sentence: what is said.
        count: files that it is said of.
        names: of the first of them.
    """

    sentence: str
    count: int = 0
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Groups:
    """What is said of the files of a library.

    Attributes:
        shown: those that are said of most files first, then as they were met.
        more: how often something else is said of a file.
    """

    shown: list[Group]
    more: int = 0


def grouped(told: Iterable[tuple[str, str]]) -> Groups:
    """Put files together of which the same is said.

    Args:
        told: name of a file, and a sentence; there may be millions.
    """
    found: dict[str, Group] = {}
    total = 0
    for name, sentence in told:
        total += 1
        if sentence in found or len(found) < _COUNTED:
            group = found.setdefault(sentence, Group(sentence))
            group.count += 1
            if len(group.names) < _NAMES:
                group.names.append(name)
    shown = sorted(found.values(), key=lambda group: -group.count)[:_SHOWN]
    return Groups(shown, total - sum(group.count for group in shown))
