"""Envelopes moved by the sound that is spoken, in front of a generator.

What tells one person's vowel from another's is not one equaliser for all sounds, and not a frame of hers in
place of his: the first leaves him to be heard, the second loses the words. So each frame keeps what it is
and is moved: by how far, in the target's recordings, the mean envelope of that sound lies from the mean in
the source's. A network (:mod:`styleshift.voice.phones`) says which sounds a frame may be, and how likely;
the moves are weighed so.

A mixture of linear moves with soft classes, as the conversion of Stylianou, Cappe and Moulines 1998
("Continuous probabilistic transform for voice conversion"), with shifts alone and without pairs: means over
each domain take their place, as in vector field smoothing and in speaker adaptation by mean offsets. It is
part of the exported graph.

The move has no twin in NumPy. How a voice sounds is measured twice: here of a domain (:func:`spoken_means`),
in NumPy of a recording (:mod:`styleshift.voice.equaliser`). ``tests/training/test_phones.py`` holds what is
measured here to the pitch and the phones that :mod:`styleshift.voice` hears.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from styleshift.frontend.compression import compressed
from styleshift.networks.phones import trained_phones
from styleshift.training.pitch import PitchFront
from styleshift.voice.equaliser import VoiceMeans, cepstra, phones_of
from styleshift.voice.loud_frames import LOUD
from styleshift.voice.phones import STATES
from styleshift.voice.pitch import PitchShifter, cepstral_order

# A sound heard in so many frames is moved halfway between its own way and that of all sounds.
_FEW = 30.0


class PhoneMove(nn.Module):
    """Moves the envelopes of voices towards another's, each sound its own way.

    Attributes:
        ways: ``[bins, states]``: by how much the target's mean envelope of each state lies above the
            source's, natural log of magnitudes.

    Args:
        shifter: of the spectrograms of the run.
        ways: see above.
        by: how much of its way each sound goes.
        temperature: probabilities are raised to one over this: below 1 one sound stands out.
    """

    ways: Tensor

    def __init__(self, shifter: PitchShifter, ways: Tensor, by: float, temperature: float) -> None:
        super().__init__()
        self.by, self.temperature = by, temperature
        self.listener = PitchFront(shifter, 1.0)
        self.network = trained_phones(shifter.config)
        self.register_buffer("ways", ways.clone())

    def forward(self, plain: Tensor) -> Tensor:
        """Move frames ``[batch, 1, bin, frame]`` of float32 compressed log magnitudes; their levels stay."""
        log = self.listener.log(plain)
        likely = (self.network(self.listener.envelope @ log) / self.temperature).softmax(dim=1)
        moved = log + self.by * (self.ways @ likely).unflatten(1, (1, -1))
        levelled = moved - _level(moved) + _level(log)
        found: Tensor = compressed(levelled.exp(), self.listener.shifter.config)
        return found


def phone_ways(source: Iterable[Tensor], target: Iterable[Tensor], shifter: PitchShifter) -> Tensor:
    """By how much each state's mean envelope in the target lies above that in the source: ``[bins, states]``.

    Each frame counts as often as it is likely to be of a state, whatever the recipe's temperature.

    Args:
        source: crops ``[batch, 1, bin, frame]`` of the source, their pitch moved.
        target: of the target.
        shifter: of these spectrograms.
    """
    listener, network = PitchFront(shifter, 1.0), trained_phones(shifter.config)
    (source_mean, source_counts), (target_mean, target_counts) = (
        _means(crops, listener, network) for crops in (source, target)
    )
    every = source_counts * target_counts
    ways = target_mean - source_mean
    common = (ways * every).sum(dim=1, keepdim=True) / every.sum()
    counts = torch.minimum(source_counts, target_counts)
    return (common + (ways - common) * counts / (counts + _FEW)).float()


def spoken_means(crops: Iterable[Tensor], shifter: PitchShifter) -> tuple[Tensor, Tensor]:
    """How voices sound phone by phone: ``[phones, cepstra]``, and in how many frames, ``[phones]``.

    Args:
        crops: ``[batch, 1, bin, frame]`` of voices as they are.
        shifter: of these spectrograms.
    """
    mean, counts = _means(crops, PitchFront(shifter, 1.0), trained_phones(shifter.config), loud=True)
    total, (frames,) = (phones_of(each.numpy()) for each in (mean * counts, counts[None]))
    low = cepstra(total.T / np.maximum(frames, 1e-9)[:, None], cepstral_order(shifter.config))
    return torch.from_numpy(low).float(), torch.from_numpy(frames).float()


class SourceVoice(nn.Module):
    """How the source's voices sound: what conversion makes each recording's voice like.

    Args:
        spoken: ``[phones, cepstra]``, as :func:`spoken_means` gives them.
        frames: ``[phones]``.
    """

    spoken: Tensor
    frames: Tensor

    def __init__(self, spoken: Tensor, frames: Tensor) -> None:
        super().__init__()
        self.register_buffer("spoken", spoken.clone())
        self.register_buffer("frames", frames.clone())

    def means(self) -> VoiceMeans:
        """The same as a model file says it."""
        rows = tuple(tuple(round(value, 3) for value in row) for row in self.spoken.tolist())
        return VoiceMeans(rows, tuple(round(count, 1) for count in self.frames.tolist()))


@torch.no_grad()
def _means(
    crops: Iterable[Tensor], listener: PitchFront, network: nn.Module, loud: bool = False
) -> tuple[Tensor, Tensor]:
    """Mean envelope of each state, ``[bins, states]`` float64, and in how many frames it was heard.

    With ``loud`` frames far below the loudest of their crop do not count.
    """
    bins = listener.shifter.config.bins
    total, counts = torch.zeros(bins, STATES, dtype=torch.float64), torch.zeros(STATES, dtype=torch.float64)
    for plain in crops:
        log = listener.log(plain)
        smooth = listener.envelope @ log
        likely = network(smooth).softmax(dim=1)
        if loud:
            loudest = log.amax(dim=2)
            likely = likely * (loudest > loudest.amax(dim=2, keepdim=True) - LOUD)
        levelled = (smooth - _level(log))[:, 0]
        total += torch.einsum("nbt,nst->bs", levelled, likely).double()
        counts += likely.sum(dim=(0, 2)).double()
    return total / counts.clamp(min=1e-9), counts


def _level(log: Tensor) -> Tensor:
    """Half the log of the mean power, ``[batch, 1, 1, frame]``."""
    return 0.5 * (2 * log).exp().mean(dim=2, keepdim=True).log()
