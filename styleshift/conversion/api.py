"""Conversion from Python: load a model once, then convert arrays, files or a library with it.

model = styleshift.load_model("country-to-classical.onnx")
converted = model.convert(samples, 44100)
styleshift.convert_file("song.flac", "song-classical.flac", model)
styleshift.convert_library("library", "country-to-classical.onnx")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.bundle.load import Bundle, load_bundle
from styleshift.bundle.metadata import BundleMetadata
from styleshift.conversion.library.early import begin_workers
from styleshift.conversion.library.forecast import LibraryForecast, forecast
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.planning import plan_library
from styleshift.conversion.library.report import write_reports
from styleshift.conversion.library.result import LibraryResult
from styleshift.conversion.library.run import convert_plan
from styleshift.conversion.library.shared import SharedModel
from styleshift.conversion.library.single import format_for_file
from styleshift.conversion.settings import ConvertSettings, checked, with_runtime, with_strength
from styleshift.progress import Reporter
from styleshift.system.environment import processors, silent_decoders

if TYPE_CHECKING:
    from styleshift.arrays import Float32Array
    from styleshift.conversion.track.convert import TrackResult
    from styleshift.conversion.track.converter import TrackConverter
    from styleshift.hooks.records import RuntimeSession


class Model:
    """A loaded model, as :func:`load_model` returns it. Do not use it from two threads at once.

    Attributes:
        metadata: what the file says about itself.
        description: what runs it: library, provider, precision.
    """

    def __init__(self, bundle: Bundle, converter: TrackConverter, description: str) -> None:
        self.metadata: BundleMetadata = bundle.metadata
        self.description = description
        self._bundle = bundle
        self._converter = converter

    def convert(self, samples: Float32Array, sample_rate: int) -> Float32Array:
        """Convert samples that are in memory.

        Args:
            samples: ``[n]`` or ``[n, channels]`` float32, full scale at 1.0, finite.
            sample_rate: Hz.

        Returns:
            The same shape, rate and loudness.

        Raises:
            ConfigError: the array has another shape or is not finite.
            BundleError, PluginError: the model or the vocoder fails.
        """
        import numpy as np

        from styleshift.conversion.track.convert import convert_samples
        from styleshift.errors import ConfigError

        found = np.asarray(samples)
        if found.ndim not in (1, 2) or not np.issubdtype(found.dtype, np.floating):
            raise ConfigError(
                f"samples are {found.dtype} of shape {list(found.shape)}",
                "float32 of shape [n] or [n, channels], full scale at 1.0",
            )
        if not np.isfinite(found).all():
            raise ConfigError("samples hold NaN or infinity", "numpy.nan_to_num makes them finite")
        return convert_samples(self._converter, found.astype(np.float32, copy=False), sample_rate)

    def convert_file(self, source: Path, target: Path, **options: Any) -> TrackResult:
        """See :func:`convert_file`."""
        from styleshift.audio.formats import output_format, same_extension
        from styleshift.audio.naming import output_extension
        from styleshift.conversion.track.convert import convert_track

        settings = checked(replace(self._converter.settings, **options))
        own = same_extension(source.name), output_extension(source)
        name = format_for_file(target, settings.audio_format, own)
        target.parent.mkdir(parents=True, exist_ok=True)
        return convert_track(
            replace(self._converter, settings=settings),
            source,
            target,
            format=None if name == "same" else output_format(name),
            comment=self._bundle.comment,
        )


def load_model(path: str | Path, *, threads: int | None = None, **options: Any) -> Model:
    """Load a model file.

    Args:
        path: a file that ``styleshift export`` wrote. Nothing in it is executed.
        threads: CPU threads that the model may use; None uses all.
        options: fields of :class:`styleshift.conversion.settings.ConvertSettings`, such as ``strength``,
            ``vocoder`` or ``device``.

    Raises:
        BundleError: the file is not a usable model.
        ConfigError, PluginError: the device, vocoder, option or runtime does not exist.
    """
    from styleshift.conversion.track.load import load_converter

    bundle = load_bundle(Path(path))
    settings = with_runtime(checked(ConvertSettings(**options)), bundle)
    return Model(bundle, *load_converter(bundle, settings, threads or processors()))


def convert_file(
    source: str | Path, target: str | Path, model: Model | str | Path, **options: Any
) -> TrackResult:
    """Convert one recording in this process.

    Tags, cover, sample rate, channels and length stay. The output appears only when it is complete.

    Args:
        source: the recording.
        target: the output; its extension says the format.
        model: a loaded model, or the path of its file.
        options: fields of :class:`styleshift.conversion.settings.ConvertSettings` for this recording, such as
            ``salvage`` or ``strict``. Vocoder, runtime and device are a loaded model's own.

    Raises:
        AudioError: the source cannot be read, or the output cannot be written.
        UsageError: the format does not exist or contradicts the target's extension, or the target is the
            source.
        BundleError, PluginError: the model or the vocoder fails.
    """
    loaded = model if isinstance(model, Model) else load_model(model, **options)
    return loaded.convert_file(Path(source), Path(target), **options)


def convert_library(
    source: str | Path,
    model: Bundle | str | Path,
    settings: ConvertSettings | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
    reporter: Reporter | None = None,
    **options: Any,
) -> LibraryResult:
    """Convert a folder of recordings, or one, in worker processes: what ``styleshift convert`` does.

    Worker processes import your program's main file, so call this below ``if __name__ == "__main__":``.

    Args:
        source: the folder, or the recording; or its address, such as ``s3://bucket/library``, as the output
            may be (extra ``remote``).
        model: the model file.
        settings: of the conversion.
        stop: called several times a second; return true to stop. Without it SIGINT ends it like any program.
        reporter: receives progress and warnings.
        options: fields of :class:`styleshift.conversion.settings.ConvertSettings` that replace those of
            ``settings``: ``convert_library("library", "m.onnx", include=["*/live/*"], jobs=2)``.

    Returns:
        What became of each file; ``report.jsonl`` and ``report.html`` in the output folder say the same.

    Raises:
        NothingToDoError: there are no recordings.
        UsageError: the output lies inside the source, contains it, or cannot be written to.
        LockedError: another run is working on the same output.
        BundleError: the model cannot be used.
        ConfigError, PluginError: the device, vocoder, option or runtime does not exist.
    """
    begin_workers()
    reporter = reporter or Reporter()
    settings, bundle = _settled(model, settings, options)
    with SharedModel(bundle, settings) as shared:
        shared.begin()
        plan, settings = _planned(source, bundle, settings, reporter, shared.session)
        result = convert_plan(plan, bundle, settings, stop=stop, reporter=reporter, shared=shared)
    if not plan.single:
        result.report = write_reports(result, bundle, settings.part, reporter)
    return result


def forecast_library(
    source: str | Path,
    model: Bundle | str | Path,
    settings: ConvertSettings | None = None,
    *,
    reporter: Reporter | None = None,
    **options: Any,
) -> LibraryForecast:
    """Say what :func:`convert_library` would do with the same arguments, and how long it would take.

    Nothing is written. Files are opened, but their music is not decoded.

    Raises:
        StyleshiftError: as from :func:`convert_library`, but no LockedError.
    """
    reporter = reporter or Reporter()
    settings, bundle = _settled(model, settings, options)
    plan, settings = _planned(source, bundle, settings, reporter)
    return forecast(plan, bundle, settings)


def _settled(
    model: Bundle | str | Path, settings: ConvertSettings | None, options: Mapping[str, Any]
) -> tuple[ConvertSettings, Bundle]:
    settings = checked(replace(settings or ConvertSettings(), **options))
    bundle = model if isinstance(model, Bundle) else load_bundle(Path(model))
    return with_strength(settings, bundle.metadata), bundle


def _planned(
    source: str | Path,
    bundle: Bundle,
    settings: ConvertSettings,
    reporter: Reporter,
    load: Callable[[str, str], RuntimeSession] | None = None,
) -> tuple[LibraryPlan, ConvertSettings]:
    """What is to be done, and settings that work here."""
    key = settings.key(bundle.digest)
    with silent_decoders():
        plan = plan_library(source, bundle.metadata.target, settings, key)
    reporter.info(f"{bundle.metadata.source} to {bundle.metadata.target}, by the model {bundle.path}")
    for sentence in plan.unmatched:
        reporter.warn(sentence)
    for skipped in plan.skipped:
        say = reporter.warn if skipped.notable else reporter.detail
        say(f"{skipped.name}: skipped: {skipped.message}")
    earlier = plan.journal.runtimes(key)
    return plan, with_runtime(settings, bundle, reporter, earlier, plan.music, load)
