"""Opens a recording by what it holds, not by what it is called.

libsndfile (through soundfile) reads WAV, FLAC, OGG (Vorbis, Opus, FLAC), MP3, AIFF and more; PyAV, where it
is installed, reads M4A and what else FFmpeg knows. A decoder is a stranger's C code on a stranger's file:
whoever reads a library does it in worker processes, so that a crash costs one file.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import soundfile

from styleshift.audio.containers.extent import Bytes, Extent, Link, Part, id3_length
from styleshift.audio.formats import UNREADABLE, format_of, has_pyav
from styleshift.audio.identify import demuxer, extent_of, kind_of
from styleshift.audio.libsndfile import SoundFileStream
from styleshift.audio.linked import LinkedStream
from styleshift.audio.stream import (
    ABSURD,
    AudioInfo,
    DecodedStream,
    cannot_be_read,
    not_read,
    plain_words,
    refusal,
)
from styleshift.errors import AudioError

# What no decoder here reads, by its first bytes.
_NAMED = {
    b"ADIF": "AAC behind an ADIF header, which no decoder here reads",
    b"OFR ": UNREADABLE[".ofr"],
    b"MThd": UNREADABLE[".mid"],
}
PYAV_HINT = "pip install 'styleshift[m4a]' lets styleshift read it"


def open_audio(path: Path, *, allow_cut: bool = False) -> DecodedStream:
    """Open a recording for one pass.

    Args:
        path: any name that the file system holds.
        allow_cut: take what is there of a file that ends before its header says, with a warning in
            ``stream.warnings``, instead of an error at its end.

    Returns:
        The stream; close it, or use it in a ``with`` statement.

    Raises:
        AudioError: ``unreadable``, ``unsupported``, ``absurd header`` or ``damaged``. Damage further on is
            found, and raised, by ``blocks``.
    """
    return _open(path, allow_cut, None)


def _open(path: Path, allow_cut: bool, extent: Extent | None) -> DecodedStream:
    file = _open_regular(path)
    kept = False
    try:
        extent = extent if extent is not None else extent_of(file)
        try:
            kind = LinkedStream if len(extent.links) > 1 else SoundFileStream
            stream: DecodedStream = kind(path, file, allow_cut=allow_cut, extent=extent)
            kept = True
            return stream
        except soundfile.LibsndfileError as error:
            return _open_otherwise(path, file, plain_words(error), allow_cut, extent)
    except OSError as error:
        raise cannot_be_read(path, error) from error
    finally:
        if not kept:
            os.close(file)


def glance(path: Path) -> AudioInfo:
    """As :func:`probe`, without a look at whether the file is whole: quick for files of any length."""
    with _open(path, True, Extent()) as stream:
        return stream.info


def probe(path: Path) -> AudioInfo:
    """What a recording's header says; raises as :func:`open_audio` does."""
    with open_audio(path) as stream:
        return stream.info


def _open_regular(path: Path) -> int:
    try:
        # A pipe would block for ever; look before opening.
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise refusal(path, f"is {'a folder' if path.is_dir() else 'no regular file'}")
        if not status.st_size:
            raise refusal(path, "is empty (0 bytes)", "fetch the file again, or delete it")
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        raise refusal(path, f"cannot be opened: {error.strerror or error}") from error


def _open_otherwise(path: Path, file: int, why: str, allow_cut: bool, extent: Extent) -> DecodedStream:
    """Open what libsndfile gave up on."""
    held = Bytes(file)
    kind, row = demuxer(held), kind_of(held)
    tag = id3_length(held)
    start = held.at(tag, 4)
    if start in _NAMED:
        raise refusal(path, f"is {_NAMED[start]}", reason="unsupported")
    ours = row is not None and row.reader == "soundfile" and row.name != "ogg"
    reason = "absurd header" if why in ABSURD else "unreadable"
    refused = not_read(path, f"cannot be read as a recording ({why})", reason=reason)
    if kind is not None and has_pyav():
        from styleshift.audio.pyav import PyAVStream

        try:
            part = Part(os.dup(file), Link(tag, held.size), owns=True)
            return PyAVStream(path, part, kind, allow_cut=allow_cut, extent=extent)
        except AudioError:
            if ours:
                raise refused from None  # a second opinion; the first has the better words
            raise
    named = format_of(path)
    if (kind is not None and not ours) or (named is not None and named.reader == "pyav"):
        if has_pyav():
            what = f"holds no {named.name} that can be read" if named is not None else "is no recording"
            raise not_read(path, f"{what} ({why})")
        raise refusal(
            path,
            "this format needs the PyAV package, which is not installed",
            PYAV_HINT,
            reason="unsupported",
        )
    raise refused
