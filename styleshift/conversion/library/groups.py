"""Sentences that are true of many files, each once with its files, for a page: memory has an end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

# Names to a sentence, sentences that are shown, those that are counted to find the most frequent, and how
# many of them stay when there is room for no more: half, so that room is made seldom.
_NAMES = 100
_SHOWN = 100
_COUNTED = 1000
_STAY = 500


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
        more: how often a file is told of and not counted with one that is shown.
    """

    shown: list[Group]
    more: int = 0


def grouped(told: Iterable[tuple[str, str]]) -> Groups:
    """Put files together of which the same is said.

    Of more than a thousand sentences, those said least give way to those that come; of as many, the latest.
    One that gave way and comes again is counted from there.

    Args:
        told: name of a file, and a sentence; there may be millions.
    """
    found: dict[str, Group] = {}
    total = 0
    for name, sentence in told:
        total += 1
        if sentence not in found and len(found) == _COUNTED:
            for least in _by_count(found)[_STAY:]:
                del found[least.sentence]
        group = found.setdefault(sentence, Group(sentence))
        group.count += 1
        if len(group.names) < _NAMES:
            group.names.append(name)
    shown = _by_count(found)[:_SHOWN]
    return Groups(shown, total - sum(group.count for group in shown))


def _by_count(found: dict[str, Group]) -> list[Group]:
    return sorted(found.values(), key=lambda group: -group.count)
