"""Chunks of WAV and AIFF files: texts in them, and all of them from file to file.

Cue points, loops, regions and broadcast data count samples; they hold as long as the sample rate and the
length are those of the source.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from styleshift.audio.containers.chunks import Chunk, chunks
from styleshift.audio.containers.extent import Bytes
from styleshift.audio.tags.model import Tags
from styleshift.audio.tags.table import BY_INFO

# Of the sound itself, of its writer, or padding: the new file has its own.
_OWN = frozenset({b"fmt ", b"data", b"fact", b"ds64", b"PEAK", b"COMM", b"SSND", b"FVER", b"levl"})
_PADDING = frozenset({b"JUNK", b"junk", b"PAD ", b"FLLR", b"filr"})
ID3_CHUNKS = frozenset({b"id3 ", b"ID3 "})
# What counts samples.
_POSITIONS = frozenset({b"cue ", b"smpl", b"plst", b"MARK", b"COMT", b"SAXL", b"adtl"})
_TEXTS_OF_AIFF = frozenset({b"NAME", b"AUTH", b"(c) ", b"ANNO"})
_LARGEST_TEXT = 1 << 24


def _form(file: Bytes) -> str:
    """``RIFF``, ``RIFX``, ``RF64`` or ``FORM``; empty: none of them."""
    head = file.at(0, 12)
    form = head[:4].decode("latin-1")
    known = form in ("RIFF", "RIFX", "RF64") and head[8:] == b"WAVE"
    return form if known or (form == "FORM" and head[8:] in (b"AIFF", b"AIFC")) else ""


def _label(file: Bytes, chunk: Chunk) -> str:
    """Name for a report: that of the chunk, or of the list that it is."""
    name = file.at(chunk.start, 4) if chunk.name == b"LIST" else chunk.name
    text = name.decode("latin-1").strip()
    return f"LIST-{text}" if chunk.name == b"LIST" else text


def _others(file: Bytes) -> list[Chunk]:
    """All chunks but the sound's own, the padding and the tags."""
    found = []
    for chunk in chunks(file):
        if chunk.name in _OWN | _PADDING | ID3_CHUNKS or chunk.start + chunk.length > file.size:
            continue
        if chunk.name == b"data" or not all(32 <= byte < 127 for byte in chunk.name):
            continue
        found.append(chunk)
    return found


def read_chunks(file: Bytes) -> Tags:
    """Texts of a WAV or AIFF, and the names of its other chunks; empty for other files."""
    found = Tags()
    form = _form(file)
    for chunk in _others(file) if form else ():
        if chunk.length > _LARGEST_TEXT:
            found.foreign.append(_label(file, chunk))
        elif chunk.name == b"LIST" and file.at(chunk.start, 4) == b"INFO":
            _read_info(found, file.at(chunk.start + 4, chunk.length - 4), ">" if form == "RIFX" else "<")
        elif form == "FORM" and chunk.name in _TEXTS_OF_AIFF:
            text = _text(file.at(chunk.start, chunk.length))
            found.add("comment" if chunk.name == b"ANNO" else BY_INFO[chunk.name.decode()], text)
        else:
            found.foreign.append(_label(file, chunk))
    return found


def _read_info(found: Tags, body: bytes, order: str) -> None:
    position = 0
    while position + 8 <= len(body):
        name, length = body[position : position + 4].decode("latin-1"), _u32(body, position + 4, order)
        text = _text(body[position + 8 : position + 8 + length])
        if name == "ICMT":
            found.add("comment", text)
        elif name in ("ITRK", "IPRT"):
            number, _, total = text.partition("/")
            found.add("tracknumber", number)
            found.add("tracktotal", total)
        elif name == "ISFT":
            found.stale += ["encoder"] if text else []
        elif text:
            found.add(BY_INFO.get(name, f"info {name.lower()}"), text)
        position += 8 + length + length % 2


def _u32(data: bytes, position: int, order: str) -> int:
    return int(struct.unpack_from(order + "I", data, position)[0])


def _text(data: bytes) -> str:
    plain = data.partition(b"\0")[0].strip()
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return plain.decode("cp1252", "replace")


def copy_chunks(source: Path, target: Path, *, same_positions: bool) -> tuple[list[str], list[str]]:
    """Append the source's chunks to a target of the same family.

    Args:
        source: a WAV or AIFF.
        target: one that was just written; of another family, nothing is copied.
        same_positions: it has the sample rate of the source, and its length.

    Returns:
        Names of what was copied, and of what was not.
    """
    kept, lost = [], []
    with source.open("rb") as opened, target.open("rb") as written:
        old, new = Bytes(opened.fileno()), Bytes(written.fileno())
        forms = _form(old), _form(new)
        alike = forms[0] == forms[1] or {*forms} <= {"RIFF", "RF64"}
        there = {_label(new, chunk) for chunk in _others(new)}
        bodies: list[tuple[bytes, bytes]] = []
        for chunk in _others(old):
            label = _label(old, chunk)
            counts = chunk.name in _POSITIONS or label == "LIST-adtl"
            if not alike or (counts and not same_positions):
                lost.append(label)
            elif label not in there:
                bodies.append((chunk.name, old.at(chunk.start, chunk.length)))
                kept.append(label)
    append_chunks(target, bodies)
    return kept, lost


def keep_mask(source: Path, target: Path) -> None:
    """Say which loudspeakers the channels are for as the source does, where both files say it at all.

    libsndfile writes the usual ones for a number of channels: 3.1 would become quadraphonic.
    """
    with source.open("rb") as opened, target.open("rb") as written:
        old, new = _speakers(Bytes(opened.fileno())), _speakers(Bytes(written.fileno()))
    if old and new and old[1][:2] == new[1][:2]:
        with target.open("r+b") as file:
            file.seek(new[0] + 20)
            file.write(old[1][2])


def _speakers(file: Bytes) -> tuple[int, tuple[bytes, bytes, bytes]] | None:
    """Offset of an extensible format chunk, and in it its kind, number of channels and their mask."""
    for chunk in chunks(file):
        body = file.at(chunk.start, 40)
        if chunk.name == b"fmt " and chunk.length >= 40 and body[:2] == b"\xfe\xff":
            return chunk.start, (body[:2], body[2:4], body[20:24])
    return None


def append_chunks(path: Path, bodies: list[tuple[bytes, bytes]]) -> None:
    """Append chunks to a WAV or AIFF, and count them in its header.

    Raises:
        OSError: the disk is full.
    """
    if not bodies:
        return
    with path.open("r+b") as file:
        view = Bytes(file.fileno())
        form = _form(view)
        order = ">" if form in ("FORM", "RIFX") else "<"
        end = file.seek(0, os.SEEK_END)
        if end % 2:
            file.write(b"\0")
        for name, body in bodies:
            file.write(name + struct.pack(order + "I", len(body)) + body + bytes(len(body) % 2))
        length = file.tell() - 8
        if form == "RF64":
            file.seek(20)  # the length in the ds64 chunk, which comes first
            file.write(struct.pack("<Q", length))
        else:
            file.seek(4)
            file.write(struct.pack(order + "I", min(length, 0xFFFFFFFF)))


def id3_chunk(file: Bytes) -> bytes:
    """The ID3 tag in a WAV or AIFF; empty: there is none."""
    return next((file.at(each.start, each.length) for each in chunks(file) if each.name in ID3_CHUNKS), b"")


def takes_chunks(path: Path) -> str:
    """``WAV`` or ``AIFF`` where a file is one; empty where it is not."""
    with path.open("rb") as opened:
        form = _form(Bytes(opened.fileno()))
    return "" if not form else "AIFF" if form == "FORM" else "WAV"
