"""The stages of a track that overlap in threads give the same bytes, and their threads end.

Of styleshift.conversion.track.converter.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from styleshift.bundle.load import load_bundle
from styleshift.conversion.settings import ConvertSettings
from styleshift.conversion.track import converter
from styleshift.conversion.track.convert import convert_track
from styleshift.conversion.track.first_pass import measure
from styleshift.conversion.track.load import load_converter


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    time = np.arange(44100 * 20) / 44100
    sound = 0.2 * np.sin(2 * np.pi * 300 * time) * np.exp(-2 * (time % 0.7))
    noise = 0.01 * np.random.default_rng(0).standard_normal((len(time), 2))
    soundfile.write(path, sound[:, None] + noise, 44100)
    return path


def test_stages_that_overlap_give_the_same_bytes(models: ModuleType, tmp_path: Path, song: Path) -> None:
    bundle = load_bundle(models.make_model(tmp_path / "m.onnx", change=np.linspace(1, -2, 257)))
    made = []
    for threads in (1, 2):
        line, _ = load_converter(bundle, ConvertSettings(device="cpu", runtime="onnxruntime"), threads)
        assert line.overlap == (threads > 1)
        convert_track(line, song, tmp_path / "b.wav")
        made.append((tmp_path / "b.wav").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("fails", [False, True])
def test_both_threads_end_whoever_still_holds_the_stages(
    models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """As a traceback does, or an interpreter that does not count references."""
    bundle = load_bundle(models.make_model(tmp_path / "m.onnx"))
    line, _ = load_converter(bundle, ConvertSettings(device="cpu", runtime="onnxruntime"), 2)
    held: list[object] = []

    def hold(blocks: Iterator[np.ndarray], *rest: object) -> Iterator[np.ndarray]:
        held.append(blocks)
        for count, block in enumerate(blocks):
            if fails and count:
                raise RuntimeError("tripped")
            yield block

    monkeypatch.setattr(converter, "limit", hold)
    noise = 0.1 * np.random.default_rng(0).standard_normal((16000 * 60, 1)).astype(np.float32)
    before = set(threading.enumerate())
    converted = line.convert([noise], measure([noise], 16000, 1))
    next(converted)
    assert set(threading.enumerate()) - before
    if fails:
        with pytest.raises(RuntimeError, match="tripped"):
            list(converted)
    else:
        converted.close()
    assert held
    assert not set(threading.enumerate()) - before


def test_a_failure_in_a_stage_leaves_no_thread_and_no_file(
    models: ModuleType, tmp_path: Path, song: Path
) -> None:
    bundle = load_bundle(models.make_model(tmp_path / "m.onnx"))
    line, _ = load_converter(bundle, ConvertSettings(device="cpu", runtime="onnxruntime"), 2)
    count = iter(range(100))

    def fails(windows: np.ndarray) -> np.ndarray:
        if next(count) > 2:
            raise RuntimeError("tripped")
        return windows

    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="tripped"):
        convert_track(replace(line, run=fails, batch=1), song, tmp_path / "b.wav")
    assert not set(threading.enumerate()) - before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "m.onnx"]
