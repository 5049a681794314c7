"""ID3: frames to fields and back, and whole blocks of tags from file to file as they are."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from mutagen import id3

from styleshift.audio.containers.extent import syncsafe
from styleshift.audio.tags.model import Chapter, Tags, picture
from styleshift.audio.tags.table import BY_ID3, BY_NAME, INVOLVED, PAIRS, is_stale

_UTF8 = 3
_PAIR_OF = {frame: name for name, (_, frame, _) in PAIRS.items()}
# Newer than version 3, but programs write and read them in it.
_READ_IN_V3_TOO = frozenset(("TDEN", "TDRL", "TDTG", "TMOO", "TPRO", "TSOA", "TSOP", "TSOT", "TSST"))
# The few names in small letters of a TXXX that others write otherwise.
_MUSICBRAINZ = "http://musicbrainz.org"


def read_block(block: bytes) -> Tags:
    """The fields of an ID3 tag as it stands in a file."""
    return read_id3(id3.ID3(io.BytesIO(block), load_v1=False))


def read_id3(tags: Any) -> Tags:
    """The fields of an ID3 tag, in the order of its frames."""
    found = Tags()
    for key, frame in tags.items():
        name = frame.FrameID
        if is_stale(key.removeprefix("TXXX:").removeprefix("COMM:")):
            found.stale.append(key.removeprefix("TXXX:"))
        elif name in _PAIR_OF:
            found.add_named(_PAIR_OF[name], str(frame.text[0] if frame.text else ""))
        elif name == "TCON":
            found.add("genre", *frame.genres)
        elif name == "TXXX":
            found.add(BY_ID3.get(f"TXXX:{frame.desc}".upper(), frame.desc.lower() or "text"), *frame.text)
        elif name in ("COMM", "USLT"):
            _read_text(found, "comment" if name == "COMM" else "lyrics", frame)
        elif name == "APIC":
            found.pictures.append(picture(frame.data, frame.mime, int(frame.type), frame.desc.strip()))
        elif name in ("TIPL", "TMCL", "IPLS"):
            for role, person in frame.people:
                own = role.lower().replace("-", "")
                found.add(*((own, person) if own in INVOLVED else ("performer", f"{person} ({role})")))
        elif name == "POPM":
            found.add("fmps_rating", f"{frame.rating / 255:.3f}".rstrip("0").rstrip("."))
            found.add("fmps_playcount", str(getattr(frame, "count", "") or ""))
        elif name == "CHAP":
            titles = [text for each in frame.sub_frames.getall("TIT2") for text in each.text]
            found.chapters.append(
                Chapter(frame.start_time / 1000, frame.end_time / 1000, titles[0] if titles else "")
            )
        elif name == "CTOC":
            continue  # the order of the chapters, which their times tell
        elif name == "UFID" and frame.owner == _MUSICBRAINZ:
            found.add("musicbrainz_trackid", frame.data.decode("ascii", "replace"))
        elif name == "WXXX":
            found.add(f"url:{frame.desc.lower()}" if frame.desc else "url", frame.url)
        elif name in BY_ID3:
            found.add(BY_ID3[name], *(frame.text if hasattr(frame, "text") else [frame.url]))
        else:
            found.foreign.append(key)
    found.chapters.sort(key=lambda chapter: chapter.start)
    found.foreign += [f"{bytes(data[:4]).decode('ascii', 'replace')}" for data in tags.unknown_frames]
    return found


def _read_text(found: Tags, name: str, frame: Any) -> None:
    texts = frame.text if isinstance(frame.text, list) else [frame.text]
    found.add(f"{name}:{frame.desc}" if frame.desc else name, *texts)


def make_id3(tags: Tags) -> Any:
    """An ID3v2.4 tag of all fields."""
    made = id3.ID3()
    fields = dict(tags.fields)
    for number, (total, frame, _) in PAIRS.items():
        first, second = fields.pop(number, [""])[0], fields.pop(total, [""])[0]
        if first or second:
            made.add(_frame(frame, [first + (f"/{second}" if second else "")]))
    people: list[list[str]] = []
    for name, values in fields.items():
        own, _, description = name.partition(":")
        field = BY_NAME.get(name)
        if own in ("comment", "lyrics"):
            _add_texts(made, own, description, values)
        elif own == "performer":
            players = [[_role(value), value.removesuffix(f" ({_role(value)})")] for value in values]
            made.add(id3.TMCL(encoding=_UTF8, people=players))
        elif name in INVOLVED:
            people += [[name, value] for value in values]
        elif own == "url":
            for value in values:
                made.add(id3.WXXX(encoding=_UTF8, desc=description, url=value))
        elif name == "musicbrainz_trackid":
            made.add(id3.UFID(owner=_MUSICBRAINZ, data=values[0].encode("ascii", "replace")))
        elif field is not None and field.id3.startswith("W"):
            for value in values:
                made.add(getattr(id3, field.id3)(url=value))
        elif field is not None and field.id3 and not field.id3.startswith("TXXX:"):
            made.add(_frame(field.id3, values))
        else:
            label = field.id3.removeprefix("TXXX:") if field is not None and field.id3 else name
            made.add(id3.TXXX(encoding=_UTF8, desc=label, text=values))
    if people:
        made.add(id3.TIPL(encoding=_UTF8, people=people))
    for each in filter(lambda each: each.data, tags.pictures):
        description = each.desc
        while f"APIC:{description}" in made:  # ID3 tells pictures apart by it
            description += " "
        made.add(id3.APIC(_UTF8, each.mime, each.type, description, each.data))
    _add_chapters(made, tags.chapters)
    return made


def _frame(name: str, values: list[str]) -> Any:
    return getattr(id3, name)(encoding=_UTF8, text=values)


def _role(performer: str) -> str:
    head, found, role = performer.rpartition(" (")
    return role[:-1] if found and head and role.endswith(")") else ""


def _add_texts(made: Any, name: str, description: str, values: list[str]) -> None:
    kind = id3.COMM if name == "comment" else id3.USLT
    for number, value in enumerate(values, 1):
        own = description if number == 1 else f"{description}{number}"
        while f"{kind.__name__}:{own}:eng" in made:
            own += "+"
        made.add(kind(encoding=_UTF8, lang="eng", desc=own, text=[value] if name == "comment" else value))


def _add_chapters(made: Any, chapters: list[Chapter]) -> None:
    if not chapters:
        return
    names = [f"chp{number}" for number in range(len(chapters))]
    flags = id3.CTOCFlags.TOP_LEVEL | id3.CTOCFlags.ORDERED
    made.add(id3.CTOC(element_id="toc", flags=flags, child_element_ids=names, sub_frames=[]))
    no_offset = 0xFFFFFFFF  # the times count
    for name, chapter in zip(names, chapters, strict=True):
        title = [_frame("TIT2", [chapter.title])] if chapter.title else []
        start, end = round(chapter.start * 1000), round(chapter.end * 1000)
        made.add(id3.CHAP(name, start, end, no_offset, no_offset, title))


def to_bytes(tags: Any) -> bytes:
    """The tag as it stands in a file."""
    target = io.BytesIO()
    tags.save(target, v2_version=4, padding=lambda info: 0)
    return target.getvalue()


def add_foreign(made: Any, block: bytes) -> None:
    """Give a tag those frames of another that no field stands for."""
    try:
        old: Any = id3.ID3(io.BytesIO(block), load_v1=False)
        for key in read_id3(old).foreign:
            if key in old:
                made.add(old[key])
    except Exception:  # a stranger's bytes; what is not there is named
        return


def _frames_of(tags: Tags, version: int) -> bytes:
    """Fields as frames of version 3 or 4."""
    made = make_id3(tags)
    if version == 3:
        newer = [frame for frame in made.values() if frame.FrameID in _READ_IN_V3_TOO]
        made.update_to_v23()
        for frame in newer:
            made.add(frame)
    target = io.BytesIO()
    made.save(target, v2_version=version, v23_sep=None, padding=lambda info: 0)
    return target.getvalue()[10:]


def copied(block: bytes, comment: str, more: Tags | None = None) -> bytes | None:
    """A whole ID3v2 tag, every frame as it is and where it is, but stale ones; with a comment more.

    Args:
        block: the tag, from its ``ID3`` on.
        comment: a line that becomes a COMM frame of its own; empty: none.
        more: fields that become further frames.

    Returns:
        The tag in the version that it had; None where its frames cannot be told apart, or one of version 2 is
        to get more.
    """
    if len(block) < 10 or block[3] not in (2, 3, 4) or (more and block[3] == 2):
        return None
    version, flags = block[3], block[5]
    body = block[10 : 10 + syncsafe(block[6:10])]
    if flags & 0x80 and version < 4:
        body = body.replace(b"\xff\x00", b"\xff")
    if flags & 0x40:
        if version == 2:
            return None
        length = syncsafe(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4], "big")
        body = body[length:]
    frames, head = [], 6 if version == 2 else 10
    width = 3 if version == 2 else 4
    while len(body) >= head and body[0]:
        name = body[:width]
        if not name.isalnum():
            return None
        digits = body[width : 2 * width]
        length = syncsafe(digits) if version == 4 else int.from_bytes(digits, "big")
        if version == 4 and not _ends(body, head + length):
            length = int.from_bytes(digits, "big")  # as iTunes wrote them, against the standard
        if not _ends(body, head + length):
            return None
        if not is_stale(_key(body[: head + length], head, version)):
            frames.append(body[: head + length])
        body = body[head + length :]
    if more:
        frames.append(_frames_of(more, version))
    if comment:
        frames.append(_comment(comment, version, b"".join(frames)))
    joined = b"".join(frames)
    # Whole-tag unsynchronisation of version 4 is in the frames' own flags, too.
    kept = flags & 0x80 if version == 4 else 0
    return b"ID3" + bytes([version, block[4], kept]) + _to_syncsafe(len(joined)) + joined


def _ends(body: bytes, position: int) -> bool:
    """Whether a frame may end there: another or padding follows, or the tag is over."""
    follows = body[position : position + 4]
    return position <= len(body) and (not follows or not follows[0] or follows[:3].isalnum())


def _key(frame: bytes, head: int, version: int) -> str:
    """A frame's name, or the description of one whose text is free."""
    name = frame[:3].decode("ascii") if version == 2 else frame[:4].decode("ascii")
    body = frame[head:]
    if name in ("TXXX", "TXX", "COMM", "COM") and len(body) > 4:
        text = body[1:] if name.startswith("TX") else body[4:]
        wide = body[0] in (1, 2)
        with contextlib.suppress(UnicodeDecodeError):
            if wide:
                end = next((at for at in range(0, len(text) - 1, 2) if text[at : at + 2] == b"\0\0"), 0)
                return text[:end].decode("utf-16" if body[0] == 1 else "utf-16-be") if end else name
            return text.partition(b"\0")[0].decode("utf-8" if body[0] == 3 else "latin-1") or name
    return {"RVA": "RVA2", "TSS": "TSSE", "TEN": "TENC", "TLE": "TLEN"}.get(name, name)


def _comment(text: str, version: int, frames: bytes) -> bytes:
    """A COMM frame beside those that are there: with a description, unless it is the only one."""
    name = b"COM" if version == 2 else b"COMM"
    description = "styleshift" if name in frames else ""
    if version == 4:
        body = b"\x03eng" + description.encode() + b"\0" + text.encode()
        return name + _to_syncsafe(len(body)) + b"\0\0" + body
    body = b"\x01eng" + description.encode("utf-16") + b"\0\0" + text.encode("utf-16")
    if version == 3:
        return name + len(body).to_bytes(4, "big") + b"\0\0" + body
    return name + len(body).to_bytes(3, "big") + body


def _to_syncsafe(value: int) -> bytes:
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))
