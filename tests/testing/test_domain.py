"""The contract checks of domains: what is whole passes; a broken promise is found and named."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from styleshift.hooks import DomainSpec, Recording
from styleshift.testing import ContractError, check_domain


class Ramp:
    """A second of stereo that counts up, with one thing broken at will."""

    def __init__(self, broken: str) -> None:
        self.sample_rate = 8000.0 if broken == "rate" else 8000
        self.channels = 2
        self.frames = 80_000 if broken == "length" else 8000
        self._broken = broken
        self._closed = False

    def blocks(self, frames):
        ramp = np.stack([np.arange(8000), -np.arange(8000)], axis=1) / 8000
        ramp = ramp.astype(np.float64 if self._broken == "type" else np.float32)
        if self._broken == "finite":
            ramp[5000] = np.nan
        if self._broken == "random":
            ramp += np.random.default_rng().random(1, np.float32)
        if self._broken == "mono":
            ramp = ramp[:, 0]
        size = frames * 2 if self._broken == "size" else frames
        if self._broken != "silent":
            for start in range(0, 8000, size):
                yield ramp[start : start + size]

    def close(self):
        if self._closed and self._broken == "close":
            raise ValueError("closed twice")
        self._closed = True


def find(options: Any, folder: Path, broken: str, calls: list[int]) -> dict[str, list[Recording]]:
    calls.append(1)
    files = sorted(folder.glob("*.ramp"))
    if broken == "order" and len(calls) % 2:
        files.reverse()
    made = [Recording(file.name, file, functools.partial(Ramp, broken), version="1") for file in files]
    if broken == "twice":
        made *= 2
    if broken == "outside":
        made = [dataclasses.replace(item, name="../" + item.name) for item in made]
    if broken == "pickle":
        made = [dataclasses.replace(item, open=lambda: Ramp("")) for item in made]
    if broken == "path":
        made = [dataclasses.replace(item, path=item.path / "not") for item in made]
    if broken == "everywhere":
        made = made or [Recording("x", folder, functools.partial(Ramp, ""))]
    return {"../up" if broken == "domain" else "ramps": made}


@pytest.fixture
def ramps(tmp_path: Path) -> Path:
    for name in ("a.ramp", "b.ramp"):
        (tmp_path / name).write_text(name)
    return tmp_path


def domain(broken: str = "") -> DomainSpec:
    return DomainSpec("ramps", "a test", functools.partial(find, broken=broken, calls=[]))


def test_a_whole_domain_passes_and_its_recordings_are_returned(ramps):
    found = check_domain(domain(), ramps)
    assert [item.name for item in found["ramps"]] == ["a.ramp", "b.ramp"]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("rate", "sample_rate is 8000.0"),
        ("length", "8000 frames came where frames said 80000"),
        ("type", "float64, not float32"),
        ("finite", "not finite"),
        ("random", "other audio on a second pass"),
        ("mono", r"a block is \[4096\]"),
        ("size", r"\[1 to 4096, 2\] was wanted"),
        ("silent", "no audio comes"),
        ("close", "closed twice"),
        ("order", "in another order"),
        ("twice", "holds 'a.ramp' twice"),
        ("outside", "leaves its domain"),
        ("pickle", "cannot be pickled"),
        ("path", "is no file"),
        ("domain", "cannot be a folder name"),
        ("everywhere", "in an empty folder"),
    ],
)
def test_a_domain_that_breaks_a_promise_is_told_which(ramps, broken, sentence):
    with pytest.raises((ContractError, ValueError), match=sentence):
        check_domain(domain(broken), ramps)


def test_a_domain_that_finds_nothing_is_not_passed(tmp_path):
    with pytest.raises(ContractError, match="finds nothing"):
        check_domain(domain(), tmp_path)
