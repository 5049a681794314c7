"""The contract check of trackers: what is whole passes; a broken promise is found and named."""

from __future__ import annotations

from typing import Any

import pytest

from styleshift.errors import ConfigError
from styleshift.hooks import TrackerSpec
from styleshift.testing import ContractError, check_tracker


class Whole:
    def __init__(self, options: Any, folder: Any, run: Any) -> None:
        (folder / f"{run['name']}.txt").write_text("begun")

    def figures(self, step: int, figures: Any) -> None:
        pass

    def excerpts(self, step: int, excerpts: Any) -> None:
        pass

    def close(self) -> None:
        pass


def changed(**members: Any) -> Any:
    return type("Changed", (Whole,), members)


def again(self: Any, options: Any, folder: Any, run: Any) -> None:
    (folder / "mine").mkdir()


def louder(self: Any, step: int, excerpts: Any) -> None:
    excerpts[0].audio[:] = 0


def refuses(options: Any) -> None:
    raise ConfigError("no account")


def test_a_whole_one_passes() -> None:
    check_tracker(TrackerSpec("right", "a test", Whole))


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (TrackerSpec("x", "a test", Whole, refuses), "its check failed: ConfigError: no account"),
        (TrackerSpec("x", "a test", lambda options, folder, run: 1 / 0), "build failed: ZeroDivisionError"),
        (TrackerSpec("x", "a test", lambda options, folder, run: None), "None, which has no figures"),
        (TrackerSpec("x", "a test", changed(__init__=again)), "build failed: FileExistsError"),
        (TrackerSpec("x", "a test", changed(figures=lambda self: None)), "figures failed: TypeError"),
        (TrackerSpec("x", "a test", changed(figures=lambda self, n, f: f.clear())), "changes the figures"),
        (TrackerSpec("x", "a test", changed(excerpts=lambda self, n, e: e.x)), "excerpts failed"),
        (TrackerSpec("x", "a test", changed(excerpts=louder)), "changes the excerpts"),
        (TrackerSpec("x", "a test", changed(close=lambda self: 1 / 0)), "close failed: ZeroDivisionError"),
    ],
)
def test_a_broken_promise_is_named(spec: TrackerSpec, sentence: str) -> None:
    with pytest.raises(ContractError, match=sentence):
        check_tracker(spec)
