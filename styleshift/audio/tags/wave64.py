"""Chunks of a Sony Wave64: its summary, texts by the names that they have in RIFF INFO, and others.

The layout is that which FFmpeg reads (``libavformat/w64.c`` and ``wavdec.c``): a count of 32 bits, then of
each text four letters, its length in bytes and the text in UTF-16, smallest byte first.

All are written before the sound. libsndfile plays chunks behind it as more of it, and FFmpeg does not find
them there where the sound is no multiple of 8 bytes.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator
from pathlib import Path

from styleshift.audio.containers.chunks import Chunk, is_name, is_w64, w64_chunks
from styleshift.audio.containers.extent import Bytes
from styleshift.audio.tags.chunks import OWN, PADDING, POSITIONS
from styleshift.audio.tags.model import Tags
from styleshift.audio.tags.table import BY_INFO
from styleshift.system.files import insert

SUMMARY = "W64 summary"

_SUMMARY = uuid.UUID("925f94bc-525a-11d2-86dc-00c04f8edb8a").bytes_le
# Where parts of the sound begin, in samples.
_MARKERS = uuid.UUID("abf76256-392d-11d2-86c7-00c04f8edb8a").bytes_le
_COMMENT = b"ICMT"
_LARGEST = 1 << 24
# Of a chunk that is kept: it goes through memory.
_LARGEST_KEPT = 256_000_000


def is_wave64(path: Path) -> bool:
    """Whether a file is one."""
    with path.open("rb") as file:
        return is_w64(Bytes(file.fileno()))


def read_wave64(file: Bytes) -> Tags:
    """The texts of a W64, and the names of its other chunks; empty for other files."""
    found = Tags()
    for chunk in _others(file):
        if chunk.name != _SUMMARY or chunk.length > _LARGEST or _is_cut(file, chunk):
            found.foreign.append(_label(chunk))
            continue
        for name, data in _entries(file, chunk):
            text = data.decode("utf-16-le", "replace").partition("\0")[0].strip()
            if name == b"ISFT":
                found.stale += ["encoder"] if text else []
            else:
                key = name.decode("latin-1")
                found.add_named(BY_INFO.get(key, f"info {key.lower()}"), text)
    return found


def copy_wave64(
    source: Path, target: Path, comment: str, *, same_positions: bool
) -> tuple[list[str], list[str]]:
    """Give a W64 the chunks of another, and one more comment.

    Args:
        source: a recording; where it is no W64, only the comment is written.
        target: a W64 that was just written.
        comment: may be empty.
        same_positions: what counts samples still holds.

    Returns:
        Names of the chunks that were kept, and of those that were not.

    Raises:
        OSError: the disk is full.
    """
    kept: list[str] = []
    lost: list[str] = []
    # Before the others: FFmpeg shows the last comment of several, which is then that of a person.
    texts = [(_COMMENT, f"{comment}\0".encode("utf-16-le"))] if comment else []
    chunks: list[bytes] = []
    with source.open("rb") as opened:
        file = Bytes(opened.fileno())
        for chunk in _others(file):
            moved = not same_positions and _counts_samples(file, chunk)
            if moved or chunk.length > _LARGEST_KEPT or _is_cut(file, chunk):
                lost.append(_label(chunk))
            elif chunk.name == _SUMMARY and chunk.length <= _LARGEST:
                texts += [entry for entry in _entries(file, chunk) if entry[0] != b"ISFT"]
            else:
                chunks.append(_chunk(chunk.name, file.read(chunk.length, chunk.start)))
                kept.append(_label(chunk))
    if texts:
        body = b"".join(struct.pack("<4sI", name, len(data)) + data for name, data in texts)
        # First of all, so that of a file with many chunks it is found.
        chunks.insert(0, _chunk(_SUMMARY, struct.pack("<I", len(texts)) + body))
    if chunks:
        _insert(target, b"".join(chunks))
    return kept, lost


def _others(file: Bytes) -> list[Chunk]:
    """All chunks but the sound's own."""
    if not is_w64(file):
        return []
    return [chunk for chunk in w64_chunks(file) if chunk.name[:4] not in OWN | PADDING and chunk.length >= 0]


def _is_cut(file: Bytes, chunk: Chunk) -> bool:
    """Whether the file ends before a chunk does."""
    return chunk.length > file.size - chunk.start


def _counts_samples(file: Bytes, chunk: Chunk) -> bool:
    list_of = file.read(4, chunk.start) if chunk.name[:4].lower() == b"list" else b""
    return chunk.name == _MARKERS or not POSITIONS.isdisjoint({chunk.name[:4], list_of})


def _label(chunk: Chunk) -> str:
    """Name for a report."""
    if chunk.name in (_SUMMARY, _MARKERS):
        return SUMMARY if chunk.name == _SUMMARY else "markers"
    if is_name(chunk.name[:4]):
        return chunk.name[:4].decode("ascii").strip()
    return f"chunk {uuid.UUID(bytes_le=chunk.name)}"


def _entries(file: Bytes, summary: Chunk) -> Iterator[tuple[bytes, bytes]]:
    """Name and data of each text."""
    body = file.read(summary.length, summary.start)
    position = 4
    while position + 8 <= len(body):
        name, length = struct.unpack_from("<4sI", body, position)
        position += 8
        if not is_name(name) or length > len(body) - position:
            return
        yield name, body[position : position + length]
        position += length


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<Q", 24 + len(body)) + body + bytes(-len(body) % 8)


def _insert(path: Path, chunks: bytes) -> None:
    """Before the sound, and count them in the header."""
    with path.open("r+b") as file:
        view = Bytes(file.fileno())
        sound = next(chunk for chunk in w64_chunks(view) if chunk.name[:4] == b"data")
        file.seek(16)
        file.write(struct.pack("<Q", view.size + len(chunks)))
    insert(path, chunks, sound.start - 24)
