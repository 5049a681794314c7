"""The CPU is taken where it would be done first."""

from __future__ import annotations

import pytest

from styleshift.conversion.track.restyle import divide
from styleshift.conversion.track.windows import WindowPlan
from styleshift.runtimes.sooner import cpu_is_sooner, windows_of

GPU, START, CPU = 0.001, 4.0, 0.016


@pytest.mark.parametrize(
    ("windows", "workers", "sooner"),
    [
        (100, 16, True),  # 0.1 s against 4.1
        (1_000_000, 16, False),  # the processors never catch up with it where they are as fast
        (1_000, 1, False),  # 16 s against 5
        (200, 1, True),  # 3.2 s against 4.2
        (0, 1, True),
    ],
)
def test_start_and_work_are_weighed(windows: float, workers: int, sooner: bool) -> None:
    cpu = CPU * 1.01 if windows == 1_000_000 else CPU
    assert cpu_is_sooner(windows, cpu, GPU, workers, start=START) is sooner


def test_windows_are_counted_as_a_conversion_cuts_them() -> None:
    """A minute and more, so that the ends do not count."""
    plan = WindowPlan(100_000, 256, *divide(256, 4))
    assert windows_of(100_000, 256) == pytest.approx(plan.count, rel=0.02)
