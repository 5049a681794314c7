"""A recording in another style, block by block: everything between decoder and encoder.

The source goes to the model's sample rate and the reference level, becomes spectra, goes through generator
and vocoder, and back to its own level and rate. There the band above the model's is added from the source
itself, and the loudness matched. Each stage is a generator that pulls from the one before, so memory does not
grow with the recording. A model that changes nothing gives the source back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from styleshift.audio.level import gain_to_reference
from styleshift.audio.resample import resample, resampled_length
from styleshift.bundle.metadata import BundleMetadata
from styleshift.conversion.ahead import ahead
from styleshift.conversion.follow import follow_loudness, limit
from styleshift.conversion.queues import ArrayQueue, Curve
from styleshift.conversion.restyle import TOP_SECONDS, Restyled, restyle
from styleshift.conversion.stretches import vocode
from styleshift.conversion.survey import Survey
from styleshift.conversion.windows import WindowPlan
from styleshift.errors import AudioError
from styleshift.frontend import StreamingSpectrogram
from styleshift.hooks.records import Vocoder

Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]

# A quarter of each window is shared with the next: a third more work, and 0.3 s to fade in windows of 1.3 s.
OVERLAP = 0.25
# The vocoder gives some ten seconds at once; while they are encoded it makes the next. 8 MB in stereo.
_BLOCKS_AHEAD = 16


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A model and a vocoder, ready for any recording.

    Attributes:
        metadata: of the model.
        run: the model, ``[batch, 1, bins, window]`` float32 to the same.
        batch: windows at once.
        vocoder: see :class:`styleshift.hooks.records.Vocoder`.
        context_frames: what the vocoder wants on both sides.
        overlap: let the stages run at the same time, in threads; for where processors are idle otherwise.
    """

    metadata: BundleMetadata
    run: Callable[[Float32Array], Float32Array]
    batch: int
    vocoder: Vocoder
    context_frames: int
    overlap: bool = False

    def convert(
        self, blocks: Iterable[Float32Array], survey: Survey, *, ceiling: float = 1.0
    ) -> Generator[Float32Array, None, None]:
        """Convert a recording.

        Args:
            blocks: ``[n, channels]`` float32, ``survey.frames`` frames in all, cut anywhere.
            survey: what a first pass over the same blocks found.
            ceiling: largest absolute sample to give.

        Yields:
            Blocks ``[n, channels]`` float32, ``survey.frames`` frames in all, at the same sample rate.

        Raises:
            AudioError: there are more or fewer frames than the first pass found.
            BundleError, PluginError: the model or the vocoder gives what it must not.
        """
        rate = self.metadata.spectrogram.sample_rate
        counted = _counted(blocks, survey)
        if survey.level_db is None or not resampled_length(survey.frames, survey.sample_rate, rate):
            # Silence, or less than one sample of the model's: there is no style to change.
            yield from counted
            return
        # The stages between the two threads let go of one another when Python drops them, which a traceback
        # may delay; so the thread that began last is ended here, once the other has.
        with ExitStack() as threads:
            changed = self._changed(counted, survey, threads)
            loud = follow_loudness(changed, survey.powers, survey.sample_rate, survey.channels)
            done = limit(loud, survey.sample_rate, ceiling)
            yield from ahead(done, _BLOCKS_AHEAD) if self.overlap else done

    def _changed(
        self, blocks: Iterable[Float32Array], survey: Survey, threads: ExitStack
    ) -> Iterator[Float32Array]:
        """The conversion at the source's sample rate, before loudness is matched."""
        rate = self.metadata.spectrogram.sample_rate
        spectrogram = self.metadata.spectrogram
        middle = 0 if spectrogram.center else spectrogram.frame_length / 2
        lead = _lead(self.metadata)
        # One curve for each of the two sample rates, since each forgets what it was asked last.
        low_top = Curve(spectrogram.hop_length / rate, (middle - lead) / rate)
        high_top = Curve(spectrogram.hop_length / rate, (middle - lead) / rate)

        originals, low = ArrayQueue(axis=0), ArrayQueue(axis=0)
        slow = resample(_tap(blocks, originals), survey.sample_rate, rate)
        sound = self._model_band(_tap(slow, low), survey, _Both(low_top, high_top), threads)
        position = 0
        for change in resample(self._differences(sound, low, low_top, rate), rate, survey.sample_rate):
            change = change[: survey.frames - position]
            yield self._with_top(change, originals, high_top, position, survey.sample_rate)
            position += len(change)
        while position < survey.frames:  # rounding of lengths leaves a sample or two
            silence = np.zeros((min(len(originals), survey.frames - position), survey.channels), np.float32)
            yield self._with_top(silence, originals, high_top, position, survey.sample_rate)
            position += len(silence)

    def _model_band(
        self, blocks: Iterable[Float32Array], survey: Survey, top: _Both, threads: ExitStack
    ) -> Iterator[Float32Array]:
        """The band below the model's Nyquist frequency, converted: ``[n, channels]`` at the model's rate."""
        spectrogram = self.metadata.spectrogram
        gain = gain_to_reference(survey.level_db)
        lead = _lead(self.metadata)
        length = resampled_length(survey.frames, survey.sample_rate, spectrogram.sample_rate)
        padded = lead + length + lead
        frames = spectrogram.frames(padded)
        window = self.metadata.window_frames
        pieces: Iterable[Restyled] = restyle(
            _spectra(blocks, self.metadata, survey.channels, gain),
            spectrogram=spectrogram,
            plan=WindowPlan(frames, window, int(window * OVERLAP)),
            run=self.run,
            batch=self.batch,
            top_gain=top,
        )
        if self.overlap:
            pieces = threads.enter_context(closing(ahead(pieces)))
        sound = vocode(
            pieces,
            vocoder=self.vocoder,
            spectrogram=spectrogram,
            context=max(self.context_frames, math.ceil(TOP_SECONDS * spectrogram.frame_rate) + 2),
            frames=frames,
            samples=padded,
        )
        start, end = lead, lead + length
        for piece in sound:
            size = piece.shape[1]
            kept = piece[:, max(0, start) : max(0, end)]
            start, end = start - size, end - size
            if kept.shape[1]:
                yield kept.T / np.float32(gain)

    @staticmethod
    def _differences(
        sound: Iterable[Float32Array], low: ArrayQueue, top: Curve, rate: int
    ) -> Iterator[Float32Array]:
        """The conversion less what of the source will be added at its own rate."""
        position = 0
        for piece in sound:
            gain = top.at(position, len(piece), rate)
            position += len(piece)
            top.forget_before(position / rate)
            yield piece - gain[:, None] * low.take(len(piece))

    @staticmethod
    def _with_top(
        change: Float32Array, originals: ArrayQueue, top: Curve, position: int, rate: int
    ) -> Float32Array:
        source: Float32Array = originals.take(len(change)) if len(change) else change
        gain = top.at(position, len(change), rate)
        top.forget_before((position + len(change)) / rate)
        return change + gain[:, None] * source


class _Both:
    """Two curves that are told the same."""

    def __init__(self, first: Curve, second: Curve) -> None:
        self._curves = first, second

    def push(self, values: npt.NDArray[np.float64]) -> None:
        for curve in self._curves:
            curve.push(values)


def _lead(metadata: BundleMetadata) -> int:
    """Samples of silence before and after, so that whole windows reach every sample; whole hops."""
    spectrogram = metadata.spectrogram
    if spectrogram.center:
        return 0
    return -(-spectrogram.frame_length // spectrogram.hop_length) * spectrogram.hop_length


def _counted(blocks: Iterable[Float32Array], survey: Survey) -> Iterator[Float32Array]:
    frames = 0
    for block in blocks:
        frames += len(block)
        if frames > survey.frames:
            break
        yield block
    if frames != survey.frames:
        raise AudioError(
            f"the recording changed while it was read: {survey.frames} samples at first, then "
            f"{'more' if frames > survey.frames else frames}",
            "run again",
        )


def _tap(blocks: Iterable[Float32Array], queue: ArrayQueue) -> Iterator[Float32Array]:
    for block in blocks:
        queue.push(block)
        yield block


def _spectra(
    blocks: Iterable[Float32Array], metadata: BundleMetadata, channels: int, gain: float
) -> Iterator[ComplexArray]:
    stream = StreamingSpectrogram(metadata.spectrogram, channels, output="complex")
    silence = np.zeros((channels, _lead(metadata)), np.float32)
    if silence.shape[1]:
        yield stream.push(silence)
    for block in blocks:
        yield stream.push(np.ascontiguousarray(block.T * np.float32(gain)))
    if silence.shape[1]:
        yield stream.push(silence)
    yield stream.finish()
