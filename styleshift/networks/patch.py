"""A discriminator that judges patches, without a dense layer (Isola et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.fused import FusedSequential
from styleshift.networks.layers import Bands, InstanceNorm2d
from styleshift.networks.options import PatchDiscriminatorOptions


class PatchDiscriminator(nn.Module):
    """Convolutions of width 4 and stride 2, then one logit for each patch; several scales where wanted.

    Args:
        options: sizes and norms.
        spectrogram: decides bins and bands.
        frames: of every crop.

    Raises:
        ConfigError: the crop is too small for the layers and scales.
    """

    def __init__(
        self, options: PatchDiscriminatorOptions, spectrogram: SpectrogramConfig, frames: int
    ) -> None:
        super().__init__()
        smallest = min(frames, options.bands or spectrogram.bins) >> (options.layers + options.scales - 1)
        if smallest < 2:
            raise ConfigError(
                f"discriminator patch with {options.layers} layers and {options.scales} scales cannot "
                f"see crops of {frames} frames",
                "raise data.crop_frames, or lower discriminator.layers",
            )
        self.view = nn.Sequential(
            Bands(spectrogram, options.bands) if options.bands else nn.Identity(),
            Deltas() if options.deltas else nn.Identity(),
        )
        self.scales = nn.ModuleList(_scale(options) for _ in range(options.scales))

    def scaled(self, input: Tensor) -> Iterator[tuple[nn.Module, Tensor]]:
        """The layers of each scale, and what they see of ``[batch, 1, bin, frame]``."""
        seen = self.view(input)
        for number, scale in enumerate(self.scales):
            yield scale, functional.avg_pool2d(seen, 1 << number) if number else seen

    def features(self, input: Tensor) -> list[Tensor]:
        """What each convolution but the last gives, scale by scale, of ``[batch, 1, bin, frame]``."""
        found = []
        for scale, state in self.scaled(input):
            assert isinstance(scale, nn.Sequential)
            for layer in list(scale)[:-1]:
                state = layer(state)
                if isinstance(layer, nn.LeakyReLU):
                    found.append(state)
        return found

    def forward(self, input: Tensor) -> Tensor:
        """Logits ``[batch, patches]``, each scale weighing the same, of ``[batch, 1, bin, frame]``."""
        logits = [scale(seen).flatten(1) for scale, seen in self.scaled(input)]
        if len(logits) == 1:
            only: Tensor = logits[0]
            return only
        # Repeating the coarse scales' logits lets one mean over all patches weigh the scales alike.
        most = max(part.shape[1] for part in logits)
        return torch.cat([part.repeat(1, max(1, most // part.shape[1])) for part in logits], dim=1)


class Deltas(nn.Module):
    """Beside each log spectrum, how much it rose or fell since the frame before."""

    def forward(self, input: Tensor) -> Tensor:
        """``[batch, 1, bin, frame]`` to ``[batch, 2, bin, frame]``."""
        return torch.cat([input, functional.pad(input.diff(dim=3), (1, 0))], dim=1)


def _scale(options: PatchDiscriminatorOptions) -> nn.Sequential:
    def wrap(layer: nn.Conv2d) -> nn.Module:
        nn.init.kaiming_normal_(layer.weight, 0.2)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)
        return spectral_norm(layer) if options.spectral else layer

    layers: list[nn.Module] = []
    inputs = 2 if options.deltas else 1
    for number in range(options.layers):
        outputs = options.channels * min(1 << number, 8)
        layers.append(wrap(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)))
        if options.norm == "instance" and number:
            layers.append(InstanceNorm2d(outputs))
        layers.append(nn.LeakyReLU(0.2))
        inputs = outputs
    layers.append(wrap(nn.Conv2d(inputs, 1, 3, padding=1)))
    return FusedSequential(*layers)
