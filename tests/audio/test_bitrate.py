"""A lossy file comes out with about as many bits a second as went in, and not fewer."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutagen.apev2 import BINARY, APEv2, APEValue
from mutagen.id3 import APIC, ID3, TIT2

from styleshift.audio.bitrate import bits_per_second
from styleshift.audio.encoding import as_many_bits
from styleshift.audio.formats import FORMATS, OutputFormat
from styleshift.audio.read import open_audio, probe
from styleshift.audio.stream import AudioInfo
from styleshift.audio.write import AudioWriter

RATE = 48000
SECONDS = 8


def music(channels: int) -> np.ndarray:
    """Noise with a falling spectrum that comes and goes: what an encoder has work with."""
    random = np.random.default_rng(0)
    noise = np.cumsum(random.standard_normal((RATE * SECONDS, channels)), axis=0)
    noise -= np.convolve(noise[:, 0], np.ones(200) / 200, "same")[:, None]
    swell = 0.5 + 0.5 * np.sin(np.arange(len(noise)) / RATE * 5)
    return (0.2 * swell[:, None] * noise / np.abs(noise).max()).astype(np.float32)


def kilobits(path: Path, format: OutputFormat, channels: int) -> float:
    with AudioWriter(path, sample_rate=RATE, channels=channels, format=format) as writer:
        writer.write(music(channels))
    return path.stat().st_size * 8 / SECONDS / 1000


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("mp3", {"bitrate_mode": "CONSTANT", "compression_level": 0.0}),
        ("mp3", {"bitrate_mode": "CONSTANT", "compression_level": 2 / 3}),
        ("mp3", {"bitrate_mode": "VARIABLE", "compression_level": 0.5}),
        ("ogg", {"compression_level": 0.1}),
        ("ogg", {"compression_level": 0.8}),
        ("opus", {"compression_level": 0.4}),
        ("opus", {"compression_level": 0.9}),
        ("m4a", {"bits_per_second": 96_000}),
        ("m4a", {"bits_per_second": 160_000}),
    ],
)
def test_as_many_come_out_as_went_in(
    tmp_path: Path, kind: str, options: dict[str, Any], channels: int
) -> None:
    if kind == "m4a":
        pytest.importorskip("av")
    source = tmp_path / f"source.{kind}"
    before = kilobits(source, replace(FORMATS[kind], **options), channels)
    told = bits_per_second(source, SECONDS)
    format = as_many_bits(FORMATS[kind], probe(source), told, RATE)
    after = kilobits(tmp_path / f"target.{kind}", format, channels)
    # Opus counts only roughly. An MP3 below 64 kbit/s could not say where its sound ends.
    least = 0.85 if kind == "opus" else 0.95
    assert least * before <= after <= max(1.35 * before, 82 if kind == "mp3" else 0)


@pytest.mark.parametrize(("mode", "level"), [("VARIABLE", 0.3), ("CONSTANT", 0.5)])
def test_an_mp3_that_does_not_say_how_many_is_measured(tmp_path: Path, mode: str, level: float) -> None:
    """Its first frame has another rate than the mean, and tags before and behind are not music."""
    source = tmp_path / "source.mp3"
    kilobits(source, replace(FORMATS["mp3"], bitrate_mode=mode, compression_level=level), 1)
    data = source.read_bytes()
    header = re.search(b"Xing|Info", data)
    assert header is not None
    sound = data[data.index(b"\xff\xfb", header.start()) :]
    with_tags(source, sound)
    assert source.stat().st_size > 1.5 * len(sound)
    told = bits_per_second(source, SECONDS)
    assert told == pytest.approx(len(sound) * 8 / SECONDS, rel=1e-3)
    format = as_many_bits(FORMATS["mp3"], probe(source), told, RATE)
    after = kilobits(tmp_path / "target.mp3", format, 1) * 1000
    assert 0.97 * told <= after <= 1.35 * told


def with_tags(path: Path, sound: bytes) -> None:
    """``sound`` with a picture before it (ID3v2) and one behind it (APEv2), and ID3v1 at the end."""
    path.write_bytes(sound)
    ape = APEv2()
    ape["Cover"] = APEValue(bytes(len(sound) // 3), BINARY)
    ape.save(path)
    tags = ID3()
    tags.add(APIC(mime="image/png", data=bytes(len(sound) // 3)))
    tags.add(TIT2(text=["A title"]))
    tags.save(path, v1=2)


def test_an_mp3_of_few_bits_keeps_its_length(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    for rate in (48000, 44100, 22050, 8000):
        format = as_many_bits(FORMATS["mp3"], mp3(rate), 8000, rate)
        with AudioWriter(path, sample_rate=rate, channels=1, format=format) as writer:
            writer.write(music(1)[: 3 * rate])
        with open_audio(path) as stream:
            assert sum(len(block) for block in stream.blocks(4096)) == 3 * rate


def test_another_kind_of_file_keeps_its_own_quality(tmp_path: Path) -> None:
    source = tmp_path / "a.mp3"
    kilobits(source, replace(FORMATS["mp3"], bitrate_mode="CONSTANT", compression_level=0.9), 1)
    for name in ("ogg", "opus", "m4a", "flac"):
        assert as_many_bits(FORMATS[name], probe(source), 60_000, RATE) == FORMATS[name]


@pytest.mark.parametrize(("rate", "highest"), [(44100, 320), (22050, 160), (8000, 64)])
def test_mp3_has_its_limits(rate: int, highest: int) -> None:
    info = mp3(rate)
    format = as_many_bits(FORMATS["mp3"], info, 1e6, rate)
    assert format.compression_level == 0.0, highest
    half = as_many_bits(FORMATS["mp3"], info, highest * 500, rate)
    assert half.compression_level is not None
    assert 0.4 < half.compression_level < 0.7


def mp3(rate: int) -> AudioInfo:
    return AudioInfo("MP3", "MPEG_LAYER_III", rate, 2, None, "soundfile")
