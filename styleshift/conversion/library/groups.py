"""What is said of many files, each kind of sentence once with its files, for a page: memory has an end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from styleshift.words import kind_of_remark

# Names to a kind of sentence, kinds that are shown, those that are counted to find the most frequent, and how
# many of them stay when there is room for no more: half, so that room is made seldom.
_NAMES = 100
_SHOWN = 100
_COUNTED = 1000
_STAY = 500


@dataclass(slots=True)
class Group:
    """One kind of sentence.

    Attributes:
        kind: what is said of all of the files, without a value that each has for itself.
        sentence: that which was met first.
        count: files that it is said of.
        names: of the first of them.
        own: the sentence on each of these where it is another one; else empty.
        various: not the same is said of all, but for a value.
    """

    kind: str
    sentence: str
    count: int = 0
    names: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    various: bool = False

    @property
    def said(self) -> str:
        """What is true of all of them: the sentence, or its kind where they differ."""
        return self.kind if self.various else self.sentence

    @property
    def files(self) -> list[tuple[str, str]]:
        """Name of each of the first ones, and its own sentence."""
        return list(zip(self.names, self.own, strict=True))


@dataclass(frozen=True, slots=True)
class Groups:
    """What is said of the files of a library.

    Attributes:
        shown: those that are said of most files first, then as they were met.
        more: how often a file is told of and not counted with one that is shown.
    """

    shown: list[Group]
    more: int = 0


class Grouping:
    """Puts files together of which the same is said, but for a value; see :class:`styleshift.words.Remark`.

    Of more than a thousand kinds of sentences, those said least give way to those that come; of as many, the
    latest. One that gave way and comes again is counted from there.
    """

    def __init__(self) -> None:
        self._found: dict[str, Group] = {}
        self._total = 0

    def add(self, name: str, sentence: str) -> None:
        """Take a sentence on a file; there may be millions."""
        self._total += 1
        kind = kind_of_remark(sentence)
        if kind not in self._found and len(self._found) == _COUNTED:
            for least in _by_count(self._found)[_STAY:]:
                del self._found[least.kind]
        group = self._found.setdefault(kind, Group(kind, sentence))
        group.count += 1
        if len(group.names) < _NAMES:
            group.names.append(name)
            group.own.append("" if sentence == group.sentence else sentence)
        group.various = group.various or sentence != group.sentence

    def groups(self) -> Groups:
        """What was said."""
        shown = _by_count(self._found)[:_SHOWN]
        return Groups(shown, self._total - sum(group.count for group in shown))


def grouped(told: Iterable[tuple[str, str]]) -> Groups:
    """As :class:`Grouping`, of names of files and a sentence on each."""
    grouping = Grouping()
    for name, sentence in told:
        grouping.add(name, sentence)
    return grouping.groups()


def lost_and_changed(told: Iterable[tuple[str, Sequence[str], Sequence[str]]]) -> tuple[Groups, Groups]:
    """What is lost and what is changed, of names of files with what of each is lost and changed."""
    lost, changed = Grouping(), Grouping()
    for name, *said in told:
        for grouping, sentences in zip((lost, changed), said, strict=True):
            for sentence in dict.fromkeys(sentences):
                grouping.add(name, sentence)
    return lost.groups(), changed.groups()


def _by_count(found: dict[str, Group]) -> list[Group]:
    return sorted(found.values(), key=lambda group: -group.count)
