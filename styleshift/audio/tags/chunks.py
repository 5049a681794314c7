"""Chunks of WAV and AIFF files: texts in them, and all of them from file to file.

Cue points, loops, regions and broadcast data count samples; they hold as long as the sample rate and the
length are those of the source.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from styleshift.audio.containers.chunks import Chunk, chunks, form_of, is_name, order_of, walk
from styleshift.audio.containers.extent import Bytes, syncsafe
from styleshift.audio.tags.model import INFO, TEXT_CHUNKS, Tags
from styleshift.audio.tags.table import BY_INFO

# Of the sound itself, of its writer, or padding: the new file has its own.
OWN = frozenset({b"fmt ", b"data", b"fact", b"ds64", b"PEAK", b"COMM", b"SSND", b"FVER", b"levl"})
PADDING = frozenset({b"JUNK", b"junk", b"PAD ", b"FLLR", b"filr"})
ID3_CHUNKS = frozenset({b"id3 ", b"ID3 "})
# What counts samples.
POSITIONS = frozenset({b"cue ", b"smpl", b"plst", b"MARK", b"COMT", b"SAXL", b"adtl"})
_TEXTS_OF_AIFF = frozenset({b"NAME", b"AUTH", b"(c) ", b"ANNO"})
_LARGEST_TEXT = 1 << 24
# All ID3 tags of a file together.
_LARGEST_ID3 = 256_000_000


def _label(file: Bytes, chunk: Chunk) -> str:
    """Name for a report: that of the chunk, or of the list that it is."""
    name = file.at(chunk.start, 4) if chunk.name == b"LIST" else chunk.name
    text = name.decode("latin-1").strip()
    return f"LIST-{text}" if chunk.name == b"LIST" else text


def _others(file: Bytes) -> list[Chunk]:
    """All chunks but the sound's own, the padding and the tags."""
    return [
        chunk
        for chunk in chunks(file)
        if chunk.name not in OWN | PADDING | ID3_CHUNKS
        and is_name(chunk.name)
        and chunk.start + chunk.length <= file.size
    ]


def read_chunks(file: Bytes) -> Tags:
    """Texts of a WAV or AIFF, and the names of its other chunks; empty for other files."""
    found = Tags()
    form = form_of(file)
    for chunk in _others(file):
        if chunk.length > _LARGEST_TEXT:
            found.foreign.append(_label(file, chunk))
        elif chunk.name == b"LIST" and file.at(chunk.start, 4) == b"INFO":
            _read_info(found, file, chunk, order_of(form))
        elif form == "FORM" and chunk.name in _TEXTS_OF_AIFF:
            found.add(BY_INFO[chunk.name.decode()], _text(file.at(chunk.start, chunk.length)))
        else:
            found.foreign.append(_label(file, chunk))
    found.foreign += [_label(file, chunk) for chunk, length in _id3_lengths(file) if length is None]
    return found


def _read_info(found: Tags, file: Bytes, info: Chunk, order: str) -> None:
    end = info.start + info.length
    for each in walk(file, info.start + 4, f"{order}4sI", align=2):
        if each.start > end:
            break
        name = each.name.decode("latin-1")
        text = _text(file.at(each.start, min(each.length, end - each.start)))
        if name == "ISFT":
            found.stale += ["encoder"] if text else []
        else:
            found.add_named(BY_INFO.get(name, f"info {name.lower()}"), text)


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
        target: one of the same family that was just written.
        same_positions: it has the sample rate of the source, and its length.

    Returns:
        Names of what was copied, and of what was not.
    """
    kept, lost = [], []
    with source.open("rb") as opened, target.open("rb") as written:
        old, new = Bytes(opened.fileno()), Bytes(written.fileno())
        there = {_label(new, chunk) for chunk in _others(new)}
        bodies: list[tuple[bytes, bytes]] = []
        for chunk in _others(old):
            label = _label(old, chunk)
            counts = chunk.name in POSITIONS or label == "LIST-adtl"
            if counts and not same_positions:
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
    with source.open("rb") as opened, target.open("r+b") as written:
        old, new = Bytes(opened.fileno()), Bytes(written.fileno())
        ours, theirs = _extensible(old), _extensible(new)
        if ours and theirs and old.at(ours + 2, 2) == new.at(theirs + 2, 2):  # as many channels
            written.seek(theirs + 20)
            written.write(old.at(ours + 20, 4))


def _extensible(file: Bytes) -> int:
    """Offset of a format chunk that has a mask of loudspeakers; 0: there is none."""
    found = (each.start for each in chunks(file) if each.name == b"fmt " and each.length >= 40)
    return next((start for start in found if file.at(start, 2) == b"\xfe\xff"), 0)


def append_chunks(path: Path, bodies: list[tuple[bytes, bytes]]) -> None:
    """Append chunks to a WAV or AIFF, and count them in its header.

    Raises:
        OSError: the disk is full.
    """
    if not bodies:
        return
    with path.open("r+b") as file:
        view = Bytes(file.fileno())
        form = form_of(view)
        order = order_of(form)
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


def id3_chunks(file: Bytes) -> list[bytes]:
    """The ID3 tags in a WAV or AIFF."""
    return [file.read(length, each.start) for each, length in _id3_lengths(file) if length is not None]


def _id3_lengths(file: Bytes) -> Iterator[tuple[Chunk, int | None]]:
    """Chunks of ID3 with the bytes of the tag, by its own header; None: too many to be read."""
    room = _LARGEST_ID3
    for chunk in chunks(file):
        if chunk.name in ID3_CHUNKS:
            head = file.read(10, chunk.start)
            footer = 10 if len(head) == 10 and head[5] & 0x10 else 0
            length = min(chunk.length, 10 + syncsafe(head[6:]) + footer)
            fits = length <= room
            room -= length if fits else 0
            yield chunk, length if fits else None


def chunk_system(file: Bytes) -> str:
    """What the texts in chunks of a file are called in a report."""
    return TEXT_CHUNKS if form_of(file) == "FORM" else INFO


def same_family(source: Path, target: Path) -> bool:
    """Whether the chunks of one file mean the same in another: both are AIFF, or WAV of one byte order."""
    forms = []
    for path in (source, target):
        with path.open("rb") as opened:
            forms.append(form_of(Bytes(opened.fileno())))
    return bool(forms[0]) and (forms[0] == forms[1] or set(forms) == {"RIFF", "RF64"})


def takes_chunks(path: Path) -> str:
    """``WAV`` or ``AIFF`` where a file is one; empty where it is not."""
    with path.open("rb") as opened:
        form = form_of(Bytes(opened.fileno()))
    return "" if not form else "AIFF" if form == "FORM" else "WAV"
