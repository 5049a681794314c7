"""What a recording's tags say, in one form for all families."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import mutagen.flac

from styleshift.audio.tags.table import PAIRS, field_name
from styleshift.audio.things import Thing, ThingKind

# What the comment of every conversion holds.
MARK = "converted with styleshift"
# ID3 counts a chapter's milliseconds in 32 bits, which is 49 days.
_LATEST = (2**32 - 1) / 1000
_DAMAGED_CHAPTER = Thing("a damaged chapter", ThingKind.CHAPTERS)

# Systems of tags that a file may have beside each other, as a report names them.
VORBIS, MP4_TAGS, APE, WMA = "Vorbis comments", "MP4 tags", "APE tag", "WMA tags"
ID3, SECOND_ID3, FURTHER_ID3, ID3V1 = "ID3 tag", "second ID3 tag", "further ID3 tag", "ID3v1 tag"
ID3V2 = (ID3, SECOND_ID3, FURTHER_ID3)
INFO, TEXT_CHUNKS, AT_END = "INFO list", "text chunks", "tag at the end"


def picture(data: bytes, mime: str, kind: int = 3, description: str = "") -> Any:
    """A picture as FLAC has it, and ID3 its kind: 3 is the front cover."""
    made: Any = mutagen.flac.Picture()
    made.data, made.mime, made.type, made.desc = data, mime, kind, description
    return made


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a recording with a name.

    Attributes:
        start: seconds.
        end: seconds.
        title: may be empty.
    """

    start: float
    end: float
    title: str


def _is_time(start: float) -> bool:
    """Whether a chapter may begin there: not where it is NaN, infinite, negative or beyond all formats."""
    return 0 <= start <= _LATEST


@dataclass(slots=True)
class Tags:
    """All tags of a recording.

    Attributes:
        fields: values by name, as in :mod:`styleshift.audio.tags.table`; ``comment:x`` and ``lyrics:x`` are
            those that have a description.
        pictures: covers and others, as FLAC has them.
        chapters: in order.
        foreign: names of what only the source's own format can hold; what is no tag or chunk is a
            :class:`styleshift.audio.things.Thing`.
        stale: names of what is no longer true once the sound has changed; in none of the others.
        systems: where a file's tags were merged: each system of them by itself, the one that wins first.
    """

    fields: dict[str, list[str]] = field(default_factory=dict)
    pictures: list[Any] = field(default_factory=list)
    chapters: list[Chapter] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    systems: list[tuple[str, Tags]] = field(default_factory=list)
    # The values of fields that were added to by name: a search for each in a list takes its square.
    _there: dict[str, set[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def add(self, name: str, *values: str) -> None:
        """Append values to a field, but those that are empty."""
        found = [value for value in (str(value) for value in values) if value]
        if found:
            self.fields.setdefault(name, []).extend(found)
            if name in self._there:
                self._there[name].update(found)

    def add_named(self, key: str, *values: str) -> None:
        """As :meth:`add`, by any name that the field has in Vorbis comments, APEv2 or ASF.

        A number may have its total behind it, as in ``3/12``. What is there already is not added: a field may
        stand in a file under several of its names.
        """
        name = field_name(key)
        for value in values:
            number, _, total = value.partition("/") if name in PAIRS else (value, "", "")
            for own, text in ((name, number), (PAIRS[name][0] if name in PAIRS else name, total)):
                text = text.strip() if name in PAIRS else text
                if own not in self._there:
                    self._there[own] = set(self.fields.get(own, ()))
                if text not in self._there[own]:
                    self.add(own, text)

    def add_chapter(self, start: float, end: float, title: str) -> None:
        """Append a chapter; one that begins at no possible time is only named."""
        if _is_time(start):
            self.chapters.append(Chapter(start, min(_LATEST, max(start, end)), title))
        else:
            self.foreign.append(_DAMAGED_CHAPTER)

    def add_chapters(self, starts: Sequence[tuple[float, str]], end: float) -> None:
        """Append chapters by start and title: each ends where the next begins, the last at ``end``."""
        known = sorted((each for each in starts if _is_time(each[0])), key=lambda each: each[0])
        ends = [*(start for start, _ in known[1:]), end]
        for (start, title), own in zip(known, ends, strict=False):
            self.add_chapter(start, own, title)
        self.foreign += [_DAMAGED_CHAPTER] * (len(starts) - len(known))

    def update(self, other: Tags, system: str = "") -> None:
        """Take what is not there yet from another system of tags of the same file.

        Args:
            other: its tags.
            system: its name; empty: only another reading of what was read before.
        """
        self._there.clear()
        there = {base(name) for name in self.fields}
        for name, values in other.fields.items():
            if system != ID3V1 or base(name) not in there:  # its comment has a description of mutagen's
                self.fields.setdefault(name, list(values))
        self.pictures = self.pictures or list(other.pictures)
        self.chapters = self.chapters or list(other.chapters)
        self.foreign += other.foreign
        self.stale += other.stale
        if system and (other or other.stale):
            self.systems.append((system, other))

    def beyond(self, systems: Collection[str]) -> Tags:
        """What these of its systems do not say, of what all say together."""
        held = Tags()
        for name, own in self.systems:
            if name in systems:
                held.update(own, name)
        more = Tags({name: list(values) for name, values in self.fields.items() if name not in held.fields})
        for number, (total, _, _) in PAIRS.items():
            if number in held.fields or total in held.fields:  # one frame or atom has both
                more.fields.pop(number, None)
                more.fields.pop(total, None)
        more.pictures = [] if held.pictures else list(self.pictures)
        more.chapters = [] if held.chapters else list(self.chapters)
        return more

    def __bool__(self) -> bool:
        return bool(self.fields or self.pictures or self.chapters or self.foreign)


def base(name: str) -> str:
    """A field's name without a description."""
    head, found, _ = name.partition(":")
    return head if found and head in ("comment", "lyrics") else name
