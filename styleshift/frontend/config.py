"""The one description of a spectrogram: stored in the corpus, the checkpoint and the model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field

from styleshift.errors import ConfigError
from styleshift.validation import settings, validate

Window = Literal["hann", "hamming", "blackman", "gaussian", "sqrt_hann", "rectangular"]
Compression = Literal["log1p", "log", "none"]


@settings
class SpectrogramConfig:
    """How a waveform becomes a log-magnitude spectrogram, and back.

    A frame of ``frame_length`` samples is windowed and then cropped, or zero-padded at its end, to
    ``fft_length`` points, as ``tf.signal.stft(frame_length, frame_step, fft_length)`` does. The inverse
    divides by the overlap-add of the squared *cropped* window, so it stays exact.

    Raises:
        ConfigError: a value out of range, named with the range.
    """

    sample_rate: int = Field(default=20500, ge=1000, le=768_000)
    """Sample rate, in Hz, at which the front end works."""
    frame_length: int = Field(default=615, ge=2, le=1 << 20)
    """Length of the window, in samples."""
    hop_length: int = Field(default=205, ge=1, le=1 << 20)
    """Samples from one frame to the next."""
    fft_length: int = Field(default=512, ge=2, le=1 << 20)
    """Points of the FFT, which give `fft_length // 2 + 1` bins."""
    window: Window = "hann"
    """Window, periodic. `gaussian` is exp(-pi t^2 / gamma) with gamma = 0.25645 * frame_length^2, which suits
    PGHI best (Prusa et al. 2017)."""
    center: bool = True
    """`true` centres frame `t` on sample `t * hop_length` and pads with zeros, which gives `1 + samples //
    hop_length` frames and can always be inverted. `false` starts frame `t` at sample `t * hop_length` and
    keeps whole frames only."""
    compression: Compression = "log1p"
    """`log1p`: ln(1 + gain * |X|); `log`: ln(max(|X|, floor)); `none`: |X|."""
    gain: float = Field(default=1.0, gt=0)
    """Factor on the magnitude before `log1p`."""
    floor: float = Field(default=1e-5, gt=0)
    """Magnitudes below this count as silence with `log`."""

    def __post_init__(self) -> None:
        if self.hop_length > min(self.frame_length, self.fft_length):
            raise ConfigError(
                f"hop_length {self.hop_length} is longer than the frame that is kept "
                f"({min(self.frame_length, self.fft_length)} samples): samples between frames would be lost"
            )

    @property
    def bins(self) -> int:
        """Frequency bins a frame: ``fft_length // 2 + 1``, from 0 Hz to the Nyquist frequency."""
        return self.fft_length // 2 + 1

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop_length

    def frames(self, samples: int) -> int:
        """Frames that a waveform of ``samples`` samples becomes."""
        if self.center:
            return 1 + samples // self.hop_length if samples > 0 else 0
        return max(0, 1 + (samples - self.frame_length) // self.hop_length)

    def difference(self, wanted: SpectrogramConfig) -> str:
        """What is other than wanted, in words; nothing where all is the same."""
        here, there = self.to_dict(), wanted.to_dict()
        return "; ".join(
            f"{key} is {here[key]!r}, not {there[key]!r}" for key in here if here[key] != there[key]
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and TOML."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SpectrogramConfig:
        """The inverse of :meth:`to_dict`; an unknown key is a :class:`ConfigError`."""
        return validate(cls, values, "the spectrogram")
