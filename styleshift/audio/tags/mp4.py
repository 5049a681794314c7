"""MP4: atoms to fields and back. Chapters are written with the sound; see :mod:`styleshift.audio.pyav`."""

from __future__ import annotations

from typing import Any

from mutagen.mp4 import AtomDataType, MP4Cover, MP4FreeForm

from styleshift.audio.tags.model import Tags, picture
from styleshift.audio.tags.table import (
    BY_FREE,
    BY_MP4,
    BY_NAME,
    FLAGS_IN_MP4,
    NUMBERS_IN_MP4,
    PAIRS,
    field_name,
    is_stale,
)

_FREE = "----:com.apple.iTunes:"
_PAIR_ATOMS = {atom: name for name, (_, _, atom) in PAIRS.items() if atom}
_MIMES = {AtomDataType.JPEG: "image/jpeg", AtomDataType.PNG: "image/png", AtomDataType.BMP: "image/bmp"}


def read_mp4(file: Any) -> Tags:
    """The fields of an MP4 file that mutagen opened."""
    found = Tags()
    for key, values in (file.tags or {}).items():
        bare = key.rsplit(":", 1)[-1]
        if is_stale(bare):
            found.stale.append(bare)
        elif key in _PAIR_ATOMS:
            number, total = values[0]
            found.add(_PAIR_ATOMS[key], str(number or ""))
            found.add(PAIRS[_PAIR_ATOMS[key]][0], str(total or ""))
        elif key == "covr":
            found.pictures += [picture(bytes(each), _MIMES.get(each.imageformat, "")) for each in values]
        elif key in FLAGS_IN_MP4:
            found.add(BY_MP4[key], "1" if values else "")
        elif key in BY_MP4:
            found.add(BY_MP4[key], *map(str, values))
        elif key.startswith("----:"):
            _read_free(found, key, values)
        else:
            found.foreign.append(key)
    for key, bodies in _failed(file).items():
        texts = [text for body in bodies if (text := _old_text(body))]
        if key in BY_MP4 and len(texts) == len(bodies):
            found.add(BY_MP4[key], *texts)
        else:
            found.foreign.append(str(key))
    starts = [(float(each.start), each.title) for each in getattr(file, "chapters", None) or ()]
    found.add_chapters(starts, float(file.info.length))
    return found


def _failed(file: Any) -> dict[str, list[bytes]]:
    """Bodies of the atoms that mutagen could not make sense of, by name."""
    return getattr(file.tags, "_failed_atoms", None) or {}


def _old_text(body: bytes) -> str:
    """Text in an atom that should be UTF-8 and is not; empty: it is none."""
    if body[4:8] != b"data" or body[11:12] not in (b"\0", b"\1") or len(body) < 16:
        return ""
    return body[16 : int.from_bytes(body[:4], "big")].decode("cp1252", "replace")


def _read_free(found: Tags, key: str, values: Any) -> None:
    try:
        texts = [bytes(value).decode("utf-8") for value in values]
    except UnicodeDecodeError:
        found.foreign.append(key)
        return
    ours = key.lower().startswith(_FREE.lower())
    name = key[len(_FREE) :] if ours else key.rpartition(":")[2]
    head, _, description = name.partition(":")
    if head.lower() in ("comment", "lyrics") and description:
        found.add(f"{head.lower()}:{description}", *texts)
    else:
        found.add(BY_FREE.get(name.lower(), field_name(name)), *texts)


def write_mp4(file: Any, tags: Tags) -> None:
    """Give an MP4 file that mutagen opened all that it can hold; not saved yet."""
    if file.tags is None:
        file.add_tags()
    fields = dict(tags.fields)
    for number, (total, _, atom) in PAIRS.items():
        if atom:
            pair = (_number(fields.get(number)), _number(fields.get(total)))
            if None not in pair and any(pair):
                file.tags[atom] = [pair]
            fields.pop(number, None)
            fields.pop(total, None)
    for name, values in fields.items():
        field = BY_NAME.get(name)
        atom = field.mp4 if field is not None and field.mp4 else f":{name.upper()}"
        if atom in NUMBERS_IN_MP4:
            whole = _number(values)
            if whole is not None:
                file.tags[atom] = [whole]
        elif atom in FLAGS_IN_MP4:
            file.tags[atom] = values[0] not in ("0", "")
        elif atom.startswith(":"):
            file.tags[_FREE + atom[1:]] = [MP4FreeForm(value.encode("utf-8")) for value in values]
        else:
            file.tags[atom] = values
    kinds = {mime: kind for kind, mime in _MIMES.items()} | {"image/jpg": AtomDataType.JPEG}
    covers = [
        MP4Cover(picture.data, imageformat=kinds[picture.mime.lower()])
        for picture in tags.pictures
        if picture.data and picture.mime.lower() in kinds
    ]
    if covers:
        file.tags["covr"] = covers


def _number(values: list[str] | None) -> int | None:
    """A whole number that fits; 0 where there is none, None where it is something else."""
    if not values:
        return 0
    return int(values[0]) if values[0].isdecimal() and int(values[0]) < 1 << 16 else None


def copy_mp4(old: Any, new: Any) -> None:
    """All atoms as they are, but stale ones; not saved yet."""
    if new.tags is None:
        new.add_tags()
    for key, values in (old.tags or {}).items():
        if not is_stale(key.rsplit(":", 1)[-1]):
            new.tags[key] = values
    for key, bodies in _failed(old).items():
        texts = [text for body in bodies if (text := _old_text(body))]
        if key in BY_MP4 and len(texts) == len(bodies):
            new.tags[key] = texts  # now in UTF-8, as it should have been
        else:
            new.tags._failed_atoms[key] = bodies


def add_comment(file: Any, comment: str) -> None:
    """One comment more."""
    file.tags["©cmt"] = [*file.tags.get("©cmt", []), comment]
