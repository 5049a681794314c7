"""First in, first out, wherever it is cut."""

from __future__ import annotations

import numpy as np

from styleshift.conversion.track.queues import ArrayQueue, Curve


def test_pieces_come_out_as_they_went_in() -> None:
    random = np.random.default_rng(0)
    whole = random.random((500, 3))
    queue, taken, pushed = ArrayQueue(), [], 0
    while sum(map(len, taken)) < 500:
        size = int(random.integers(0, 40))
        queue.push(whole[pushed : pushed + size])
        pushed = min(500, pushed + size)
        wanted = int(random.integers(1, 50))
        if wanted <= len(queue):
            np.testing.assert_array_equal(queue.peek(wanted), queue.peek(wanted))
            taken.append(queue.take(wanted))
        elif pushed == 500 and len(queue):
            taken.append(queue.take(len(queue)))
    np.testing.assert_array_equal(np.concatenate(taken), whole)
    assert len(queue) == 0


def test_a_curve_is_interpolated_and_forgets_what_is_past() -> None:
    curve = Curve(step=0.01, rate=8000)
    values = np.sin(np.arange(1000) / 30)
    found = []
    for start in range(0, 1000, 100):
        curve.push(values[start : start + 100])
        found.append(curve.take(len(curve)))
    joined = np.concatenate(found)
    assert len(joined) == 999 * 80
    expected = np.interp(np.arange(len(joined)) / 8000, np.arange(1000) * 0.01, values)
    np.testing.assert_allclose(joined, expected, atol=1e-6)
    assert len(curve._values) < 10
