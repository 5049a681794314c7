"""Less of what a generator changes."""

from __future__ import annotations

from torch import Tensor, nn


class Restraint(nn.Module):
    """A generator of which a share of the change is kept: ``normalised + share * (change)``.

    So a conversion lies between what the generator was given and what it makes. Where fronts do most of the
    work, as with voices, the former has the words and the latter more of the target: at a half most of both
    stays (docs/results/voice-models.md). Otherwise than with a conversion's ``strength``, what is done in
    front of the generator, and the target's mean spectrum, stay whole.

    As residual scaling (Szegedy, Ioffe, Vanhoucke and Alemi 2017, "Inception-v4, Inception-ResNet and the
    impact of residual connections on learning"), behind the training instead of in it.

    Args:
        generator: on normalised log magnitudes ``[batch, 1, bin, frame]``.
        share: 0 to 1; 1 keeps all of it.
    """

    def __init__(self, generator: nn.Module, share: float) -> None:
        super().__init__()
        self.generator = generator
        self.share = share

    def forward(self, normalised: Tensor) -> Tensor:
        """As the generator does: the shape stays."""
        made: Tensor = normalised + self.share * (self.generator(normalised) - normalised)
        return made
