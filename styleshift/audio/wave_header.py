"""What the header of a WAV says that libsndfile does not tell: true lengths, and bits that count."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, replace

from styleshift.audio.containers.chunks import chunks, form_of, order_of
from styleshift.audio.containers.extent import Bytes

# Encodings of whole blocks, of which the last is filled up: the chunk `fact` says how much of it is sound.
_IN_BLOCKS = ("IMA_ADPCM", "MS_ADPCM", "GSM610", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32")
# Frames of the shortest of their blocks, for a header that does not say.
_SHORTEST_BLOCK = 160
_EXTENSIBLE = 0xFFFE


@dataclass(frozen=True, slots=True)
class _Header:
    """A few fields of a WAV.

    Attributes:
        kind: number of the encoding.
        bits: that a sample takes.
        more: frames of a block, or bits of a sample that count.
        frames: by the chunk ``fact``; 0: it says nothing.
    """

    kind: int = 0
    bits: int = 0
    more: int = 0
    frames: int = 0


def _header(view: Bytes) -> _Header:
    """Of a WAV; zeros, where it says nothing."""
    order, found = order_of(form_of(view)), _Header()
    for chunk in chunks(view):
        told = view.read(min(max(chunk.length, 0), 20), chunk.start)
        if chunk.name == b"fmt " and len(told) == 20:
            kind, bits, more = (struct.unpack_from(f"{order}H", told, at)[0] for at in (0, 14, 18))
            found = replace(found, kind=kind, bits=bits, more=more)
        elif chunk.name == b"fact" and len(told) >= 4:
            found = replace(found, frames=struct.unpack_from(f"{order}I", told)[0])
        elif chunk.name == b"data":
            break
    return found


def valid_bits(view: Bytes) -> int:
    """Bits of a sample that count, where its container is wider; 0: all do."""
    header = _header(view)
    return header.more if header.kind == _EXTENSIBLE and 0 < header.more < header.bits else 0


def true_frames(view: Bytes, subtype: str, counted: int) -> int:
    """Frames of sound in a WAV, of which a decoder counts whole blocks.

    Where the chunk ``fact`` cannot be true, being more than that or shorter by a block, the decoder is.
    """
    if subtype not in _IN_BLOCKS:
        return counted
    header = _header(view)
    told, block = header.frames, header.more or _SHORTEST_BLOCK
    return told if told and counted - block < told <= counted else counted


def set_frames(file: int, frames: int) -> None:
    """Write the true length into the chunk ``fact`` of a WAV; libsndfile counts whole blocks there."""
    view = Bytes(file)
    order = order_of(form_of(view))
    for chunk in chunks(view):
        if chunk.name == b"fact" and chunk.length >= 4:
            os.pwrite(file, struct.pack(f"{order}I", min(frames, 0xFFFFFFFF)), chunk.start)
        if chunk.name in (b"fact", b"data"):
            return
