"""One recording to one recording, in a file of the same kind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.audio.bitrate import bits_per_second
from styleshift.audio.encoding import Choice, as_many_bits, choose
from styleshift.audio.formats import OutputFormat
from styleshift.audio.resample import resample
from styleshift.audio.stream import shown
from styleshift.audio.tags.copy import Carried, copy_tags
from styleshift.audio.tags.model import Chapter, Tags
from styleshift.audio.tags.preview import TagPreview
from styleshift.audio.tags.read import read_tags
from styleshift.audio.write import AudioWriter
from styleshift.conversion.track.converter import TrackConverter
from styleshift.conversion.track.dynamics import Reached
from styleshift.conversion.track.first_pass import (
    BLOCK_FRAMES,
    FirstPass,
    around_zero,
    measure,
    measure_file,
    samples_of,
)
from styleshift.conversion.track.reached_note import length_note, lost_note, loudness_note
from styleshift.errors import AudioError, UsageError


@dataclass(frozen=True, slots=True)
class TrackResult:
    """What became of one recording.

    Attributes:
        seconds: length of the music.
        sample_rate: Hz, of the output.
        channels: of both.
        frames: of the output.
        level_db: gated level of the source, dBFS; None: silent, and left as it is.
        voice_hz: median fundamental of the source's voice; None: there is none, or the model moves none.
        loudness_before: of the source, LUFS; None: silent.
        loudness_after: of the output, before it was encoded.
        peak_after: largest absolute sample of the output, before it was encoded.
        took: seconds of work.
        warnings: plain sentences.
        kept: names of the tags, pictures, chunks and chapters that the output has as well.
        changed: what is otherwise than in the source, in plain words.
        losses: those of ``changed`` that lose something, such as bits.
        lost: names of what the output does not have.
    """

    seconds: float
    sample_rate: int
    channels: int
    frames: int
    level_db: float | None
    voice_hz: float | None
    loudness_before: float | None
    loudness_after: float | None
    peak_after: float
    took: float
    warnings: tuple[str, ...]
    kept: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a report."""
        return asdict(self)


def convert_track(
    converter: TrackConverter,
    source: Path,
    target: Path,
    *,
    format: OutputFormat | None = None,
    comment: str = "",
    on_seconds: Callable[[float], None] = lambda seconds: None,
    token: str = "",
    tags: Tags | None = None,
) -> TrackResult:
    """Convert a file.

    The output appears under its name when it is complete, with its tags, and read back; never in part. Memory
    does not grow with its length.

    Args:
        converter: model, vocoder and settings.
        source: the recording, only read.
        target: the output; its folder exists.
        format: what to write; None: what the source is.
        comment: a sentence added to the comment tag.
        on_seconds: told from time to time how many more seconds of music were written; 0 while they are only
            being looked at.
        token: see :class:`styleshift.audio.write.AudioWriter`.
        tags: of the source, where they were read already.

    Raises:
        AudioError: the source cannot be read whole, or the output not be written; under ``strict``, anything
            would be lost (``loss``).
        UsageError: the target is the source, by whatever name.
        BundleError, PluginError: the model or the vocoder fails.
    """
    # Here, where every conversion of a file passes, whoever chose the names.
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"the output {target} is the source itself", "name another output")
    began = time.monotonic()
    settings = converter.settings
    measured = measure_file(source, settings, on_block=lambda: on_seconds(0.0), wanted=converter.wanted)
    assert measured.info is not None
    choice = choose(measured.info, target, format)
    written_as, rate = choice.format, choice.sample_rate
    if settings.strict:
        _refuse_losses(source, choice, measured)
    if written_as.lossy:
        bits = bits_per_second(source, measured.seconds)
        written_as = as_many_bits(written_as, measured.info, bits, rate)
    # Among the tags everywhere else; an M4A has them beside its sound.
    chapters: Sequence[Chapter] = ()
    if written_as.container == "M4A":
        chapters = (read_tags(source) if tags is None else tags).chapters
    reached = Reached()
    peak = 0.0
    carried = Carried()

    def tag(path: Path) -> None:
        nonlocal carried
        carried = copy_tags(source, path, comment, same_positions=rate == measured.sample_rate, before=tags)
        # The trial may not have been possible, or come out better: this is what really became of them.
        if settings.strict and (lost := [*measured.extras, *carried.lost]):
            raise _loss(source, lost)

    with (
        samples_of(source, settings, measured) as blocks,
        AudioWriter(
            target,
            sample_rate=rate,
            channels=measured.channels,
            format=written_as,
            frames=round(measured.frames * rate / measured.sample_rate),
            on_written=tag,
            token=token,
            chapters=chapters,
        ) as writer,
    ):
        # Closed before the files are: threads may be at work in it.
        with closing(
            converter.convert(blocks, measured, ceiling=ceiling_of(written_as, measured), reached=reached)
        ) as converted:
            for block in resample(converted, measured.sample_rate, rate):
                peak = max(peak, float(block.max(initial=0.0)), -float(block.min(initial=0.0)))
                writer.write(block)
                on_seconds(len(block) / rate)
        frames = writer.frames
    warnings = list(measured.warnings)
    if measured.level_db is None:
        warnings.append("silent: there was nothing to convert, the silence is kept")
    warnings += converter.notes(measured)
    warnings += loudness_note(measured.loudness, reached)
    longer = length_note(writer.held - frames, written_as)
    warnings += longer
    if format is None:
        warnings += choice.changes  # nobody asked for them
    moved = measured.offset is not None and not converter.untouched(measured)
    # Nobody hears it, so that there is nothing to do about it: no warning.
    around = ("the offset of its samples from zero is taken out; nobody hears it",) if moved else ()
    lost = (*measured.extras, *carried.lost)
    warnings += lost_note(lost)
    return TrackResult(
        seconds=measured.seconds,
        sample_rate=rate,
        channels=measured.channels,
        frames=frames,
        level_db=measured.level_db,
        voice_hz=measured.voice.hertz,
        loudness_before=measured.loudness,
        loudness_after=reached.loudness(),
        peak_after=peak,
        took=time.monotonic() - began,
        warnings=tuple(warnings),
        kept=carried.kept,
        changed=(
            *choice.changes,
            *longer,
            *around,
            *(f"{name}: left out, no longer true" for name in carried.dropped),
        ),
        losses=choice.losses,
        lost=lost,
    )


def _refuse_losses(source: Path, choice: Choice, measured: FirstPass) -> None:
    """Raise AudioError (``loss``) for what would be lost, as far as can be told before the work is done."""
    lost = [*choice.losses, *measured.extras]
    same_positions = choice.sample_rate == measured.sample_rate
    # Where there is no room for a trial, the conversion itself decides, in the end.
    with suppress(AudioError), TagPreview() as preview:
        carried = preview.carried(source, choice.format, choice.sample_rate, same_positions=same_positions)
        lost += carried.lost
    if lost:
        raise _loss(source, lost)


def _loss(source: Path, lost: Sequence[str]) -> AudioError:
    return AudioError(
        f"{shown(source)}: would lose {', '.join(lost)}", "convert it without `strict`", reason="loss"
    )


def ceiling_of(written_as: OutputFormat, measured: FirstPass) -> float:
    """Largest sample allowed: full scale, or what the source had where the format can hold more."""
    return max(1.0, measured.peak) if written_as.subtype in ("FLOAT", "DOUBLE") else 1.0


def convert_samples(converter: TrackConverter, samples: Float32Array, sample_rate: int) -> Float32Array:
    """Convert samples ``[n]`` or ``[n, channels]`` float32, full scale at 1.0; the same shape comes back."""
    shaped = samples[:, None] if samples.ndim == 1 else samples

    def blocks() -> Iterator[Float32Array]:
        for start in range(0, len(shaped), BLOCK_FRAMES):
            yield shaped[start : start + BLOCK_FRAMES]

    found = measure(blocks(), sample_rate, shaped.shape[1], wanted=converter.wanted)
    found = around_zero(found, blocks(), wanted=converter.wanted)
    converted = list(converter.convert(blocks(), found, ceiling=max(1.0, found.peak)))
    joined = np.concatenate(converted) if converted else shaped
    return joined[:, 0] if samples.ndim == 1 else joined
