"""The check of a tracker: it takes a run's figures and excerpts, in its folder, and again after a pause."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from styleshift.hooks.records import Excerpt, TrackerSpec
from styleshift.testing.contract import built, checked, contract, options_of, require

if TYPE_CHECKING:
    from collections.abc import Mapping


@contract("the check came upon an error")
def check_tracker(
    spec: TrackerSpec, options: Mapping[str, Any] | None = None, *, run: Mapping[str, Any] | None = None
) -> None:
    """Check a tracker with a run of a few steps that is stopped, gone on with and ended.

    It must be usable here and be built; take figures, also ones that it has not had before or that are not
    finite, and excerpts; take a step again, as a run that was killed sends it; leave what it is given alone;
    and be closed, twice too.

    Args:
        spec: the record.
        options: as ``tracker_options`` sets them.
        run: what ``run.json`` holds; None takes a small one.

    Raises:
        ContractError: in plain words.
    """
    from styleshift.training.excerpts import STAGES

    spec = checked(spec, TrackerSpec)
    run = run or _RUN
    with contract("its check failed"):
        spec.check(options_of(spec, options))
    picture = np.zeros((8, 16, 3), np.uint8)
    audio = np.linspace(-2, 2, 800, dtype=np.float32)  # louder than full scale, as a young model may be
    excerpts = [Excerpt("x to y", stage, picture.copy(), audio.copy(), 8000) for stage in STAGES]
    with tempfile.TemporaryDirectory() as folder:
        for first in (1, 2):  # the second time goes on, and sends step 2 again
            tracker = built(spec, options, Path(folder), run)
            for step in range(first, first + 2):
                figures = {"loss/cycle_x": 1.0 / step, f"score/new at {step}": float("nan")}
                given = dict(figures)
                with contract("figures failed"):
                    tracker.figures(step, figures)
                require(figures.keys() == given.keys(), "it changes the figures that it is given")
                with contract("excerpts failed"):
                    tracker.excerpts(step, excerpts)
            with contract("close failed"):
                tracker.close()
                tracker.close()
    for excerpt in excerpts:
        same = np.array_equal(excerpt.picture, picture) and np.array_equal(excerpt.audio, audio)
        require(same, "it changes the excerpts that it is given")


_RUN: dict[str, Any] = {
    "name": "x-y",
    "domains": ["x", "y"],
    "recipe": {"name": "small", "loss": {"cycle": 2.0}},
    "seed": 0,
    "provenance": {"styleshift": "0", "device": "cpu"},
}
