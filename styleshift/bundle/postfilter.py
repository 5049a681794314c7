"""The filters of an export behind a generator, always in the same order."""

from __future__ import annotations

from torch import Tensor, nn

from styleshift.bundle.quiet import QuietLimit
from styleshift.bundle.smoothing import Smoothing
from styleshift.bundle.variance import VarianceFilter
from styleshift.training.translator import Translator


class Postfilter(nn.Module):
    """A generator, then its variance, then smoothing, then the limit where its source is quiet.

    Training knows none of these. The limit is last: whatever the others add, what is quiet stays so.

    Args:
        translator: the generator.
        variance: spreads envelopes; None leaves them.
        smoothing: None smooths nothing.
        quiet: None limits nothing.
    """

    def __init__(
        self,
        translator: Translator,
        *,
        variance: VarianceFilter | None = None,
        smoothing: Smoothing | None = None,
        quiet: QuietLimit | None = None,
    ) -> None:
        super().__init__()
        self.translator = translator
        self.variance = variance
        self.smoothing = smoothing
        self.quiet = quiet

    def forward(self, log_magnitude: Tensor) -> Tensor:
        """Map plain log magnitudes ``[batch, 1, bin, frame]`` float32 at the reference level to the same."""
        source, converted = self.translator.before_and_after(log_magnitude)
        for each in (self.variance, self.smoothing):
            if each is not None:
                converted = each(converted)
        if self.quiet is not None:
            converted = self.quiet(source, converted)
        return converted
