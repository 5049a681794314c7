"""What became of a recording's tags: kept, or lost, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mutagen.id3 import TCON

from styleshift.audio.tags.model import ID3V1, Chapter, Tags, base
from styleshift.audio.things import Thing, ThingKind, counted
from styleshift.words import Remark

_JOINTS = ("; ", ";", ", ", "/", " / ")
_LONGEST_VALUE = 60
# ID3v1 has 28 bytes for a comment; spaces at a cut are not told from padding.
_LEAST_CUT = 25


def lost(before: Tags, after: Tags) -> list[str]:
    """What of ``before`` is not in ``after``, by name; see :func:`styleshift.audio.things.kind_of_thing`.

    A value of a system of tags that did not win has the system in its name: ``title of the ID3 tag: Dance``;
    its kind is without the value, see :class:`styleshift.words.Remark`.
    """
    there = _all_values(after)
    missing = [
        name
        for name, values in before.fields.items()
        if any(_plain(value) not in there.get(base(name), ()) for value in values)
    ]
    missing += [_described(picture) for picture in _without(before.pictures, after.pictures)]
    if len(after.chapters) < len(before.chapters):
        missing.append(_chapters(len(before.chapters) - len(after.chapters)))
    return [*missing, *_beside(before, after, there), *before.foreign]


def kept(before: Tags, after: Tags) -> list[str]:
    """What of ``before`` is in ``after`` as well, by name."""
    there = _all_values(after)
    found = [
        name
        for name, values in before.fields.items()
        if all(_plain(value) in there.get(base(name), ()) for value in values)
    ]
    total = len(before.pictures)
    held = total - len(_without(before.pictures, after.pictures))
    if held:
        whole = "cover" if total == 1 else f"{total} pictures"
        found.append(whole if held == total else f"{held} of {total} pictures")
    if chapters := min(len(before.chapters), len(after.chapters)):
        found.append(str(_chapters(chapters)))
    return [*found, *(name for name in before.foreign if name in after.foreign)]


def _all_values(tags: Tags) -> dict[str, set[str]]:
    """Plain values by field, of all systems."""
    return _values(tags, *(own for _, own in tags.systems))


def _values(*blocks: Tags) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for block in blocks:
        for name, values in block.fields.items():
            found.setdefault(base(name), set()).update(map(_plain, values))
    return found


def _beside(before: Tags, after: Tags, there: dict[str, set[str]]) -> Iterator[str]:
    """What differs in the systems of tags that did not win, and did not come along."""
    held = [picture for _, own in after.systems for picture in own.pictures]
    parts = [_outline(own.chapters) for _, own in after.systems]
    won: dict[str, list[str]] = {}
    for name, values in before.fields.items():
        won.setdefault(base(name), []).extend(values)
    told = _values(before)
    for system, own in before.systems:
        for name, values in own.fields.items():
            own_base = base(name)
            here, ours = there.get(own_base, ()), told.get(own_base, ())
            other = [v for v in values if _plain(v) not in here and _plain(v) not in ours]
            gone = [v for v in other if not _says(won.get(own_base, []), v, name, system)]
            if gone:
                kind = f"{name} of the {system}"
                yield Remark(f"{kind}: {_short('; '.join(dict.fromkeys(gone)))}", kind)
        for picture in _without(_without(own.pictures, before.pictures), held):
            yield _described(picture, f" of the {system}")
        if own.chapters and _outline(own.chapters) not in (_outline(before.chapters), *parts):
            yield _chapters(len(own.chapters), f" of the {system}")


def _says(won: list[str], value: str, name: str, system: str) -> bool:
    """Whether values say what another system's does, which is none of them: joined, or more exactly."""
    plain, known = _plain(value), [_plain(each) for each in won]
    if any(plain == _plain(joint.join(won)) for joint in _JOINTS):
        return True
    if any(plain in map(_plain, each.split(joint)) for each in won for joint in _JOINTS if joint in each):
        return True
    if name in ("date", "originaldate") and len(plain) >= 4 and any(each.startswith(plain) for each in known):
        return True
    return system == ID3V1 and _cut(won, value, name)


def _cut(won: list[str], value: str, name: str) -> bool:
    """Whether ID3v1 says what other tags do as far as it can: 30 bytes a text, and genres of a list."""
    if name == "genre" and won and not any(each in TCON.GENRES for each in won):
        return True
    told = value.encode("latin-1", "replace")
    texts = [*won, *(joint.join(won) for joint in _JOINTS)]
    spelled = [text.encode(code, "replace") for text in texts for code in ("latin-1", "utf-8", "cp1252")]
    return told in spelled or (len(told) >= _LEAST_CUT and any(each.startswith(told) for each in spelled))


def _without(pictures: list[Any], held: list[Any]) -> list[Any]:
    """Pictures whose data is not among others, each of which counts once."""
    data = [bytes(picture.data) for picture in held]
    found = []
    for picture in pictures:
        if bytes(picture.data) in data:
            data.remove(bytes(picture.data))
        else:
            found.append(picture)
    return found


def _outline(chapters: list[Chapter]) -> list[tuple[int, str]]:
    return [(round(chapter.start * 10), chapter.title) for chapter in chapters]


def _plain(value: str) -> str:
    """Values are alike whatever they end lines and numbers with."""
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    return text.lstrip("0") or "0" if text.isdecimal() else text


def _short(value: str) -> str:
    """A value in a line of a report."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _chapters(count: int, where: str = "") -> Thing:
    return counted(count, "chapter", ThingKind.CHAPTERS, where)


def _described(picture: Any, where: str = "") -> Thing:
    what = f"({picture.mime or 'of no kind'}{'' if picture.data else ', empty'})"
    if picture.mime == "-->":
        what = "that is only an address"
    return Thing(f"a picture {what}{where}", ThingKind.PICTURES)
