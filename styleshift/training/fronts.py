"""What must be known of two domains before drums are damped and voices moved in front of their generators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from styleshift.corpus import CropSampler
from styleshift.errors import ConfigError
from styleshift.frontend.percussion import PercussionSplitter
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training.data import Statistics, peek
from styleshift.training.percussion import PercussionFront
from styleshift.training.phones import PhoneMove, phone_ways, spoken_means
from styleshift.training.pitch import PitchFront, shifter_of

Pair = tuple[Statistics, Statistics]

_SPOKEN = 512  # crops of each domain that tell how its sounds are spoken


def with_fronts(
    statistics: Pair,
    crops: tuple[CropSampler, CropSampler],
    recipe: Recipe,
    domains: tuple[str, str],
    reporter: Reporter,
    count: int = 96,
) -> Pair:
    """Statistics that know the voices' pitch and sounds, whether drums go, and the mean spectrum behind all.

    Args:
        statistics: of both domains.
        crops: of both domains; put back where they were.
        recipe: says what is done in front of the generators; where it is nothing they stay as they are.
        domains: their names.
        reporter: hears what was found.
        count: crops that are listened to; for how each sound is spoken there are more.

    Raises:
        ConfigError: a domain in which no voice is heard.
    """
    if not recipe.pitch.shift and not recipe.percussion.damp_db:
        return statistics
    heard = [list(peek(source, count, 8)) for source in crops]
    x, y = statistics
    if recipe.percussion.damp_db:
        levels = [percussive_level(batches, recipe) for batches in heard]
        x, y = _damped(x, levels, recipe), _damped(y, levels[::-1], recipe)
        shares = " and ".join(
            f"{level:.0f} dB in {name}" for name, level in zip(domains, levels, strict=True)
        )
        there = [name for name, one in zip(domains[::-1], (x, y), strict=True) if one.damp_db]
        reporter.info(
            f"percussion at {shares}: damped on the way to {' and '.join(there) or 'neither style'}"
        )
    if recipe.pitch.shift:
        x, y = replace(x, voice_hz=_voice(heard[0], recipe)), replace(y, voice_hz=_voice(heard[1], recipe))
        reporter.info(f"voices at {x.voice_hz:.0f} Hz in {domains[0]}, {y.voice_hz:.0f} Hz in {domains[1]}")
    if recipe.phones.by:
        reporter.info("listening to how each sound is spoken")
        x, y = _with_ways(x, crops[0], y, crops[1], recipe), _with_ways(y, crops[1], x, crops[0], recipe)
    if recipe.phones.equalised:
        x, y = (
            replace(one, spoken=spoken_means(peek(source, _SPOKEN, 8), shifter_of(recipe)))
            for one, source in ((x, crops[0]), (y, crops[1]))
        )
    return _moved(x, heard[0], y, recipe), _moved(y, heard[1], x, recipe)


def percussive_level(batches: list[Tensor], recipe: Recipe) -> float:
    """Power of the percussive part of ``[batch, 1, bin, frame]`` crops over that of all, dB."""
    splitter = PercussionSplitter(recipe.spectrogram)
    return splitter.level_db(torch.cat(batches).transpose(2, 3))


def _damped(statistics: Statistics, levels: list[float], recipe: Recipe) -> Statistics:
    """With what happens to drums on the way to the other domain; ``levels`` are this one's and that one's."""
    here, there = levels
    settings = recipe.percussion
    goes = not settings.margin_db or there <= here - settings.margin_db
    return replace(statistics, damp_db=settings.damp_db if goes else 0.0)


def _with_ways(
    statistics: Statistics, crops: CropSampler, other: Statistics, target: CropSampler, recipe: Recipe
) -> Statistics:
    """With how far the envelope of each sound of speech is moved."""
    theirs = _behind(peek(crops, _SPOKEN, 8), statistics, other, recipe)
    return replace(statistics, ways=phone_ways(theirs, peek(target, _SPOKEN, 8), shifter_of(recipe)))


def _moved(statistics: Statistics, batches: list[Tensor], other: Statistics, recipe: Recipe) -> Statistics:
    """With the mean spectrum of the crops behind the fronts, and moved as their sounds are."""
    made = _behind(batches, statistics, other, recipe)
    if statistics.ways is not None:
        move = PhoneMove(shifter_of(recipe), statistics.ways, recipe.phones.by, recipe.phones.temperature)
        made = map(move, made)
    mean = torch.stack([one.mean(dim=(0, 1, 3)) for one in made]).mean(dim=0)
    return replace(statistics, moved=mean)


def _behind(
    batches: Iterable[Tensor], statistics: Statistics, other: Statistics, recipe: Recipe
) -> Iterator[Tensor]:
    """Crops of a domain with drums damped and voices moved to the other domain's pitch."""
    drums = PercussionFront(PercussionSplitter(recipe.spectrogram), statistics.damp_db)
    front = PitchFront(shifter_of(recipe), other.voice_hz) if recipe.pitch.shift else None
    for batch in batches:
        made = drums(batch)
        yield made if front is None else front(made, front.ratio(batch))


def _voice(batches: list[Tensor], recipe: Recipe) -> float:
    """The median over crops of their voices' fundamentals, Hz."""
    listener = PitchFront(shifter_of(recipe), 1.0)
    ratios = torch.cat([listener.ratio(batch) for batch in batches])
    heard = 1 / ratios[ratios != 1]
    if not len(heard):
        raise ConfigError(
            "no voice is heard in the recordings", "leave pitch.shift off for recordings of no single voice"
        )
    return float(heard.median())
