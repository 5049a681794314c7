"""Windows of one length cover every frame with a total weight of one, and their borders cannot be seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from styleshift.conversion.track.restyle import divide
from styleshift.conversion.track.windows import WindowPlan, convert_windows


def run(
    sections: list[np.ndarray], model: object, batch: int = 3, discard: int = 4, fade: int = 8
) -> list[np.ndarray]:
    numbered = ((section, number) for number, section in enumerate(sections))
    found = list(convert_windows(numbered, model, batch, 64, 4, discard, fade))  # type: ignore[arg-type]
    assert [number for _, number in found] == list(range(len(sections)))
    return [section for section, _ in found]


@given(st.integers(1, 2000), st.integers(4, 200), st.floats(0, 0.5), st.floats(0, 1))
def test_weights_of_every_frame_sum_to_one(frames: int, window: int, share: float, thrown: float) -> None:
    overlap = int(window * share)
    discard = int(overlap * thrown / 2)
    plan = WindowPlan(frames, window, discard, overlap - 2 * discard)
    total = np.zeros(max(frames, window))
    for index in range(plan.count):
        weight = plan.weight(index)
        assert weight.min() >= 0
        total[plan.start(index) : plan.start(index) + window] += weight
        assert index == 0 or plan.start(index) > plan.start(index - 1)
    np.testing.assert_allclose(total[:frames], 1, atol=1e-5)


@given(st.integers(1, 40), st.integers(1, 20))
@example(1, 3)
@example(16, 3)
def test_a_model_of_any_length_has_windows_that_move_by_whole_steps(multiple: int, steps: int) -> None:
    window = multiple * steps
    plan = WindowPlan(10 * window, window, *divide(window, multiple))
    assert plan.hop > 0
    assert plan.hop % multiple == 0


@given(st.integers(200, 2000), st.integers(40, 200))
def test_what_lies_next_to_a_border_with_another_window_has_no_weight(frames: int, window: int) -> None:
    discard, fade = window // 16, window // 8
    plan = WindowPlan(frames, window, discard, fade)
    for index in range(plan.count):
        weight = plan.weight(index)
        if plan.start(index) > 0:
            assert not weight[:discard].any()
        if plan.start(index) + window < frames:
            assert not weight[len(weight) - discard :].any()


@pytest.mark.parametrize("frames", [1, 2, 63, 64, 65, 111, 112, 113, 160, 500])
def test_a_model_without_memory_is_applied_frame_by_frame(frames: int) -> None:
    spectrogram = np.random.default_rng(frames).random((frames, 5), np.float32)
    (found,) = run([spectrogram], lambda windows: 2 * windows + 1)
    np.testing.assert_allclose(found, 2 * spectrogram + 1, atol=1e-5)


def test_every_window_has_the_training_length() -> None:
    seen = []

    def model(windows: np.ndarray) -> np.ndarray:
        seen.extend(windows)
        return windows

    run([np.ones((frames, 5), np.float32) for frames in (10, 64, 300)], model)
    assert {window.shape for window in seen} == {(1, 5, 64)}


def test_a_much_shorter_section_takes_a_shorter_window() -> None:
    shapes = []

    def model(windows: np.ndarray) -> np.ndarray:
        shapes.append(windows.shape)
        return 2 * windows

    sections = [np.random.default_rng(0).random((frames, 5), np.float32) for frames in (27, 33, 300, 1)]
    found = list(convert_windows(((part, None) for part in sections), model, 8, 256, 16, 16, 64))
    # 64 frames behind them and whole steps of the network; windows of one length are run together.
    assert shapes == [(1, 1, 5, 96), (1, 1, 5, 112), (2, 1, 5, 256), (1, 1, 5, 80)]
    for part, (converted, _) in zip(sections, found, strict=True):
        np.testing.assert_allclose(converted, 2 * part, atol=1e-6)


def test_a_short_window_is_as_long_as_generators_may_expect() -> None:
    shapes: list[int] = []
    part = np.zeros((5, 3), np.float32)
    list(convert_windows([(part, None)], lambda x: shapes.append(x.shape[-1]) or x, 8, 256, 32, 32, 64))
    assert shapes == [4 * 32]


def test_a_short_section_is_continued_by_itself_not_by_silence() -> None:
    spectrogram = np.random.default_rng(0).random((7, 3), np.float32) + 1
    seen = []
    run([spectrogram], lambda windows: seen.append(windows) or windows)
    window = seen[0][0, 0]
    assert window.min() >= 1
    np.testing.assert_array_equal(window[:, :7], spectrogram.T)
    np.testing.assert_array_equal(window[:, 7:14], spectrogram[::-1].T)


@pytest.mark.parametrize("batch", [1, 2, 5, 100])
def test_windows_of_several_sections_are_run_together_and_come_back_to_their_own(batch: int) -> None:
    random = np.random.default_rng(0)
    some = [random.random((frames, 5), np.float32) for frames in (70, 3, 700, 64, 65, 130)]
    sizes = []

    def model(windows: np.ndarray) -> np.ndarray:
        """Like instance norm: each window is centred by itself."""
        sizes.append(len(windows))
        return windows - windows.mean(axis=(2, 3), keepdims=True)

    together = run(some, model, batch)
    assert all(size == batch for size in sizes[:-1])
    for section, found in zip(some, together, strict=True):
        np.testing.assert_array_equal(run([section], model, 1)[0], found)


def test_a_section_is_given_as_soon_as_its_windows_are_back() -> None:
    taken = []

    def come() -> Iterator[tuple[np.ndarray, int]]:
        for number in range(6):
            taken.append(number)
            yield np.ones((64, 5), np.float32), number

    found = convert_windows(come(), lambda windows: windows, 2, 64, 1, 4, 8)
    next(found)
    assert taken == [0, 1]


def test_windows_that_differ_are_faded_into_one_another() -> None:
    """Each window answers with its own number: the greatest step is that of the fade, not of a border."""
    count = iter(range(1000))

    def number(windows: np.ndarray) -> np.ndarray:
        return windows + np.array([next(count) for _ in windows]).reshape(-1, 1, 1, 1)

    (found,) = run([np.zeros((640, 1), np.float32)], number, discard=4, fade=24)
    steps = np.abs(np.diff(found[:, 0]))
    assert steps.max() < 1.6 / 24  # the steepest place of a squared sine over 24 frames is pi/2 of its mean
    assert found[-1, 0] == pytest.approx(WindowPlan(640, 64, 4, 24).count - 1)
