"""Material for tests that takes milliseconds to make: notes, vowels, a model file, settings of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.frontend.config import SpectrogramConfig

if TYPE_CHECKING:
    from styleshift.bundle.metadata import BundleMetadata

TINY = (
    "spectrogram.sample_rate=8000",
    "spectrogram.frame_length=128",
    "spectrogram.hop_length=64",
    "spectrogram.fft_length=128",
    "data.crop_frames=64",
    "generator.bands=16",
    "generator.channels=2",
    "generator.levels=1",
    "discriminator.channels=2",
    "discriminator.bands=16",
    "discriminator.layers=2",
    "schedule.batch=2",
    "schedule.steps=6",
    "schedule.save_every=2",
    "schedule.log_every=1",
    "schedule.threads=1",
    "schedule.validation_seconds=0",
    "schedule.precision=float32",
    "warm_start.share=0",
    "warm_start.weight=0",
)
"""Settings that make the recipe ``small`` train in seconds, as `styleshift train` takes them."""

_EQUALISER = """<ir_version: 10, opset_import: ["" : 18]>
equaliser (float[batch, 1, BINS, frames] log_magnitude) => (float[batch, 1, BINS, frames] converted)
<float zero = {0}> {
    heard = Greater (log_magnitude, zero)
    raised = Add (log_magnitude, change)
    signed = Where (heard, raised, log_magnitude)
    converted = Relu (signed)
}"""

SMALL = SpectrogramConfig(sample_rate=16000, frame_length=512, hop_length=128, fft_length=512)


def metadata(
    spectrogram: SpectrogramConfig = SMALL, source: str = "country", target: str = "classical"
) -> BundleMetadata:
    """Metadata of a model that takes windows of 128 frames."""
    from styleshift.bundle.metadata import BundleMetadata

    return BundleMetadata(source, target, spectrogram, -20.0, 128, 4, recipe={"name": "test"})


def make_model(
    path: Path,
    spectrogram: SpectrogramConfig = SMALL,
    *,
    source: str = "country",
    target: str = "classical",
    change: Sequence[float] | None = None,
    props: dict[str, str | None] | None = None,
) -> Path:
    """Write a model that adds ``change`` (one value a bin, natural log units) to every frame, or nothing.

    Zeros stay zero, so that silence is silent. ``props`` overrides metadata; None leaves a key out.
    """
    import onnx

    bins = spectrogram.bins
    values = np.zeros(bins) if change is None else np.asarray(change)
    model = onnx.parser.parse_model(_EQUALISER.replace("BINS", str(bins)))
    gain = onnx.numpy_helper.from_array(values.astype(np.float32).reshape(1, 1, bins, 1), "change")
    model.graph.initializer.append(gain)
    wanted: dict[str, str | None] = {**metadata(spectrogram, source, target).to_props(), **(props or {})}
    for key, text in wanted.items():
        if text is not None:
            model.metadata_props.add(key=key, value=text)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


# Of men, Hz: Peterson and Barney 1952, "Control methods used in a study of the vowels".
_FORMANTS = np.array(
    [[270, 2290, 3010], [730, 1090, 2440], [300, 870, 2240], [660, 1720, 2410]], dtype=np.float64
)
_WIDTHS = np.array([60.0, 90.0, 150.0])


def vowels(said: Sequence[int], rate: int, hertz: float) -> Float32Array:
    """Somebody who says vowels, a quarter of a second each.

    Args:
        said: which, each from 0 to 3.
        rate: samples a second.
        hertz: of the pitch.

    Returns:
        ``[samples]`` float32, at most 0.3 of full scale.
    """
    clock = np.arange(round(0.25 * rate) * len(said)) / rate
    which = np.repeat(said, round(0.25 * rate))
    sound = np.zeros(len(clock))
    for number in range(1, int(min(8000, 0.49 * rate) / hertz) + 1):
        here = number * hertz
        loud = np.prod(_FORMANTS**2 / np.hypot(_FORMANTS**2 - here**2, _WIDTHS * here), axis=1)
        sound += loud[which] / number * np.sin(2 * np.pi * here * clock)
    made: Float32Array = (0.3 * sound / np.abs(sound).max()).astype(np.float32)
    return made


def notes(seconds: float, rate: int, hertz: float, *, partials: int = 5, decay: float = 4.0) -> Float32Array:
    """Two notes a second, five pitches in turn, each dying away.

    Args:
        seconds: length.
        rate: samples a second.
        hertz: of the lowest note.
        partials: of each note.
        decay: in nepers a second; 0 holds a note.

    Returns:
        ``[samples]`` float32, at most 0.3 of full scale.
    """
    clock = np.arange(int(seconds * rate)) / rate
    within = clock % 0.5
    phase = 2 * np.pi * np.cumsum(hertz * 2 ** (np.floor(clock / 0.5) % 5 / 12)) / rate
    sound = sum(np.sin(number * phase) / number**2 for number in range(1, partials + 1))
    made: Float32Array = (0.18 * sound * np.exp(-decay * within) * np.minimum(1, within / 0.01)).astype(
        np.float32
    )
    return made
