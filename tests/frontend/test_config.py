from typing import Any

import pytest

from styleshift.errors import ConfigError
from styleshift.frontend import SpectrogramConfig


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"fft_length": 1}, "fft_length is 1; it must be a whole number from 2"),
        ({"hop_length": 0}, "hop_length is 0"),
        ({"hop_length": 1.5}, "hop_length is 1.5"),
        ({"frame_length": True}, "frame_length is True"),
        ({"hop_length": 513}, "hop_length 513 is longer than the frame that is kept"),
        ({"window": "kaiser"}, "window is 'kaiser'; it must be one of hann"),
        ({"compression": "mu"}, "compression is 'mu'; it must be one of log1p"),
        ({"gain": 0}, "gain is 0"),
        ({"floor": float("nan")}, "floor is nan"),
    ],
)
def test_wrong_values_are_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        SpectrogramConfig(**values)


def test_frames() -> None:
    centred = SpectrogramConfig(frame_length=400, hop_length=100, fft_length=512)
    assert [centred.frames(n) for n in (0, 1, 99, 100, 1000)] == [0, 1, 1, 2, 11]
    whole = SpectrogramConfig(frame_length=400, hop_length=100, fft_length=512, center=False)
    assert [whole.frames(n) for n in (0, 399, 400, 499, 500)] == [0, 0, 1, 1, 2]


def test_round_trip_of_plain_values() -> None:
    config = SpectrogramConfig(window="gaussian", gain=3.0)
    assert SpectrogramConfig.from_dict(config.to_dict()) == config
    with pytest.raises(ConfigError, match="no key 'hop'"):
        SpectrogramConfig.from_dict({"hop": 3})
