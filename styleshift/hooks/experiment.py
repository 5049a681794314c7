"""The records of what an experiment is made of beside its networks, and of what comes out of one.

Losses and augmentations are functions of tensors and of nothing else: a training step may be recorded once
and then be played again, which sees no Python in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from styleshift.hooks.records import NoOptions, Spec

if TYPE_CHECKING:
    from torch import Tensor

    from styleshift.arrays import Float32Array
    from styleshift.frontend import SpectrogramConfig


@dataclass(frozen=True, slots=True)
class LossSpec(Spec):
    """A further term of the generators' objective.

    Attributes:
        name: what a recipe's ``[losses.NAME]`` says.
        summary: one line.
        build: ``build(config, spectrogram, device)`` returns a function ``loss(source, converted)`` of two
            tensors on that device, log magnitudes ``[batch, 1, bin, frame]`` float32 as the spectrogram
            settings compress them. It gives one number, a tensor without axes, through which a gradient
            reaches ``converted``; the recipe's ``weight`` is applied to it. Both directions are asked.
        config: a dataclass of options with defaults; the other keys of ``[losses.NAME]`` beside ``weight``.
    """

    build: Callable[[Any, SpectrogramConfig, Any], Callable[[Tensor, Tensor], Tensor]]
    config: type = NoOptions


@dataclass(frozen=True, slots=True)
class AugmentationSpec(Spec):
    """Another way to vary crops at random while a model learns: how they sound, not what is played.

    Attributes:
        name: what a recipe's ``[augmentations.NAME]`` says.
        summary: one line.
        build: ``build(config, spectrogram, device)`` returns a function ``augment(crops, random)`` of two
            tensors ``[batch, 1, bin, frame]`` float32 on that device: log magnitudes as the spectrogram
            settings compress them, and numbers drawn evenly from 0 to 1, which all choices are made with.
            It gives crops of the same shape, each depending on itself alone.
        config: a dataclass of options with defaults; the keys of ``[augmentations.NAME]``.
    """

    build: Callable[[Any, SpectrogramConfig, Any], Callable[[Tensor, Tensor], Tensor]]
    config: type = NoOptions


class Heard(Protocol):
    """A recording as metrics see it."""

    @property
    def log_mel(self) -> Float32Array:
        """``[frames, 80]`` float32, dB of the power in mel bands up to 11 kHz, 86 frames a second."""

    @property
    def chroma(self) -> Float32Array:
        """``[frames, 12]`` float32, power in each pitch class from C, the strongest at 1, 43 frames a second.

        All 0 in silence.
        """

    @property
    def phones(self) -> Float32Array | None:
        """``[frames, 40]`` float32, how likely each sound of speech is, 62.5 frames a second.

        In the order of ``styleshift.voice.phones.PHONES``; they add up to 1. None where no metric of the
        run is of ``speech``.
        """


@dataclass(frozen=True, slots=True)
class MetricSpec(Spec):
    """A way to hear how much stayed in a conversion of what is played or said.

    Attributes:
        name: what a recipe's ``schedule.content`` lists.
        summary: one line.
        measure: ``measure(converted, source)`` gives a number, 1 where all stayed and 0 where nothing did;
            nan where there is nothing to compare. Checkpoints are chosen by it.
        speech: it listens to the sounds of speech, ``Heard.phones``. A run that names such a metric is one of
            speech: its verdicts ask for words in place of harmony.
    """

    measure: Callable[[Heard, Heard], float]
    speech: bool = False


@dataclass(frozen=True, slots=True)
class RecipeSpec(Spec):
    """A recipe.

    Attributes:
        name: what the option ``recipe`` says.
        summary: one line.
        path: its TOML file.
    """

    path: Path


@dataclass(frozen=True, slots=True)
class ModelsSpec(Spec):
    """Exported models that a package brings.

    Attributes:
        name: of this collection; what ``styleshift models list`` shows as their place.
        summary: one line.
        folder: holds the ``.onnx`` files that ``styleshift export`` wrote.
    """

    folder: Path
