"""What a recording's tags say, in one form for all families."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import mutagen.flac

from styleshift.audio.tags.table import PAIRS, field_name

# What the comment of every conversion holds.
MARK = "converted with styleshift"


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


def chapters_from(starts: Sequence[tuple[float, str]], end: float) -> list[Chapter]:
    """Chapters by start and title, in order: each ends where the next begins, the last at ``end``."""
    ends = [*(start for start, _ in starts[1:]), end]
    return [Chapter(start, end, title) for (start, title), end in zip(starts, ends, strict=False)]


@dataclass(slots=True)
class Tags:
    """All tags of a recording.

    Attributes:
        fields: values by name, as in :mod:`styleshift.audio.tags.table`; ``comment:x`` and ``lyrics:x`` are
            those that have a description.
        pictures: covers and others, as FLAC has them.
        chapters: in order.
        foreign: names of what only the source's own format can hold.
        stale: names of what is no longer true once the sound has changed; in none of the others.
    """

    fields: dict[str, list[str]] = field(default_factory=dict)
    pictures: list[Any] = field(default_factory=list)
    chapters: list[Chapter] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    def add(self, name: str, *values: str) -> None:
        """Append values to a field, but those that are empty."""
        found = [value for value in (str(value) for value in values) if value]
        if found:
            self.fields.setdefault(name, []).extend(found)

    def add_named(self, key: str, *values: str) -> None:
        """As :meth:`add`, by any name that the field has in Vorbis comments, APEv2 or ASF.

        A number may have its total behind it, as in ``3/12``.
        """
        name = field_name(key)
        for value in values:
            if name in PAIRS:
                number, _, total = value.partition("/")
                self.add(name, number.strip())
                self.add(PAIRS[name][0], total.strip())
            else:
                self.add(name, value)

    def update(self, other: Tags) -> None:
        """Take what is not there yet from another block of tags of the same file."""
        for name, values in other.fields.items():
            self.fields.setdefault(name, values)
        self.pictures = self.pictures or other.pictures
        self.chapters = self.chapters or other.chapters
        self.foreign += other.foreign
        self.stale += other.stale

    def __bool__(self) -> bool:
        return bool(self.fields or self.pictures or self.chapters or self.foreign)

    def names(self) -> Iterator[str]:
        """What there is, for a report."""
        yield from self.fields
        if self.pictures:
            yield "cover" if len(self.pictures) == 1 else f"{len(self.pictures)} pictures"
        if self.chapters:
            yield f"{len(self.chapters)} chapters"
        yield from self.foreign


def base(name: str) -> str:
    """A field's name without a description."""
    head, found, _ = name.partition(":")
    return head if found and head in ("comment", "lyrics") else name


def lost(before: Tags, after: Tags) -> list[str]:
    """What of ``before`` is not in ``after``, by name."""
    there: dict[str, list[str]] = {}
    for name, values in after.fields.items():
        there.setdefault(base(name), []).extend(values)
    missing = [
        name
        for name, values in before.fields.items()
        if any(_plain(value) not in map(_plain, there.get(base(name), [])) for value in values)
    ]
    held = [bytes(picture.data) for picture in after.pictures]
    for picture in before.pictures:
        if bytes(picture.data) in held:
            held.remove(bytes(picture.data))
        else:
            missing.append(_described(picture))
    if len(after.chapters) < len(before.chapters):
        missing.append(f"{len(before.chapters) - len(after.chapters)} chapters")
    return [*missing, *before.foreign]


def _plain(value: str) -> str:
    """Values are alike whatever they end lines and numbers with."""
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    return text.lstrip("0") or "0" if text.isdecimal() else text


def _described(picture: Any) -> str:
    if picture.mime == "-->":
        return "a picture that is only an address"
    return f"a picture ({picture.mime or 'of no kind'}{'' if picture.data else ', empty'})"
