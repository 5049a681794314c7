"""Audio files of every kind, by libsndfile or FFmpeg; where PyAV is needed and absent the test is skipped."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from styleshift.audio.formats import FORMATS
from styleshift.audio.tags.read import read_tags
from styleshift.audio.write import AudioWriter

BY_SNDFILE = {
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "au": ("AU", "PCM_16"),
    "w64": ("W64", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "wav": ("WAV", "PCM_16"),
    "rf64": ("RF64", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
BY_FFMPEG = {
    "mka": ("matroska", "flac"),
    "webm": ("webm", "libopus"),
    "m4a": ("ipod", "aac"),
    "mp4": ("mp4", "alac"),
    "wma": ("asf", "wmav2"),
    "aac": ("adts", "aac"),
    "oga": ("ogg", "flac"),
    "tta": ("tta", "tta"),
    "wv": ("wv", "wavpack"),
    "ac3": ("ac3", "ac3"),
    "eac3": ("eac3", "eac3"),
}


def write(path: Path, wave: Any, rate: int = 48000, tracks: int = 1) -> Path:
    """A file of the kind that its ending names, of a mono wave ``[samples, 1]``."""
    kind = path.suffix[1:]
    if kind in BY_FFMPEG:
        return encode(path, *BY_FFMPEG[kind], wave, rate, tracks)
    container, subtype = BY_SNDFILE[kind]
    with soundfile.SoundFile(path, "w", rate, 1, format=container, subtype=subtype) as file:
        for start in range(0, len(wave), 4800):  # libvorbis overflows the stack on long blocks
            file.write(wave[start : start + 4800])
    return path


def encode(path: Path, form: str, codec: str, wave: Any, rate: int = 48000, tracks: int = 1) -> Path:
    """A file of one of FFmpeg's formats and codecs, of a mono wave ``[samples, 1]``."""
    av: Any = pytest.importorskip("av")
    with av.open(str(path), "w", format=form) as box:
        made = [box.add_stream(codec, rate=rate, layout="mono") for _ in range(tracks)]
        for track in made:
            track.bit_rate = 96_000
            frame = av.AudioFrame.from_ndarray(wave.T.copy(), format="flt", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
            box.mux(track.encode(frame))
            box.mux(track.encode(None))
    return path


def silence(path: Path, kind: str = "", **options: Any) -> Path:
    """Half a second of silence as the product writes it, mono, 48 kHz."""
    format = FORMATS[kind or path.suffix[1:]]
    if format.container == "M4A":
        pytest.importorskip("av")
    with AudioWriter(path, sample_rate=48000, channels=1, format=format, **options) as writer:
        writer.write(np.zeros((24000, 1), np.float32))
    return path


def target_for(source: Path, kind: str) -> Path:
    """Silence beside a file, to copy its tags to; with its chapters where they are written with the sound."""
    chapters = read_tags(source).chapters if kind == "m4a" else ()
    return silence(source.with_name(f"new.{kind}"), chapters=chapters)


def values_of(path: Path, name: str) -> list[str]:
    """All values of a field of a file's tags."""
    fields = read_tags(path).fields
    return [value for key, values in fields.items() if key.partition(":")[0] == name for value in values]
