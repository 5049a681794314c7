"""The benchmark of speakers, on points of which the answers are known."""

from __future__ import annotations

import numpy as np
import pytest
import speakers


def points(towards: np.ndarray, spread: float, seed: int) -> np.ndarray:
    made = towards + spread * np.random.default_rng(seed).normal(size=(40, len(towards)))
    return made / np.linalg.norm(made, axis=1, keepdims=True)


HERE, THERE = np.eye(8)[0], np.eye(8)[1]


def test_the_speakers_themselves_and_one_between_them() -> None:
    listener = speakers.Listener(HERE[None], THERE[None])
    assert listener.judge(THERE[None]) == {"pair": pytest.approx(1 / (1 + np.exp(-20))), "likeness": 1.0}
    between = (HERE + THERE)[None] / np.sqrt(2)
    judged = listener.judge(between)
    assert judged["pair"] == pytest.approx(0.5)
    assert judged["likeness"] == pytest.approx(np.sqrt(0.5))
    assert listener.judge(np.concatenate([HERE[None], THERE[None]]))["pair"] == pytest.approx(0.5)


def test_readers_know_a_kind_that_neither_speaker_shows() -> None:
    men, women = points(np.eye(8)[2], 0.1, 0), points(np.eye(8)[3], 0.1, 1)
    listener = speakers.Listener(HERE[None], THERE[None], (men, women))
    assert listener.judge(points(np.eye(8)[3], 0.1, 2))["readers"] > 0.95
    assert listener.judge(points(np.eye(8)[2], 0.1, 3))["readers"] < 0.05
    assert list(listener.judge(THERE[None])) == ["pair", "readers", "likeness"]
