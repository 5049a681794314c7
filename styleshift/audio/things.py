"""What a recording holds, by name, and of what kind each thing is."""

from __future__ import annotations

from enum import Enum


class ThingKind(Enum):
    """What may be lost of a recording, the worst first; the values are for people."""

    SOUND = "sound"
    TRACKS = "other tracks"
    PICTURES = "pictures"
    CHAPTERS = "chapters"
    TAGS = "tags or chunks"


class Thing(str):
    """The name of a thing that a recording holds, such as ``a video``; it is that name wherever it goes.

    Args:
        name: as a report has it.
        kind: of thing. A tag may have any name, so that none tells it.
    """

    kind: ThingKind

    def __new__(cls, name: str, kind: ThingKind) -> Thing:  # noqa: D102
        made = super().__new__(cls, name)
        made.kind = kind
        return made

    def __reduce__(self) -> tuple[type[Thing], tuple[str, ThingKind]]:
        return Thing, (str(self), self.kind)


def kind_of_thing(name: str) -> ThingKind:
    """Its kind; a plain text is the name of a tag or chunk, as its file has it."""
    return name.kind if isinstance(name, Thing) else ThingKind.TAGS
