"""The whole of a conversion has the integrated loudness of its source."""

from __future__ import annotations

import numpy as np
import pytest
from track_models import pieces

from styleshift.conversion.track import whole
from styleshift.conversion.track.dynamics import match_loudness
from styleshift.conversion.track.first_pass import measure

RATE = 8000


def tone(seconds: float, decay: float, hertz: float = 440.0, every: float = 60.0) -> np.ndarray:
    time = np.arange(int(RATE * seconds)) / RATE
    return (0.2 * np.exp(-decay * (time % every)) * np.sin(2 * np.pi * hertz * time))[:, None].astype(
        np.float32
    )


def followed(conversion: np.ndarray, source: np.ndarray, cut: int = 1000) -> np.ndarray:
    powers = measure(pieces(source, 999), RATE, 1).powers
    return np.concatenate(list(match_loudness(pieces(conversion, cut), powers, RATE, 1, [])))


def loudness(samples: np.ndarray) -> float:
    found = measure(pieces(samples, 1000), RATE, 1).loudness
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("seconds", "held", "struck"),
    [(0.3, 0.1, 6.0), (1.0, 0.1, 6.0), (5.0, 0.1, 6.0), (29.0, 0.1, 6.0), (0.3, 6.0, 0.1), (5.0, 1.0, 0.1)],
)
def test_a_note_that_decays_is_as_loud_as_one_that_is_held(
    seconds: float, held: float, struck: float
) -> None:
    source = tone(seconds, held)
    found = followed(tone(seconds, struck, 880) * np.float32(0.5), source)
    assert loudness(found) == pytest.approx(loudness(source), abs=0.15)


def test_a_long_recording_is_nearly_so() -> None:
    source = tone(100, 0.2, every=2.0)
    found = followed(tone(100, 3.0, 880, every=2.0), source)
    assert loudness(found) == pytest.approx(loudness(source), abs=0.1)


def test_the_factor_of_a_short_recording_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    source, conversion = tone(8, 0.1), tone(8, 3.0, 880)
    even = followed(conversion, source)
    monkeypatch.setattr(whole, "_factor", lambda *known: 1.0)
    ratio = even[:, 0] / np.where(plain := followed(conversion, source)[:, 0], plain, 1)
    loud = np.abs(plain) > 1e-3
    assert np.ptp(ratio[loud]) < 1e-3
    assert abs(20 * np.log10(ratio[loud].mean())) > 1


def test_what_cannot_be_raised_raises_nothing_else() -> None:
    """Ten seconds of which a model left nothing, before ten that are as they were."""
    source = np.concatenate([tone(10, 0) * 2, tone(10, 0)])
    conversion = source.copy()
    conversion[: 10 * RATE] *= np.float32(1e-3)
    found = followed(conversion, source)
    ratio = found[14 * RATE :].std() / source[14 * RATE :].std()
    assert 20 * np.log10(ratio) == pytest.approx(0, abs=1.5)
    assert 20 * np.log10(found[: 6 * RATE].std() / conversion[: 6 * RATE].std()) < 24.1


def test_the_cut_of_a_long_recording_makes_no_difference() -> None:
    source, conversion = tone(70, 0.2, every=2.0), tone(70, 3.0, 880, every=3.0)
    found = followed(conversion, source, len(source))
    for cut in (777, 50000):
        np.testing.assert_array_equal(followed(conversion, source, cut), found)
    assert found.shape == source.shape


def test_no_more_than_half_a_minute_waits() -> None:
    """The first sound comes when 30 s and the 3 s of the smoothing are known, whatever the length."""
    source = tone(300, 0.2, every=2.0)
    powers = measure(pieces(source, 999), RATE, 1).powers
    taken = 0

    def blocks() -> object:
        nonlocal taken
        for block in pieces(source, 1000):
            taken += len(block)
            yield block

    given = 0
    for block in match_loudness(blocks(), powers, RATE, 1, []):  # type: ignore[arg-type]
        given += len(block)
        assert taken - given < 37 * RATE
    assert given == len(source)
