"""The one description of a spectrogram: stored in the corpus, the checkpoint and the model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from styleshift.errors import ConfigError

Window = Literal["hann", "hamming", "blackman", "gaussian", "sqrt_hann", "rectangular"]
Compression = Literal["log1p", "log", "none"]

WINDOWS: tuple[str, ...] = ("hann", "hamming", "blackman", "gaussian", "sqrt_hann", "rectangular")
COMPRESSIONS: tuple[str, ...] = ("log1p", "log", "none")


@dataclass(frozen=True, slots=True)
class SpectrogramConfig:
    """How a waveform becomes a log-magnitude spectrogram, and back.

    A frame of ``frame_length`` samples is windowed and then cropped, or zero-padded at its end, to
    ``fft_length`` points, as ``tf.signal.stft(frame_length, frame_step, fft_length)`` does. The inverse
    divides by the overlap-add of the squared *cropped* window, so it stays exact.

    Attributes:
        sample_rate: samples a second, Hz, of the waveform that the front end sees.
        frame_length: window length in samples.
        hop_length: samples from one frame to the next.
        fft_length: points of the FFT; there are ``fft_length // 2 + 1`` bins.
        window: periodic window by name. ``gaussian`` is exp(-pi t^2 / gamma) with
            gamma = 0.25645 * frame_length^2, the window PGHI likes best (Prusa et al. 2017).
        center: True puts frame ``t`` around sample ``t * hop_length`` of the signal, zero-padded, so
            that there are ``1 + samples // hop_length`` frames and every sample can be inverted.
            False starts frame ``t`` at sample ``t * hop_length`` and makes only whole frames.
        compression: ``log1p``: ln(1 + gain * |X|); ``log``: ln(max(|X|, floor)); ``none``: |X|.
        gain: factor on the magnitude before ``log1p``.
        floor: smallest magnitude that ``log`` tells from silence.

    Raises:
        ConfigError: a value out of range, named with the range.
    """

    sample_rate: int = 20500
    frame_length: int = 615
    hop_length: int = 205
    fft_length: int = 512
    window: Window = "hann"
    center: bool = True
    compression: Compression = "log1p"
    gain: float = 1.0
    floor: float = 1e-5

    def __post_init__(self) -> None:
        """Check every value on its own and against the others."""
        for name, low, high in (
            ("sample_rate", 1000, 768_000),
            ("frame_length", 2, 1 << 20),
            ("hop_length", 1, 1 << 20),
            ("fft_length", 2, 1 << 20),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise ConfigError(f"{name} is {value!r}; it must be a whole number from {low} to {high}")
        if self.window not in WINDOWS:
            raise ConfigError(f"window is {self.window!r}; it may be {', '.join(WINDOWS)}")
        if self.compression not in COMPRESSIONS:
            raise ConfigError(f"compression is {self.compression!r}; it may be {', '.join(COMPRESSIONS)}")
        for name in ("gain", "floor"):
            number = getattr(self, name)
            if not isinstance(number, int | float) or not 0 < number < float("inf"):
                raise ConfigError(f"{name} is {number!r}; it must be a finite number above 0")
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

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and TOML."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SpectrogramConfig:
        """The inverse of :meth:`to_dict`; an unknown key is a :class:`ConfigError`."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigError(
                f"spectrogram settings have an unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}"
            )
        return cls(**values)
