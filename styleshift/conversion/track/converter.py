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
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.audio.level import gain_to_reference
from styleshift.audio.resample import resample, resampled_length
from styleshift.bundle.metadata import BundleMetadata
from styleshift.conversion.settings import ConvertSettings
from styleshift.conversion.track.dynamics import Reached, limit, match_loudness, metered
from styleshift.conversion.track.first_pass import FirstPass
from styleshift.conversion.track.offset import without_offset
from styleshift.conversion.track.queues import ArrayQueue, Curve
from styleshift.conversion.track.restyle import TOP_SECONDS, RestyledSection, restyle
from styleshift.conversion.track.sections import layout_for, sections
from styleshift.conversion.track.vocode import FADE_FRAMES, vocode_sections
from styleshift.conversion.track.voice import VoiceWanted, pitch_note
from styleshift.errors import AudioError
from styleshift.frontend import SpectrogramConfig
from styleshift.frontend.percussion import PercussionSplitter
from styleshift.hooks.records import Vocoder
from styleshift.system.prefetch import prefetch
from styleshift.voice.equaliser import equalise
from styleshift.voice.pitch import PitchShifter

T = TypeVar("T")

# The vocoder gives a section of some seconds at once; while it is encoded the next is made. 8 MB in stereo.
_BLOCKS_AHEAD = 16


@dataclass(frozen=True, slots=True)
class TrackConverter:
    """A model, a vocoder and settings, ready for any recording.

    Attributes:
        metadata: of the model.
        run: the model, ``[batch, 1, bins, window]`` float32 to the same.
        batch: windows at once.
        vocoder: see :class:`styleshift.hooks.records.Vocoder`.
        context_frames: what the vocoder wants on both sides, at a hop of a quarter of the frame.
        settings: of the conversion.
        overlap: let the stages run at the same time, in threads; for where processors are idle otherwise.
    """

    metadata: BundleMetadata
    run: Callable[[Float32Array], Float32Array]
    batch: int
    vocoder: Vocoder
    context_frames: int
    settings: ConvertSettings = field(default_factory=ConvertSettings)
    overlap: bool = False

    @property
    def strength(self) -> float:
        """How much of the change is kept; see :func:`styleshift.conversion.track.restyle.scale_change`."""
        return self.metadata.strength if self.settings.strength is None else self.settings.strength

    @property
    def wanted(self) -> VoiceWanted | None:
        """What must be known of a voice, to move it in front of the model; None where it wants none moved."""
        pitch = self.metadata.pitch
        if pitch is None:
            return None
        shifter = PitchShifter(self.metadata.spectrogram, pitch.formants, pitch.harmonics)
        return VoiceWanted(shifter, self.metadata.source_voice)

    def untouched(self, measured: FirstPass) -> bool:
        """Whether a recording comes back as it is, because there is nothing to change or no change wanted."""
        rate = self.metadata.spectrogram.sample_rate
        nothing = not resampled_length(measured.frames, measured.sample_rate, rate)
        return measured.level_db is None or nothing or self.strength == 0

    def notes(self, measured: FirstPass) -> list[str]:
        """Plain sentences on what of this recording hardly changes; none where nothing does at all."""
        if self.metadata.pitch is None or self.untouched(measured):
            return []
        return list(filter(None, [pitch_note(measured.voice, self.metadata.pitch.target_hz)]))

    def convert(
        self,
        blocks: Iterable[Float32Array],
        measured: FirstPass,
        *,
        ceiling: float = 1.0,
        reached: Reached | None = None,
    ) -> Generator[Float32Array, None, None]:
        """Convert a recording. Its offset is taken out, unless it comes back as it is.

        Args:
            blocks: ``[n, channels]`` float32, ``measured.frames`` frames in all, cut anywhere.
            measured: what a first pass over the same blocks found.
            ceiling: largest absolute sample to give.
            reached: knows by its end how loud it became.

        Yields:
            Blocks ``[n, channels]`` float32, ``measured.frames`` frames in all, at the same sample rate.

        Raises:
            AudioError: there are more or fewer frames than the first pass found.
            BundleError, PluginError: the model or the vocoder gives what it must not.
        """
        counted = _counted(blocks, measured)
        reached = Reached() if reached is None else reached
        if self.untouched(measured):
            reached.powers.append(measured.powers)
            reached.given.append(measured.powers)
            yield from counted
            return
        # The stages between the two threads let go of one another when Python drops them, which a traceback
        # may delay; so the thread that began last is ended here, once the other has.
        with ExitStack() as threads:
            changed = self._changed(without_offset(counted, measured.offset), measured, threads)
            loud = match_loudness(
                changed, measured.powers, measured.sample_rate, measured.channels, reached.powers
            )
            limited = limit(loud, measured.sample_rate, ceiling)
            done = metered(limited, measured.sample_rate, measured.channels, reached.given)
            yield from prefetch(done, _BLOCKS_AHEAD) if self.overlap else done

    def _changed(
        self, blocks: Iterable[Float32Array], measured: FirstPass, threads: ExitStack
    ) -> Iterator[Float32Array]:
        """The conversion at the source's sample rate, before loudness is matched."""
        rate = self.metadata.spectrogram.sample_rate
        top = _TopCurves(self.metadata.spectrogram, measured.sample_rate)
        originals, low = ArrayQueue(), ArrayQueue()
        slow = resample(_tap(blocks, originals.push), measured.sample_rate, rate)
        sound = self._model_band(_tap(slow, low.push), measured, top, threads)
        position = 0
        for change in resample(_differences(sound, low, top.low), rate, measured.sample_rate):
            change = change[: measured.frames - position]
            yield _with_top(change, originals, top.high)
            position += len(change)
        while position < measured.frames:  # rounding of lengths leaves a sample or two
            silence = np.zeros(
                (min(len(originals), measured.frames - position), measured.channels), np.float32
            )
            yield _with_top(silence, originals, top.high)
            position += len(silence)

    def _model_band(
        self, blocks: Iterable[Float32Array], measured: FirstPass, top: _TopCurves, threads: ExitStack
    ) -> Iterator[Float32Array]:
        """The band below the model's Nyquist frequency, converted: ``[n, channels]`` at the model's rate."""
        spectrogram = self.metadata.spectrogram
        gain = np.float32(gain_to_reference(measured.level_db))
        length = resampled_length(measured.frames, measured.sample_rate, spectrogram.sample_rate)
        # A frame's phase is decided by those that overlap it, and more do at a smaller hop.
        overlapping = max(1.0, spectrogram.frame_length / spectrogram.hop_length / 4)
        context = max(
            math.ceil(self.context_frames * overlapping), math.ceil(TOP_SECONDS * spectrogram.frame_rate) + 2
        )
        least = max(self.metadata.window_frames // 8, context + FADE_FRAMES)
        layout = layout_for(self.metadata, length, least)
        pieces: Iterable[RestyledSection] = restyle(
            sections((block * gain for block in blocks), layout),
            metadata=self.metadata,
            run=self.run,
            batch=self.batch,
            before=context + FADE_FRAMES,
            after=context,
            front=self._front(measured),
            strength=self.strength,
        )
        if self.overlap:
            pieces = threads.enter_context(closing(prefetch(pieces)))
        for sound in vocode_sections(
            _tap(pieces, top.push), vocoder=self.vocoder, spectrogram=spectrogram, context=context
        ):
            yield sound.T / gain

    def _front(self, measured: FirstPass) -> list[Callable[[Float32Array], Float32Array]]:
        """What is done in front of the model, as far as ``strength`` says."""
        steps: list[Callable[[Float32Array], Float32Array]] = []
        if damping := self.metadata.percussion:
            splitter = PercussionSplitter(self.metadata.spectrogram)
            steps.append(partial(splitter.damp, damp_db=damping.damp_db * self.strength))
        pitch, wanted, voice = self.metadata.pitch, self.wanted, measured.voice
        if voice.equaliser is not None:
            # Up to the voices that the model knows, and never beyond them.
            nepers = voice.equaliser * np.float32(min(1.0, self.strength))
            steps.append(partial(equalise, equaliser=nepers, config=self.metadata.spectrogram))
        if pitch is not None and wanted is not None and voice.hertz is not None:
            ratio = (pitch.target_hz / voice.hertz) ** self.strength
            steps.append(partial(wanted.shifter.shift, ratio=ratio))
        return steps


def _differences(sound: Iterable[Float32Array], low: ArrayQueue, top: Curve) -> Iterator[Float32Array]:
    """The conversion less what of the source will be added at its own rate."""
    for piece in sound:
        yield piece - top.take(len(piece))[:, None] * low.take(len(piece))


def _with_top(change: Float32Array, originals: ArrayQueue, top: Curve) -> Float32Array:
    source: Float32Array = originals.take(len(change)) if len(change) else change
    return change + top.take(len(change))[:, None] * source


class _TopCurves:
    """How much louder the top of the band became, at even steps, for the model's sample rate and another."""

    def __init__(self, spectrogram: SpectrogramConfig, sample_rate: int) -> None:
        self._hop = spectrogram.hop_length
        self._middle = 0.0 if spectrogram.center else spectrogram.frame_length / 2
        step = spectrogram.hop_length / spectrogram.sample_rate
        self.low, self.high = Curve(step, spectrogram.sample_rate), Curve(step, sample_rate)
        self._told = 0

    def push(self, section: RestyledSection) -> None:
        """Take in a section, whose frames lie where it wants them: between steps."""
        gains = section.top_gains
        steps = np.arange(self._told, -(-section.place.end // self._hop))
        frames = (steps * self._hop - section.place.origin - self._middle) / self._hop
        for curve in (self.low, self.high):
            curve.push(np.interp(frames, np.arange(len(gains)), gains))
        self._told += len(steps)


def _counted(blocks: Iterable[Float32Array], measured: FirstPass) -> Iterator[Float32Array]:
    frames = 0
    for block in blocks:
        frames += len(block)
        if frames > measured.frames:
            break
        yield block
    if frames != measured.frames:
        raise AudioError(
            f"the recording changed while it was read: {measured.frames} samples at first, then "
            f"{'more' if frames > measured.frames else frames}",
            "run again",
        )


def _tap(parts: Iterable[T], push: Callable[[T], None]) -> Iterator[T]:
    """The same, each of them told of as it passes."""
    for part in parts:
        push(part)
        yield part
