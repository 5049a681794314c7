"""Both sides of a pair are recorded in one place and stay together to the sample."""

from __future__ import annotations

import numpy as np
import pytest
from material.room import LEVEL, RATE
from material.studio import draw_studio, trim_together


def _click(at: float, seconds: float) -> np.ndarray:
    wave = np.zeros(round(seconds * RATE), dtype=np.float32)
    wave[round(at * RATE) : round(at * RATE) + RATE] = 0.1
    return wave


def test_what_is_cut_from_one_side_is_cut_from_the_other() -> None:
    waves = trim_together({"violin": _click(1.0, 5.0), "piano": _click(1.5, 3.0)})
    assert len(waves["violin"]) == len(waves["piano"]) < 2.0 * RATE
    first = {name: int(np.argmax(wave > 0)) / RATE for name, wave in waves.items()}
    assert first["piano"] - first["violin"] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("plain", [True, False])
def test_a_recording_has_its_level(plain: bool) -> None:
    random = np.random.default_rng(1)
    dry = {name: random.standard_normal(RATE).astype(np.float32) for name in ("a", "b")}
    made = draw_studio(random, plain=plain).record(dry, random, in_room=True)
    for wave in made.values():
        assert 10 * np.log10(np.mean(wave**2)) == pytest.approx(LEVEL, abs=0.3)
        assert np.abs(wave).max() < 1


def test_a_plain_studio_leaves_the_instrument_alone() -> None:
    random = np.random.default_rng(2)
    dry = (0.1 * random.standard_normal(2 * RATE)).astype(np.float32)
    (made,) = draw_studio(random, plain=True).record({"a": dry}, random, in_room=False).values()
    length = RATE  # before the fade of the end
    gain = np.sum(made[:length] * dry[:length]) / np.sum(dry[:length] ** 2)
    error = np.sum((made[:length] - gain * dry[:length]) ** 2) / np.sum(made[:length] ** 2)
    assert error < 1e-5
