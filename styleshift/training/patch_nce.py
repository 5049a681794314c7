"""The contrastive objective (CUT, Park et al. 2020): what keeps the music without a way back.

A place of the conversion shall be more like the same place of its source than like all other places of it, as
the generator's own encoder sees both.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.errors import ConfigError
from styleshift.recipes import Recipe
from styleshift.training.losses import patch_nce

WIDTH = 256
"""Of the vectors that are compared, as in the paper."""


class ProjectionHeads(nn.Module):
    """One two-layer network for each layer of features (H_l there).

    Args:
        core: a generator with ``features(normalised)``: the list of what some of its layers give,
            ``[batch, channel, bin, frame]`` each, with any number of channels, bins and frames.
        recipe: says how large crops are, how many places are compared, and at which temperature.

    Raises:
        ConfigError: the generator does not hand out its features.
    """

    def __init__(self, core: nn.Module, recipe: Recipe) -> None:
        super().__init__()
        self._weights, name = recipe.loss, recipe.generator.name
        if not callable(getattr(core, "features", None)):
            raise ConfigError(
                f"loss.patch_nce needs a generator with a method `features`; {name} has none",
                "use one that has it, such as `generator.name=residual`, or none of it: `loss.patch_nce=0`",
            )
        with torch.no_grad():
            seen = _features(core, torch.zeros(1, 1, recipe.spectrogram.bins, recipe.data.crop_frames))
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(part.shape[1], WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH))
            for part in seen
        )
        self._places = [part.shape[2] * part.shape[3] for part in seen]

    def draw(self, random: torch.Generator) -> list[Tensor]:
        """The places that are compared, layer by layer, drawn on the CPU."""
        count = self._weights.patch_nce_patches
        return [torch.randperm(places, generator=random)[:count] for places in self._places]

    def loss(self, core: nn.Module, source: Tensor, converted: Tensor, places: list[Tensor]) -> Tensor:
        """The mean over layers of the contrast between source and conversion.

        Args:
            core: the generator.
            source: ``[batch, 1, bin, frame]`` normalised on its domain's scale.
            converted: the same on its own, with the gradient.
            places: as :meth:`draw` gives them, on the device.

        Returns:
            Scalar. As in the authors' program no gradient passes through the source's side.
        """
        with torch.no_grad():
            keys = _features(core, source)
        terms = []
        queries = _features(core, converted)
        for head, query, key, at in zip(self.heads, queries, keys, places, strict=True):
            query, key = query.flatten(2), key.flatten(2)
            vectors = [
                functional.normalize(head(part[:, :, at].transpose(1, 2)).float(), dim=2)
                for part in (query, key)
            ]
            terms.append(patch_nce(vectors[0], vectors[1].detach(), self._weights.patch_nce_temperature))
        return torch.stack(terms).mean()


def _features(core: nn.Module, crops: Tensor) -> list[Tensor]:
    found: list[Tensor] = core.features(crops)  # type: ignore[operator]
    return found
