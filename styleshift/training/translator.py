"""A generator between the scales of two domains, with what is done in front of it and behind."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from styleshift.frontend.compression import silence
from styleshift.frontend.percussion import PercussionSplitter
from styleshift.recipes import Recipe
from styleshift.training.data import Statistics
from styleshift.training.percussion import PercussionFront
from styleshift.training.phones import PhoneMove, SourceVoice
from styleshift.training.pitch import PitchFront, shifter_of


class Scale(nn.Module):
    """Normalised and plain log magnitudes of one domain: ``plain = normalised * deviation + mean``.

    Args:
        mean: ``[bins]`` or ``[1]`` float32.
        deviation: above zero.
    """

    def __init__(self, mean: Tensor, deviation: float) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", mean.reshape(1, 1, -1, 1).clone())
        self.register_buffer("deviation", torch.tensor(float(deviation)))

    def normalise(self, plain: Tensor) -> Tensor:
        """``[batch, 1, bin, frame]`` plain to normalised."""
        return (plain - self.mean) * (1 / self.deviation)

    def plain(self, normalised: Tensor) -> Tensor:
        """``[batch, 1, bin, frame]`` normalised to plain."""
        return normalised * self.deviation + self.mean

    def shift(self, by: Tensor) -> None:
        """Add so much, ``[bins]``, to what :meth:`plain` makes."""
        self.mean = self.mean + by.reshape(1, 1, -1, 1)


class Translator(nn.Module):
    """A generator between the scales of its source and its target domain.

    With each domain on a scale of its own, a generator that copies its input gives the source with the
    target's mean spectrum: the equaliser that is the baseline.

    Args:
        core: generator on normalised log magnitudes.
        source: scale of what comes in.
        target: scale of what goes out.
        floor: plain log magnitude of silence; nothing goes below it.
        gated: there is a silence gate.
        gate: plain log magnitude above the floor at which a frame's loudest bin opens the silence gate
            fully.
        front: what moves voices to the target's pitch; None moves none.
        drums: what damps drums, before voices are moved; None damps none.
        moved: scale of the source's crops behind ``drums``, ``front`` and ``phones``; where there is one.
        phones: what moves envelopes by the sound that is spoken, behind both of them; None moves none.
        voice: the source's; conversion makes each recording's like it before it is moved. None: it does not.
    """

    def __init__(
        self,
        core: nn.Module,
        source: Scale,
        target: Scale,
        floor: float,
        gated: bool,
        gate: float,
        front: PitchFront | None = None,
        moved: Scale | None = None,
        drums: PercussionFront | None = None,
        phones: PhoneMove | None = None,
        voice: SourceVoice | None = None,
    ) -> None:
        super().__init__()
        assert (front is None and drums is None) == (moved is None)
        self.core = core
        self.front = front
        self.drums = drums
        self.phones = phones
        self.voice = voice
        self.moved = copy.deepcopy(moved)
        self.source = copy.deepcopy(
            source
        )  # two translators must not share tensors: safetensors refuses that
        self.target = copy.deepcopy(target)
        self.floor = floor
        self.gated = gated
        self.gate: Tensor
        self.register_buffer("gate", torch.tensor(float(gate)))

    def ratio(self, normalised: Tensor) -> Tensor | None:
        """By how much each crop's voice is moved, ``[batch]``; None where voices are not moved."""
        return None if self.front is None else self.front.ratio(self.source.plain(normalised))

    def enter(self, normalised: Tensor, ratio: Tensor | None = None) -> Tensor:
        """What the generator itself is given of ``[batch, 1, bin, frame]`` on the source's scale.

        Args:
            normalised: crops.
            ratio: by how much voices are moved; None: to the target's pitch.
        """
        if self.moved is None and self.phones is None:
            return normalised
        with torch.autocast(normalised.device.type, enabled=False):
            plain = self.source.plain(normalised.float())
            if self.front is not None and ratio is None:
                ratio = self.front.ratio(plain)
            if self.drums is not None:
                plain = self.drums(plain)
            if self.front is not None and ratio is not None:
                plain = self.front(plain, ratio)
            if self.phones is not None:
                plain = self.phones(plain)
            return self.entered.normalise(plain)

    @property
    def entered(self) -> Scale:
        """The scale of what the generator itself is given."""
        return self.moved or self.source

    def translate(self, normalised: Tensor, ratio: Tensor | None = None) -> Tensor:
        """``[batch, 1, bin, frame]`` on the source's scale to the same on the target's; see :meth:`enter`."""
        return self.generate(self.enter(normalised, ratio))

    def generate(self, entered: Tensor) -> Tensor:
        """From what :meth:`enter` gives to the target's scale."""
        converted: Tensor = self.core(entered)
        lowest = (self.floor - self.target.mean) / self.target.deviation
        converted = converted.float().clamp(min=lowest)
        if not self.gated:
            return converted
        given = self.entered.plain(entered)
        loudest = given.amax(dim=2, keepdim=True) - self.floor
        opened = (loudest / self.gate).clamp(0.0, 1.0)
        kept = self.target.normalise(given)
        return kept + opened * (converted - kept)

    def without_front(self) -> Translator:
        """The same for what is damped and moved already: what a model file holds; conversion does that."""
        if self.moved is None:
            return self
        rest = copy.copy(self)
        gone = dict.fromkeys(("voice", "drums", "front", "moved"))
        rest._modules = {**self._modules, **gone, "source": self.moved}
        return rest

    def forward(self, log_magnitude: Tensor) -> Tensor:
        """Map plain log magnitudes ``[batch, 1, bin, frame]`` float32 at the reference level to the same."""
        return self.before_and_after(log_magnitude)[1]

    def before_and_after(self, log_magnitude: Tensor) -> tuple[Tensor, Tensor]:
        """What a conversion is to be held against, and the conversion, as :meth:`forward` has them.

        The former is the source, and where drums are damped or voices moved, what the generator is given.
        """
        entered = self.enter(self.source.normalise(log_magnitude))
        before = log_magnitude if self.moved is None else self.entered.plain(entered)
        return before, self.target.plain(self.generate(entered))


def make_scales(recipe: Recipe, x: Statistics, y: Statistics) -> tuple[Scale, Scale]:
    """The scales of both domains, as the recipe's ``data.normalisation`` says."""
    if recipe.data.normalisation == "domain":
        deviation = max(1e-6, (x.deviation + y.deviation) / 2)
        return Scale(x.mean, deviation), Scale(y.mean, deviation)
    mean = ((x.mean.mean() + y.mean.mean()) / 2).reshape(1)
    shared = Scale(mean, max(1e-6, (x.overall + y.overall) / 2))
    return shared, shared


def make_translator(
    recipe: Recipe, core: nn.Module, source: Scale, target: Scale, mine: Statistics, other: Statistics
) -> Translator:
    """A generator from the domain of ``mine`` to that of ``other``, with what is done in front of it."""
    floor = silence(recipe.spectrogram)
    gate = max(1e-3, (mine.loudest - floor) / 4)
    front = drums = moved = phones = None
    if recipe.pitch.shift:
        front = PitchFront(shifter_of(recipe), other.voice_hz)
    if recipe.percussion.damp_db:
        drums = PercussionFront(PercussionSplitter(recipe.spectrogram), mine.damp_db)
    assert (mine.ways is not None) == bool(recipe.phones.by)
    if mine.ways is not None:
        phones = PhoneMove(shifter_of(recipe), mine.ways, recipe.phones.by, recipe.phones.temperature)
    assert (mine.spoken is not None) == recipe.phones.equalised
    voice = None if mine.spoken is None else SourceVoice(*mine.spoken)
    if front is not None or drums is not None:
        moved = source
        if recipe.data.normalisation == "domain" and mine.moved is not None:
            moved = Scale(mine.moved, float(source.deviation))
    return Translator(
        core, source, target, floor, recipe.data.silence_gate, gate, front, moved, drums, phones, voice
    )
