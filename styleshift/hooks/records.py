"""The records that plugins hand over. Frozen; a new field always has a default.

Nothing here imports torch: a spec is cheap to make, ``build`` does the work when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import nn

    from styleshift.arrays import ComplexArray, Float32Array
    from styleshift.frontend import SpectrogramConfig


@dataclass(frozen=True, slots=True)
class Spec:
    """What all records share.

    Attributes:
        name: lower-case, unique within its kind.
        summary: one line, for tables.
    """

    name: str
    summary: str


RecordT = TypeVar("RecordT", bound=Spec)


@dataclass(frozen=True, slots=True)
class NoOptions:
    """The config of a spec that has no options."""


class AudioStream(Protocol):
    """An opened recording, read once from its start to its end.

    Attributes:
        sample_rate: Hz.
        channels: 1 or more.
        frames: sample frames if the source knows, else None; a hint, never trusted for allocation.
    """

    sample_rate: int
    channels: int
    frames: int | None

    def blocks(self, frames: int) -> Iterator[Float32Array]:
        """Blocks ``[at most frames, channels]`` float32, full scale at 1.0, until the end.

        Raises:
            AudioError: the file is damaged from here on.
        """

    def close(self) -> None:
        """Let go of the file."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of a domain: a name, the file that decides its content, and how to open it.

    Attributes:
        name: POSIX path relative to the domain, unique in it; what tables and reports show.
        path: the file whose bytes decide the content; hashed, so that a change is noticed.
        open: opens the recording for one pass; raises AudioError when it cannot be read. It can be
            pickled (a function of a module, or ``functools.partial`` of one): recordings are read in
            worker processes.
        version: whatever else decides the content (a sound font, a rendering setting), as one string.
    """

    name: str
    path: Path
    open: Callable[[], AudioStream]
    version: str = ""


@dataclass(frozen=True, slots=True)
class DomainSpec(Spec):
    """How the recordings of styles are found and read.

    Attributes:
        name: of this way of finding recordings, not of the styles it finds.
        summary: one line for ``styleshift plugins list``.
        find: ``find(config, folder)`` is given the folder that ``styleshift precompute`` was given, and
            returns the recordings of every domain found there: ``{domain name: recordings}``. Several specs
            may add to one domain.
        config: a dataclass of options with defaults, set by ``source_options``.
    """

    find: Callable[[Any, Path], Mapping[str, Iterable[Recording]]]
    config: type = NoOptions


@dataclass(frozen=True, slots=True)
class GeneratorSpec(Spec):
    """A generator architecture.

    Attributes:
        name: what a recipe's ``[generator] name`` says.
        summary: one line.
        config: a dataclass; its fields are the other keys of the recipe's ``[generator]``, with defaults.
        build: ``build(config, spectrogram)`` returns a module that maps normalised log magnitudes
            ``[batch, channel, bin, frame]`` float32 (about zero mean, unit variance; ``bin`` counts
            ``spectrogram.bins``) to the same shape, for any ``frame`` that is a multiple of
            ``time_multiple``, at least one ``time_multiple * 4``. It may have ``features(input)``: a list of
            what some layers of its encoder give, ``[batch, channel, bin, frame]`` of any size each, for the
            contrastive objective.
        time_multiple: see ``build``.
    """

    config: type
    build: Callable[[Any, SpectrogramConfig], nn.Module]
    time_multiple: int = 4


@dataclass(frozen=True, slots=True)
class DiscriminatorSpec(Spec):
    """A discriminator architecture: what tells a domain's music from what a generator makes.

    Attributes:
        name: what a recipe's ``[discriminator] name`` says.
        summary: one line.
        config: a class of settings; its fields are the other keys of the recipe's ``[discriminator]``.
        build: ``build(config, spectrogram, frames)`` returns a module for crops of ``frames`` frames. It maps
            normalised log magnitudes ``[batch, 1, bin, frame]`` float32 to logits ``[batch, patches]``, above
            0 for what it takes for real. ``features(input)`` gives what its layers make of the crops, a list
            of tensors with the batch first, for the feature-matching loss.
    """

    config: type
    build: Callable[[Any, SpectrogramConfig, int], nn.Module]


class Vocoder(Protocol):
    """Turns a log spectrogram back into a waveform."""

    def __call__(
        self, log_magnitude: Float32Array, source: ComplexArray | None, samples: int
    ) -> Float32Array:
        """Invert one stretch of music.

        Args:
            log_magnitude: ``[channels, frames, bins]``, compressed as the spectrogram settings say.
            source: ``[channels, frames, bins]``, complex STFT of the source on the same frames, whose
                phase may be used; None where there is none.
            samples: wanted length.

        Returns:
            ``[channels, samples]`` float32.
        """


@dataclass(frozen=True, slots=True)
class VocoderSpec(Spec):
    """A way from log magnitudes to a waveform.

    Attributes:
        name: what the option ``vocoder`` says.
        summary: one line.
        build: ``build(config, spectrogram, device)`` returns a :class:`Vocoder`; ``device`` is
            ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        config: a dataclass of options with defaults, set by ``vocoder_options``.
        context_frames: frames of music on both sides of a stretch that the vocoder should be given
            beyond those that are kept, at a hop of a quarter of the frame; more are given at a smaller one.
    """

    build: Callable[[Any, SpectrogramConfig, str], Vocoder]
    config: type = NoOptions
    context_frames: int = 32


class RuntimeSession(Protocol):
    """An exported model, loaded and ready."""

    def run(self, log_magnitude: Float32Array) -> Float32Array:
        """Map ``[batch, channel, bin, frame]`` float32 log magnitudes to the same shape."""

    @property
    def description(self) -> str:
        """What really runs: library, provider, precision; for reports."""


@dataclass(frozen=True, slots=True)
class RuntimeSpec(Spec):
    """What runs an exported model.

    Attributes:
        name: what the option ``runtime`` says.
        summary: one line.
        build: ``build(config, model, device, threads)`` loads an ONNX file; raises BundleError when this
            machine cannot.
        priority: ``runtime="auto"`` tries the highest first.
        devices: the devices it can serve.
        config: a dataclass of options with defaults, set by ``runtime_options``.
    """

    build: Callable[[Any, Path, str, int], RuntimeSession]
    priority: int = 0
    devices: tuple[str, ...] = field(default=("cpu",))
    config: type = NoOptions


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A few seconds to look at and to listen to while a model trains.

    Attributes:
        direction: such as ``violin to piano``.
        stage: ``source``, ``converted`` or ``there and back``.
        picture: spectrogram, ``[height, width, 3]`` uint8, red, green and blue, highest frequency first.
        audio: ``[samples]`` float32.
        sample_rate: Hz.
    """

    direction: str
    stage: str
    picture: npt.NDArray[np.uint8]
    audio: Float32Array
    sample_rate: int


class Tracker(Protocol):
    """Shows a training somewhere while it runs. What it raises is a warning; training goes on without it."""

    def figures(self, step: int, figures: Mapping[str, float]) -> None:
        """Losses and scores after a step, by name, such as ``loss/cycle_x`` or ``score/mean``."""

    def excerpts(self, step: int, excerpts: Sequence[Excerpt]) -> None:
        """Both directions, three stages each, whenever the model is judged."""

    def close(self) -> None:
        """The run has ended, or was stopped."""


@dataclass(frozen=True, slots=True)
class TrackerSpec(Spec):
    """Somewhere to show a training while it runs.

    Attributes:
        name: what the option ``tracker`` says.
        summary: one line.
        build: ``build(config, folder, run)`` begins, or goes on with, the run in ``folder``; ``run`` is what
            its ``run.json`` holds: name, domains, recipe, seed, provenance.
        check: ``check(config)`` is called before the minutes that a run is prepared; raises a
            ``StyleshiftError`` where the tracker cannot be used here, such as without a package. By default
            nothing is looked at.
        config: a dataclass of options with defaults, set by ``tracker_options``.
    """

    build: Callable[[Any, Path, Mapping[str, Any]], Tracker]
    check: Callable[[Any], None] = lambda config: None
    config: type = NoOptions
