"""What a recording holds, by name, and of what kind each thing is."""

from __future__ import annotations

from enum import Enum
from typing import Self

from styleshift.words import Remark


class ThingKind(Enum):
    """What may be lost of a recording, the worst first; the values are for people."""

    SOUND = "sound"
    TRACKS = "other tracks"
    PICTURES = "pictures"
    CHAPTERS = "chapters"
    TAGS = "tags or chunks"


class Thing(Remark):
    """The name of a thing that a recording holds, such as ``a video``; it is that name wherever it goes.

    Args:
        name: as a report has it.
        what: the kind of thing. A tag may have any name, so that none tells it.
        kind: what files are counted by that lack such a thing, where the name holds a value of its own; else
            the name. See :class:`styleshift.words.Remark`.
    """

    what: ThingKind

    def __new__(cls, name: str, what: ThingKind, kind: str = "") -> Self:  # noqa: D102
        made = super().__new__(cls, name, kind or str(name))
        made.what = what
        return made

    def __reduce__(self) -> tuple[type[Thing], tuple[str, ThingKind, str]]:
        return Thing, (str(self), self.what, self.kind)


def kind_of_thing(name: str) -> ThingKind:
    """Its kind; a plain text is the name of a tag or chunk, as its file has it."""
    return name.what if isinstance(name, Thing) else ThingKind.TAGS


def counted(count: int, one: str, what: ThingKind, where: str = "") -> Thing:
    """So many things of one kind; files that lack them are counted together, whatever the number.

    >>> counted(1, "chapter", ThingKind.CHAPTERS), counted(2, "chapter", ThingKind.CHAPTERS)
    ('1 chapter', '2 chapters')

    Args:
        count: of them.
        one: the word for one, which gets an ``s``.
        what: the kind of thing.
        where: what stands behind it.
    """
    return Thing(f"{count} {one}{'s' * (count != 1)}{where}", what, f"{one}s{where}")
