"""Windows of one length cover every frame with a total weight of one, and their borders cannot be seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from styleshift.conversion.windows import WindowPlan, convert_windows


def run(frames: np.ndarray, plan: WindowPlan, model: object, cut: int = 50, batch: int = 3) -> np.ndarray:
    pieces = (frames[:, start : start + cut] for start in range(0, frames.shape[1], cut))
    return np.concatenate(list(convert_windows(pieces, plan, model, batch)), axis=1)  # type: ignore[arg-type]


@given(st.integers(1, 2000), st.integers(4, 200), st.floats(0, 0.5))
def test_weights_of_every_frame_sum_to_one(frames: int, window: int, share: float) -> None:
    plan = WindowPlan(frames, window, int(window * share))
    total = np.zeros(max(frames, window))
    for index in range(plan.count):
        weight = plan.weight(index)
        assert weight.min() >= 0
        total[plan.start(index) : plan.start(index) + window] += weight
        assert index == 0 or plan.start(index) > plan.start(index - 1)
    np.testing.assert_allclose(total[:frames], 1, atol=1e-5)


@pytest.mark.parametrize("frames", [1, 2, 63, 64, 65, 111, 112, 113, 160, 500])
def test_a_model_without_memory_is_applied_frame_by_frame(frames: int) -> None:
    spectrum = np.random.default_rng(frames).random((1, frames, 5), np.float32)
    found = run(spectrum, WindowPlan(frames, 64, 16), lambda windows: 2 * windows + 1)
    np.testing.assert_allclose(found, 2 * spectrum + 1, atol=1e-5)


def test_every_window_has_the_training_length() -> None:
    seen = []

    def model(windows: np.ndarray) -> np.ndarray:
        seen.extend(windows)
        return windows

    for frames in (10, 64, 300):
        run(np.ones((1, frames, 5), np.float32), WindowPlan(frames, 64, 16), model)
    assert {window.shape for window in seen} == {(1, 5, 64)}


def test_a_short_recording_is_continued_by_itself_not_by_silence() -> None:
    spectrum = np.random.default_rng(0).random((1, 7, 3), np.float32) + 1
    seen = []
    run(spectrum, WindowPlan(7, 64, 16), lambda windows: seen.append(windows) or windows)
    window = seen[0][0, 0]
    assert window.min() >= 1
    np.testing.assert_array_equal(window[:, :7], spectrum[0].T)
    np.testing.assert_array_equal(window[:, 7:14], spectrum[0, ::-1].T)


def test_the_result_does_not_depend_on_how_frames_come() -> None:
    spectrum = np.random.default_rng(0).random((1, 700, 5), np.float32)

    def model(windows: np.ndarray) -> np.ndarray:
        """Like instance norm: each window is centred by itself."""
        return windows - windows.mean(axis=(2, 3), keepdims=True)

    plan = WindowPlan(700, 64, 16)
    first = run(spectrum, plan, model, cut=700, batch=1)
    for cut, batch in ((1, 4), (64, 7), (333, 100)):
        np.testing.assert_array_equal(run(spectrum, plan, model, cut, batch), first)


def test_windows_that_differ_are_faded_into_one_another() -> None:
    """Each window answers with its own number: the greatest step is that of the fade, not of a border."""
    count = iter(range(1000))
    found = run(
        np.zeros((1, 640, 1), np.float32),
        WindowPlan(640, 64, 32),
        lambda windows: windows + np.array([next(count) for _ in windows]).reshape(-1, 1, 1, 1),
    )
    steps = np.abs(np.diff(found[0, :, 0]))
    assert steps.max() < 1.6 / 32  # the steepest place of a squared sine over 32 frames is pi/2 of its mean
    assert found[0, -1, 0] == pytest.approx(WindowPlan(640, 64, 32).count - 1)
