from __future__ import annotations

import pytest

from styleshift.errors import ConfigError
from styleshift.system.device import parse_device


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("auto", ("auto", 0)),
        ("cpu", ("cpu", 0)),
        ("mps", ("mps", 0)),
        ("cuda", ("cuda", 0)),
        ("cuda:12", ("cuda", 12)),
    ],
)
def test_devices_by_name(wanted: str, said: tuple[str, int]) -> None:
    assert parse_device(wanted) == said


@pytest.mark.parametrize(
    "wrong", ["gpu", "CPU", "cpu:1", "cuda:", "cuda:x", "cuda:-1", "mps:0", "auto:0", " cpu", ""]
)
def test_what_is_no_device_is_told_with_all_that_are(wrong: str) -> None:
    with pytest.raises(ConfigError, match="it may be auto, cpu, cuda, cuda:N or mps") as caught:
        parse_device(wrong)
    assert caught.value.hint
