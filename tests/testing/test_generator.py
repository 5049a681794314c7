"""The contract checks of generators: what is whole passes; a broken promise is found and named."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks import GeneratorSpec
from styleshift.testing import ContractError, check_generator

SMALL = SpectrogramConfig(sample_rate=8000, frame_length=64, hop_length=16, fft_length=64)


@dataclass(frozen=True)
class Channels:
    channels: int = 4


class Plain(nn.Module):
    """A generator that keeps every promise."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.norm = nn.InstanceNorm2d(channels, affine=True)
        self.last = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, log_magnitude: torch.Tensor) -> torch.Tensor:
        return log_magnitude + self.last(torch.relu(self.norm(self.first(log_magnitude))))


class Cropping(Plain):
    def forward(self, log_magnitude):
        return super().forward(log_magnitude)[..., :-1, :]


class Restless(Plain):
    def forward(self, log_magnitude):
        return super().forward(log_magnitude) + 0.01 * torch.randn_like(log_magnitude)


class Entangled(Plain):
    def forward(self, log_magnitude):
        return super().forward(log_magnitude) + log_magnitude.mean(0, keepdim=True)


class Dividing(Plain):
    def forward(self, log_magnitude):
        return super().forward(log_magnitude) / log_magnitude.std((1, 2, 3), keepdim=True)


class Overwriting(Plain):
    def forward(self, log_magnitude):
        log_magnitude.mul_(0.5)
        return super().forward(log_magnitude.clone())


class Detached(Plain):
    def forward(self, log_magnitude):
        return super().forward(log_magnitude.detach())


class Idle(Plain):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.spare = nn.Linear(2, 2)


class Hiding(Plain):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.scale = torch.rand(())

    def forward(self, log_magnitude):
        return super().forward(log_magnitude) * self.scale


class Sharing(Plain):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.again = nn.Conv2d(1, channels, 3, padding=1)
        self.again.weight = self.first.weight

    def forward(self, log_magnitude):
        return super().forward(log_magnitude) + self.again(log_magnitude).mean(1, keepdim=True)


class WrongBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, tensor):
        ctx.factor = 1.0 if tensor.dtype == torch.float64 else 0.5
        return tensor * 1.0

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.factor


class Miscounting(Plain):
    def forward(self, log_magnitude):
        return super().forward(WrongBackward.apply(log_magnitude))


class Viewing(Plain):
    def forward(self, log_magnitude):
        made = self.first(log_magnitude)
        return log_magnitude + self.last(torch.relu(self.norm(made.view(-1).view(made.shape))))


class Shuffling(Plain):
    """Takes the memory for the tensor."""

    def forward(self, log_magnitude):
        made = self.first(log_magnitude)
        _, channels, bins, frames = made.shape
        strides = (channels * bins * frames, bins * frames, frames, 1)
        made = torch.as_strided(made, made.shape, strides)
        return log_magnitude + self.last(torch.relu(self.norm(made)))


class LaidOut(torch.autograd.Function):
    @staticmethod
    def forward(ctx, tensor):
        ctx.factor = 1.0 if tensor.is_contiguous() else 0.5
        return tensor.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.factor


class Forgetting(Plain):
    def forward(self, log_magnitude):
        made = LaidOut.apply(self.first(log_magnitude))
        return log_magnitude + self.last(torch.relu(self.norm(made)))


class Flat(Plain):
    def features(self, log_magnitude):
        return [self.first(log_magnitude).flatten(2)]


class FixedLength(Plain):
    def forward(self, log_magnitude):
        frames = torch.ones(log_magnitude.shape[-1]).tolist()  # a Python list: the export has one length
        return super().forward(log_magnitude) + torch.tensor(frames)


def generator(made: type[nn.Module]) -> GeneratorSpec:
    return GeneratorSpec("plain", "a test", Channels, lambda config, spectrogram: made(config.channels))


def test_a_whole_generator_passes_its_export_too():
    check_generator(generator(Plain), {"channels": 3}, spectrograms=[SMALL])


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (Cropping, "must keep the shape"),
        (Restless, "other numbers on a second call"),
        (Entangled, "otherwise than alone"),
        (Dividing, "not finite"),
        (Overwriting, "changes its input in place"),
        (Detached, "no gradient reaches its input"),
        (Idle, "no gradient reaches the weight spare"),
        (Hiding, "not in state_dict"),
        (Sharing, "share memory"),
        (Miscounting, "off by 50% from that in float64"),
        (Viewing, r"cannot take input in channels-last memory format"),
        (Shuffling, "in channels-last memory format it gives other numbers"),
        (Flat, r"features hold .* \[batch, channel, bin, frame\] is wanted"),
        (nn.Identity, "no weights that can learn"),
    ],
)
def test_a_generator_that_breaks_a_promise_is_told_which(made, sentence):
    spec = GeneratorSpec(
        "broken",
        "a test",
        Channels,
        lambda config, spectrogram: made(config.channels) if made is not nn.Identity else made(),
    )
    torch.manual_seed(0)
    with pytest.raises(ContractError, match=sentence):
        check_generator(spec, spectrograms=[SMALL], export=False)


def test_a_gradient_that_depends_on_how_memory_is_laid_out_is_told():
    class Normless(Forgetting):
        def __init__(self, channels: int) -> None:
            super().__init__(channels)
            self.norm = nn.Identity()

    torch.manual_seed(0)
    with pytest.raises(ContractError, match=r"in channels-last memory format the gradient at .* is off by"):
        check_generator(generator(Normless), spectrograms=[SMALL], export=False)
    # Training lays out no generator with an instance norm, so that it need not hold there.
    check_generator(generator(Plain), spectrograms=[SMALL], export=False)


def test_a_generator_that_cannot_be_exported_is_told(recwarn):
    with pytest.raises(ContractError, match="export"):
        check_generator(generator(FixedLength), spectrograms=[SMALL])


def test_options_that_do_not_fit_are_told():
    with pytest.raises(ContractError, match="no option 'chanels'"):
        check_generator(generator(Plain), {"chanels": 3}, spectrograms=[SMALL])
