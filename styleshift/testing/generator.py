"""The check of a generator: shapes, gradients, weights and export."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.records import GeneratorSpec
from styleshift.testing.contract import built, checked, contract, require
from styleshift.testing.material import metadata

if TYPE_CHECKING:
    import torch
    from torch import nn

# 257 bins as the seed has them, and two sizes whose halves and quarters are awkward.
SPECTROGRAMS = (
    SpectrogramConfig(),
    SpectrogramConfig(sample_rate=16000, frame_length=256, hop_length=64, fft_length=256),
    SpectrogramConfig(sample_rate=8000, frame_length=200, hop_length=50, fft_length=202),
)


@contract("the check came upon an error")
def check_generator(
    spec: GeneratorSpec,
    options: Mapping[str, Any] | None = None,
    *,
    spectrograms: Sequence[SpectrogramConfig] = SPECTROGRAMS,
    export: bool = True,
) -> None:
    """Check a generator as training, checkpoints and export use it.

    Shape kept for every spectrogram size, several lengths and batches; finite, also on silence and on loud
    input; the same twice in eval mode; each item of a batch as if alone; input left alone; a gradient to the
    input and to every weight, in float32 the same as in float64; the same in channels-last memory format, and
    the same gradients there where no instance norm stands between; weights that can be stored and loaded;
    and, exported to ONNX with free batch and length, the same numbers from ONNX Runtime. Where it hands out
    features, they are tensors of four axes, the batch first.

    Args:
        spec: the record.
        options: as in a recipe's ``[generator]``; small ones make the check fast.
        spectrograms: spectrogram settings to build it for.
        export: False leaves the export out (it takes a few seconds).

    Raises:
        ContractError: in plain words.
    """
    import torch

    from styleshift.testing import networks

    spec = checked(spec, GeneratorSpec)
    step = spec.time_multiple
    for spectrogram in spectrograms:
        torch.manual_seed(0)
        module = built(spec, options, spectrogram)
        learns = any(parameter.requires_grad for parameter in module.parameters())
        require(learns, "it has no weights that can learn")
        networks.wake(module)
        module.eval()
        with torch.no_grad():
            for batch, lengths in ((1, 4), (1, 7), (2, 5)):
                given = networks.noise(batch, spectrogram, lengths * step)
                made = networks.run(module, given)
                require(made.dtype == given.dtype, f"{given.dtype} came back as {made.dtype}")
        few = networks.noise(2, spectrogram, 4 * step)
        networks.check_values(module, few)
        _check_features(module, few)
    # A batch of one: PyTorch's instance norm has had a wrong gradient there for channels-last tensors.
    networks.check_precision(module, networks.noise(1, spectrogram, 6 * step))
    networks.check_channels_last(module, networks.noise(2, spectrogram, 6 * step))
    networks.check_weights(module, built(spec, options, spectrogram), few)
    if export:
        _check_export(spec, module, spectrogram)


def _check_features(module: nn.Module, given: torch.Tensor) -> None:
    for part in module.features(given) if hasattr(module, "features") else []:  # type: ignore[operator]
        require(
            part.ndim == 4 and part.is_floating_point(),
            f"features hold {part.dtype} {list(part.shape)}; float [batch, channel, bin, frame] is wanted",
        )


def _check_export(spec: GeneratorSpec, module: nn.Module, spectrogram: SpectrogramConfig) -> None:
    import onnx

    from styleshift.bundle.parity import compare
    from styleshift.bundle.trace import trace

    wanted = replace(
        metadata(spectrogram), window_frames=8 * spec.time_multiple, time_multiple=spec.time_multiple
    )
    with tempfile.TemporaryDirectory() as folder, contract("its export fails"):
        path = Path(folder) / "generator.onnx"
        onnx.save(trace(module, wanted), path)
        compare(module, path, wanted)
