"""Frames of the target's own recordings, found for what a voice says: retrieval-based voice conversion.

A generator that learns to draw another person's voice from a few minutes of it draws an average. The person's
own frames are not an average: breath, and how strong each harmonic is, are all there. So each frame of a
source, its pitch moved already, is mixed with frames of the target: those nearest in what is said, over a
tenth of a second to either side, and in pitch. Their harmonics are moved the rest of the way to the source's
melody, and the level stays the source's. The generator behind mends joints and wrong finds.

As with the k nearest neighbours of Baas et al. 2023 ("Voice conversion with just nearest neighbors"), but
with cepstra of the envelope in place of a large model's features and magnitudes in place of what a
vocoder is given. It is part of the exported graph.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.errors import ConfigError
from styleshift.evaluation.features import mel_filters
from styleshift.frontend.compression import compressed
from styleshift.frontend.pitch import LOUD, NOTHING, PitchShifter, voicing_range
from styleshift.training.pitch import PitchFront

# What is said, of one frame: cepstra of the envelope in mel bands, the level's share made less.
_BANDS, _CEPSTRA, _LEVEL = 60, 14, 0.6
# Frames to either side that have a say, and the deviation of the bell that weighs them.
_CONTEXT, _BELL = 6, 3.0
_DIMENSIONS = 48  # that are kept of the features over all these frames
# Weights of a whole octave of pitch, and of voiced against unvoiced, beside the cepstra.
_PITCH, _VOICED = 17.0, 2.0
_RANGE = 60.0 * math.log(10) / 20  # below the target's loudest bin, in nepers: what is softer says nothing
_QUIET_SHARE = 0.1  # of the frames kept: softer ones than any speech
_QUIET = 45.0 * math.log(10) / 20  # below the loudest bin is no speech
_NEIGHBOURS = 64  # frames to either side of a crop's own that it must not find in training
_FAR = 1e9
_NEAREST = 4  # envelopes whose mean is taken; the finer part is that of the nearest
_MIDDLE_HZ = 200.0


class FrameTable(nn.Module):
    """Frames of one domain, and how they are found from the other; blank until they are filled in.

    Attributes:
        magnitudes: ``[count, bins]`` uint8: natural logs of magnitudes, from ``lowest`` to ``highest``.
        keys: ``[count, dimensions]``, what they are found by.
        offsets: ``[count]``, squared length of the keys; huge where the domain has fewer frames.
        pitches: ``[count]``, natural logs of fundamentals in Hz.
        voiced: ``[count]``, 0 to 1.
        basis: ``[dimensions, cepstra, context]``, from cepstra of neighbouring frames to part of the key.
        mean: ``[bands]`` of what is looked up: subtracted before.
        own_mean: ``[bands]`` of the frames themselves.
        colour: ``[bins]``: by how much the mean envelope of the domain lies above that of what is looked up.
        lowest: log magnitude of code 0.
        highest: of code 255.

    Args:
        count: of frames.
        bins: of each.
    """

    magnitudes: Tensor
    keys: Tensor
    offsets: Tensor
    pitches: Tensor
    voiced: Tensor
    basis: Tensor
    mean: Tensor
    own_mean: Tensor
    colour: Tensor
    lowest: Tensor
    highest: Tensor

    def __init__(self, count: int, bins: int) -> None:
        super().__init__()
        self.register_buffer("magnitudes", torch.zeros(count, bins, dtype=torch.uint8))
        shapes = {
            "keys": (count, _DIMENSIONS),
            "offsets": (count,),
            "pitches": (count,),
            "voiced": (count,),
            "basis": (_DIMENSIONS - 2, _CEPSTRA, 2 * _CONTEXT + 1),
            "mean": (_BANDS,),
            "own_mean": (_BANDS,),
            "colour": (bins,),
            "lowest": (),
            "highest": (),
        }
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape))


class Retrieval(nn.Module):
    """Mixes the frames of voices with the nearest ones of the target.

    Args:
        shifter: of the spectrograms of the run.
        table: the target's frames.
        share: of the target's frames in what comes out, 0 to 1; the rest is the source's.
    """

    filters: Tensor
    cosines: Tensor

    def __init__(self, shifter: PitchShifter, table: FrameTable, share: float) -> None:
        super().__init__()
        self.share = share
        self.listener = PitchFront(shifter, 1.0)
        self.table = copy.deepcopy(table)
        self.register_buffer("filters", _filters(shifter), False)
        self.register_buffer("cosines", _cosines(), False)

    @torch.no_grad()
    def forward(self, plain: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Mix frames with the target's, at the source's levels and with its melody.

        Args:
            plain: ``[batch, 1, bin, frame]`` float32 compressed log magnitudes, pitch moved.
            hidden: crops of the target itself, of the same shape: these and the frames around them are not
                found, so that a voice may learn from itself.
        """
        table, log = self.table, self.listener.log(plain)
        smooth = self.listener.envelope @ log
        pitch, voiced = _heard(self.listener, log)
        at = self.find(plain, table.mean, hidden)
        frames = [self._frame(at[:, :, place]) for place in range(_NEAREST)]
        shapes = [self.listener.envelope @ frame for frame in frames]
        both = (voiced > 0.5) & (table.voiced[at[:, :, 0]] > 0.5)
        ratio = torch.where(both, pitch - table.pitches[at[:, :, 0]], torch.zeros_like(pitch)).exp()
        fine = _mixed(log - smooth, _stretched(frames[0] - shapes[0], ratio), self.share)
        coloured, shape = smooth + table.colour[:, None], torch.stack(shapes).mean(dim=0)
        mixed = _mixed(coloured - _level(coloured), shape - _level(shape), self.share) + fine
        return compressed((mixed - _level(mixed) + _level(log)).exp(), self.listener.shifter.config)

    @torch.no_grad()
    def find(self, plain: Tensor, mean: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Places of the nearest frames ``[batch, frame, nearest]``, the nearest first; see :meth:`forward`.

        Args:
            plain: see there.
            mean: ``[bands]`` of the recordings that these are of.
            hidden: see there.
        """
        log = self.listener.log(plain)
        bands = _bands(self.listener.envelope @ log, self.filters, self.table.highest)
        wide = functional.pad(self.cosines @ (bands - mean[:, None]), (_CONTEXT, _CONTEXT), mode="replicate")
        said = functional.conv1d(wide, self.table.basis).transpose(1, 2)
        query = torch.cat([said, _manner(*_heard(self.listener, log))], dim=2)
        # Squared distances, less what is the same for all of a frame's.
        distances = self.table.offsets - 2 * (query @ self.table.keys.T)
        if hidden is not None:
            distances = distances + _FAR * self._around(hidden)
        return distances.topk(_NEAREST, dim=2, largest=False).indices

    def _around(self, hidden: Tensor) -> Tensor:
        """``[batch, 1, count]``: 1 where a frame of the target is one of these, or near to one in time.

        Their own frames are found one after the other, which frames of other moments are not.
        """
        at = self.find(hidden, self.table.own_mean)[:, :, 0]
        follows = functional.pad(at.diff(dim=1) == 1, (1, 1))
        own = (follows[:, 1:] & follows[:, :-1]).float()
        there = torch.zeros(len(at), len(self.table.keys), device=at.device).scatter_reduce_(
            1, at, own, "amax"
        )
        return functional.max_pool1d(there[:, None], 2 * _NEIGHBOURS + 1, stride=1, padding=_NEIGHBOURS)

    def excerpt(self, frames: int, start: int) -> Tensor:
        """``[bin, frame]`` compressed: frames that are kept, from place ``start`` on, and round again."""
        there = int((self.table.offsets < _FAR).sum())  # the places behind are empty
        at = (start + torch.arange(frames)) % max(1, there)
        found: Tensor = compressed(self._frame(at[None])[0, 0].exp(), self.listener.shifter.config)
        return found

    def _frame(self, at: Tensor) -> Tensor:
        """Log magnitudes ``[batch, 1, bin, frame]`` of the frames ``[batch, frame]``."""
        step = (self.table.highest - self.table.lowest) / 255
        return (self.table.magnitudes[at].float() * step + self.table.lowest).transpose(1, 2)[:, None]


def frame_table(
    target: Iterator[Tensor], source: list[Tensor], count: int, shifter: PitchShifter
) -> FrameTable:
    """Choose the frames of a domain that are kept, and how they are found from another.

    Args:
        target: stretches ``[1, 1, bin, frame]`` of the domain, taken until there are enough.
        source: crops ``[batch, 1, bin, frame]`` of the other domain, their pitch moved.
        count: frames to keep.
        shifter: of these spectrograms.

    Raises:
        ConfigError: they are so few that a crop which learns from itself would leave none to be found.
    """
    listener, filters = PitchFront(shifter, 1.0), _filters(shifter)
    logs, said, have = list[Tensor](), list[Tensor](), 0
    for stretch in target:
        log = listener.log(stretch)
        logs.append(log)
        said.append(_spoken(log))
        have += int(said[-1].sum())
        if have >= count:
            break
    hidden = source[0].shape[3] + 2 * _NEIGHBOURS
    if (most := min(have, count)) < hidden + _NEAREST:
        raise ConfigError(
            f"retrieval.frames keeps {most} frames of a voice, and a crop hides {hidden} from itself",
            "set a larger `retrieval.frames`, add recordings of the voice, or set `retrieval.frames=0`",
        )
    highest = torch.stack([log.amax() for log in logs]).amax()
    heard = [_bands(listener.envelope @ log, filters, highest) for log in logs]
    own_mean = _mean(heard, logs)
    others = [listener.log(crops) for crops in source]
    mean = _mean([_bands(listener.envelope @ log, filters, highest) for log in others], others)
    wide = [_context(_cosines() @ (bands - own_mean[:, None])) for bands in heard]
    kept = [spoken.nonzero()[:, 0] for spoken in said]
    features = torch.cat([one[0].T[at] for one, at in zip(wide, kept, strict=True)])[:count]
    basis = _principal(features)
    pitches, voiced = (
        torch.cat([one[0][at] for one, at in zip(parts, kept, strict=True)])[:count]
        for parts in zip(*(_heard(listener, log) for log in logs), strict=True)
    )
    keys = torch.cat([features @ basis.T, _manner(pitches, voiced)], dim=1)
    lowest = torch.tensor(float(shifter.floor))
    frames = torch.cat([log[0, 0].T[at] for log, at in zip(logs, kept, strict=True)])[:count]
    found, there = FrameTable(count, shifter.config.bins), len(frames)
    found.magnitudes[:there] = ((frames - lowest) * (255 / (highest - lowest))).round().clamp(0, 255).byte()
    found.keys[:there] = keys
    found.offsets[:] = _FAR
    found.offsets[:there] = keys.square().sum(dim=1)
    found.pitches[:there], found.voiced[:there] = pitches, voiced
    found.basis[:] = basis.reshape(-1, _CEPSTRA, 2 * _CONTEXT + 1) * _bell()
    found.mean[:], found.own_mean[:] = mean, own_mean
    found.colour[:] = listener.envelope @ (
        _mean([log[:, 0] for log in logs], logs) - _mean([log[:, 0] for log in others], others)
    )
    found.lowest.fill_(float(lowest))
    found.highest.fill_(float(highest))
    return found


def _filters(shifter: PitchShifter) -> Tensor:
    config = shifter.config
    return torch.from_numpy(mel_filters(config.sample_rate, config.fft_length, _BANDS).copy())


def _cosines() -> Tensor:
    """The first rows of the orthonormal discrete cosine transform, ``[cepstra, bands]``."""
    order, band = torch.arange(_CEPSTRA)[:, None], torch.arange(_BANDS)[None]
    rows = (math.pi * order * (band + 0.5) / _BANDS).cos() * math.sqrt(2 / _BANDS)
    rows[0] *= _LEVEL / math.sqrt(2)
    return rows


def _bands(smooth: Tensor, filters: Tensor, highest: Tensor) -> Tensor:
    """Log powers in mel bands, ``[batch, band, frame]``, of an envelope ``[batch, 1, bin, frame]``."""
    power = filters @ (2 * smooth[:, 0]).exp()
    bands: Tensor = power.clamp(min=NOTHING).log().maximum(2 * (highest - _RANGE))
    return bands


def _context(cepstra: Tensor) -> Tensor:
    """Each frame beside its neighbours, weighed: ``[batch, cepstra * context, frame]``."""
    wide = functional.pad(cepstra, (_CONTEXT, _CONTEXT), mode="replicate")
    near = wide.unfold(2, 2 * _CONTEXT + 1, 1) * _bell()
    return near.permute(0, 1, 3, 2).flatten(1, 2)


def _bell() -> Tensor:
    return (-0.5 * (torch.arange(-_CONTEXT, _CONTEXT + 1) / _BELL).square()).exp()


def _principal(features: Tensor) -> Tensor:
    """Directions ``[dimensions, feature]`` in which they differ most (Pearson 1901)."""
    centred = (features - features.mean(dim=0)).double()
    _, directions = torch.linalg.eigh(centred.T @ centred)
    kept: Tensor = directions[:, -(_DIMENSIONS - 2) :].T.flip(0).float()
    return kept


def _spoken(log: Tensor) -> Tensor:
    """Which frames are kept, ``[frame]``: all of speech, and some of what is between."""
    loudest = log.amax(dim=(0, 1, 2))
    spoken = loudest > loudest.max() - _QUIET
    return spoken | ((~spoken).cumsum(0) <= _QUIET_SHARE * len(spoken))


def _mean(bands: list[Tensor], logs: list[Tensor]) -> Tensor:
    """``[bands]``: over loud frames."""
    loud = []
    for one, log in zip(bands, logs, strict=True):
        loudest = log.amax(dim=(1, 2))
        at = loudest > loudest.amax(dim=1, keepdim=True) - LOUD
        loud.append(one.transpose(1, 2)[at])
    return torch.cat(loud).mean(dim=0)


def _heard(listener: PitchFront, log: Tensor) -> tuple[Tensor, Tensor]:
    """Natural log of the fundamental in Hz and how sure it is, 0 to 1, ``[batch, frame]`` each."""
    found, strength = listener.track(log)
    unvoiced, voiced = voicing_range()
    return listener.candidates[found].log(), ((strength - unvoiced) / (voiced - unvoiced)).clamp(0, 1)


def _manner(pitch: Tensor, voiced: Tensor) -> Tensor:
    """The part of a key that is not what is said, ``[..., 2]``."""
    octaves = (pitch - math.log(_MIDDLE_HZ)) / math.log(2)
    return torch.stack([_PITCH * voiced * octaves, _VOICED * voiced], dim=-1)


def _mixed(own: Tensor, theirs: Tensor, share: float) -> Tensor:
    return own + share * (theirs - own)


def _level(log: Tensor) -> Tensor:
    """Half the log of the mean power, ``[batch, 1, 1, frame]``."""
    return 0.5 * (2 * log).exp().mean(dim=2, keepdim=True).log()


def _stretched(fine: Tensor, ratio: Tensor) -> Tensor:
    """``[batch, 1, bin, frame]`` stretched along its bins by ``[batch, frame]``; the top repeats."""
    last = fine.shape[2] - 1
    bins = torch.arange(last + 1, device=fine.device, dtype=fine.dtype)[:, None]
    places = (bins / ratio[:, None]).clamp(max=last)
    below = places.long().clamp(max=last - 1)
    part, values = places - below, fine[:, 0]
    return (values.gather(1, below) * (1 - part) + values.gather(1, below + 1) * part)[:, None]
