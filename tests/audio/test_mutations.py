"""Whatever is done to a file, it is read whole, with a word, or refused with a reason: judged by FFmpeg.

Of styleshift.audio.read.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audio_files import BY_FFMPEG, BY_SNDFILE, write

from styleshift.audio.read import open_audio
from styleshift.errors import AudioError

RATE = 48000
SECONDS = 2
MUTATIONS = 60
KINDS = [kind for kind in (*BY_SNDFILE, *BY_FFMPEG) if kind not in ("rf64", "ac3", "eac3")]
WORDS = {"damaged", "unreadable", "unsupported", "absurd header", "too short", "not finite"}


def _wave() -> Any:
    noise = np.random.default_rng(0).standard_normal((SECONDS * RATE, 1)) * 0.05
    time = np.arange(SECONDS * RATE)[:, None] / RATE
    return (noise + 0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def _mutated(data: bytes, how: str, chance: random.Random) -> bytes:
    size = len(data)
    length = chance.randrange(10, 2000)
    at = chance.randrange(size - length)
    if how == "cut":
        return data[: chance.randrange(size // 20, size)]
    if how == "joined":
        return data * 2
    if how == "lost":
        return data[:at] + data[at + length :]
    if how == "added":
        return data[:at] + chance.randbytes(length) + data[at:]
    if how == "shuffled":
        begin = chance.randrange(size - 2 * length)
        end = chance.randrange(begin + length, size - length + 1)
        one, other = data[begin : begin + length], data[end : end + length]
        return data[:begin] + other + data[begin + length : end] + one + data[end + length :]
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        changed[chance.randrange(size)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _by_ffmpeg(path: Path) -> float:
    """Seconds that an independent decoder makes of it; 0 where it makes nothing."""
    import av

    try:
        with av.open(str(path)) as box:
            return sum(frame.samples / frame.sample_rate for frame in box.decode(audio=0))
    except Exception:  # whatever it does not like
        return 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_mutations_are_read_whole_or_told(tmp_path: Path, kind: str) -> None:
    chance = random.Random(kind)
    good = write(tmp_path / f"good.{kind}", _wave(), RATE).read_bytes()
    counts: Counter[str] = Counter()
    refusals: list[tuple[str, str, str]] = []
    for number in range(MUTATIONS):
        how = ("cut", "joined", "flipped", "shuffled", "lost", "added")[number % 6]
        path = tmp_path / f"{how}-{number}.{kind}"
        path.write_bytes(_mutated(good, how, chance))
        try:
            with open_audio(path) as stream:
                seconds = sum(len(block) for block in stream.blocks(1 << 16)) / stream.sample_rate
                warnings = stream.warnings
        except AudioError as error:
            refusals.append((path.name, error.reason, error.message))
            continue
        whole = SECONDS * (2 if how == "joined" else 1)
        assert warnings or seconds >= whole - 0.2, path.name
        assert warnings or seconds >= _by_ffmpeg(path) - 0.2, path.name
        counts["told" if warnings else "whole"] += 1
    for name, reason, message in refusals:
        assert reason in WORDS, name
        assert "\n" not in message, name
    assert sum(counts.values()) + len(refusals) == MUTATIONS
    assert len(refusals) >= MUTATIONS // 6 - 3  # what was cut, at least
