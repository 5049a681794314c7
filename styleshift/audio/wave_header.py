"""What the header of a WAV, W64 or AIFF says that libsndfile does not tell, or tells wrong.

True lengths, and bits that count.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from styleshift.audio.containers.chunks import Chunk, chunks, form_of, is_w64, order_of, w64_chunks
from styleshift.audio.containers.extent import Bytes

# Encodings of whole blocks, of which the last is filled up: the chunk `fact` says how much of it is sound.
_IN_BLOCKS = (
    "IMA_ADPCM",
    "MS_ADPCM",
    "GSM610",
    "G721_32",
    "NMS_ADPCM_16",
    "NMS_ADPCM_24",
    "NMS_ADPCM_32",
)
# Frames of the shortest of their blocks, for a header that does not say; G.721 has 120.
_SHORTEST_BLOCK = 160
# An AIFF counts ADPCM in blocks of so many frames, and has no place for less.
_FRAMES_IN_AIFF = 64
# A sample is a byte in these, so that an odd number of them is followed by a byte that counts for nothing.
_OF_A_BYTE = ("PCM_S8", "PCM_U8", "ULAW", "ALAW")
_EXTENSIBLE = 0xFFFE
# Bytes: what FFmpeg makes the sound in a W64 a multiple of.
_W64_MULTIPLE = 8


@dataclass(frozen=True, slots=True)
class _Header:
    """A few fields of a WAV or W64.

    Attributes:
        kind: number of the encoding.
        align: bytes of a block, or of a sample of all channels.
        bits: that a sample takes.
        more: frames of a block, or bits of a sample that count.
        frames: by the chunk ``fact``; 0: it says nothing.
        data: bytes of sound.
    """

    kind: int = 0
    align: int = 0
    bits: int = 0
    more: int = 0
    frames: int = 0
    data: int = 0


def _chunks(view: Bytes) -> tuple[Iterator[Chunk], str]:
    """The chunks of a WAV, W64 or AIFF, and how it counts frames, as :mod:`struct` has it."""
    if is_w64(view):
        return w64_chunks(view), "<Q"
    return chunks(view), f"{order_of(form_of(view))}I"


def _header(view: Bytes) -> _Header:
    """Of a WAV or W64; zeros, where it says nothing."""
    (found, count), header = _chunks(view), _Header()
    for chunk in found:
        name, told = chunk.name[:4], view.read(min(max(chunk.length, 0), 20), chunk.start)
        if name == b"fmt " and len(told) >= 16:
            whole = told.ljust(20, b"\0")
            kind, align, bits, more = (
                struct.unpack_from(f"{count[0]}H", whole, at)[0] for at in (0, 12, 14, 18)
            )
            header = replace(header, kind=kind, align=align, bits=bits, more=more)
        elif name == b"fact" and len(told) >= struct.calcsize(count):
            header = replace(header, frames=struct.unpack_from(count, told)[0])
        elif name == b"data":
            header = replace(header, data=chunk.length)
            break
    return header


def valid_bits(view: Bytes) -> int:
    """Bits of a sample that count, where its container is wider; 0: all do."""
    header = _header(view)
    return header.more if header.kind == _EXTENSIBLE and 0 < header.more < header.bits else 0


def true_frames(view: Bytes, subtype: str, counted: int) -> int:
    """Frames of sound in a WAV or W64, of which a decoder counts whole blocks.

    In a W64 it also counts the zeros with which FFmpeg makes the sound a multiple of 8 bytes, and libsndfile
    takes the chunks behind the sound for more of it. Where the chunk ``fact`` cannot be true, being more than
    that or shorter by a block, the decoder is.
    """
    padded = is_w64(view)
    if subtype not in _IN_BLOCKS and not padded:
        return counted
    header = _header(view)
    if padded:
        counted = _without_chunks(header, counted, in_blocks=subtype in _IN_BLOCKS)
    if subtype in _IN_BLOCKS:
        counted = _without_padding(header, counted, padded)
        block = header.more or _SHORTEST_BLOCK
    else:
        block = -(-_W64_MULTIPLE // max(1, header.align))
    return header.frames if header.frames and counted - block < header.frames <= counted else counted


def _without_chunks(header: _Header, counted: int, *, in_blocks: bool) -> int:
    """Frames, less those that a decoder takes from the chunks behind the sound of a W64."""
    if header.data <= 0 or not header.align:  # as a writer to a pipe leaves it
        return counted
    if not in_blocks:
        return min(counted, header.data // header.align)
    return min(counted, -(-header.data // header.align) * header.more) if header.more else counted


def _without_padding(header: _Header, counted: int, padded: bool) -> int:
    """Frames in blocks, less one that libsndfile takes from the bytes behind the last.

    Those are the byte behind an odd number of them in a WAV, or what a W64 is ``padded`` with.
    """
    blocks, rest = divmod(header.data, max(1, header.align))
    behind = 0 < rest < _W64_MULTIPLE if padded else rest == 0
    return blocks * header.more if behind and counted == (blocks + 1) * header.more else counted


def set_frames(file: int, container: str, subtype: str, frames: int) -> None:
    """Write the true length into a file that libsndfile wrote, where it counts otherwise.

    It counts whole blocks, or nothing that makes sense, in the chunk ``fact`` of a WAV or W64; in an AIFF the
    byte behind an odd number of bytes, and the blocks of ADPCM by the channel.

    Args:
        file: its descriptor.
        container: libsndfile's name.
        subtype: libsndfile's name.
        frames: that it was given.
    """
    if container in ("WAV", "W64") and subtype in _IN_BLOCKS:
        _set_fact(Bytes(file), file, frames)
    elif container == "AIFF" and subtype == "IMA_ADPCM":
        _set_comm(Bytes(file), file, -(-frames // _FRAMES_IN_AIFF))
    elif container == "AIFF" and subtype in _OF_A_BYTE:
        _set_comm(Bytes(file), file, frames)


def _set_fact(view: Bytes, file: int, frames: int) -> None:
    found, count = _chunks(view)
    for chunk in found:
        if chunk.name[:4] == b"fact" and chunk.length >= struct.calcsize(count):
            os.pwrite(
                file, struct.pack(count, min(frames, 0xFFFFFFFF) if count[1] == "I" else frames), chunk.start
            )
        if chunk.name[:4] in (b"fact", b"data"):
            return


def _set_comm(view: Bytes, file: int, count: int) -> None:
    """Say how many frames, or blocks, there are; of bytes of sound, no more than make them up."""
    channels = 1
    for chunk in chunks(view):
        if chunk.name == b"COMM" and chunk.length >= 8:
            (channels,) = struct.unpack(">H", view.read(2, chunk.start))
            os.pwrite(file, struct.pack(">I", count), chunk.start + 2)
        elif chunk.name == b"SSND":
            # Two numbers of four bytes come before the sound.
            if chunk.length == 8 + count * channels + 1:
                os.pwrite(file, struct.pack(">I", chunk.length - 1), chunk.start - 4)
            return
