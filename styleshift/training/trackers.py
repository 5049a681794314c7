"""Where a training is shown while it runs; TensorBoard is built in, through the same hook as others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from styleshift.errors import ConfigError, StyleshiftError
from styleshift.hooks.records import Excerpt, Tracker, TrackerSpec
from styleshift.hooks.specs import hookimpl
from styleshift.progress import Reporter
from styleshift.validation import settings


@settings
class TensorBoardOptions:
    """Options of the tracker ``tensorboard``."""

    excerpts: bool = Field(
        default=True, description="Write pictures and audio, a few MB for each judgement; not figures alone."
    )


class TensorBoard:
    """Writes ``tensorboard/`` in the run's folder, for ``tensorboard --logdir``.

    Args:
        options: what is written.
        folder: ``runs/<name>``.
        run: what ``run.json`` holds; its recipe is shown as text.

    Raises:
        ConfigError: the package tensorboard is not installed.
    """

    def __init__(self, options: TensorBoardOptions, folder: Path, run: Mapping[str, Any]) -> None:
        self._options = options
        self._writer: Any = _summary_writer()(str(folder / "tensorboard"))
        self._writer.add_text(
            "recipe", "\n".join(f"    {key}: {value}" for key, value in run["recipe"].items())
        )

    def figures(self, step: int, figures: Mapping[str, float]) -> None:
        """See :class:`styleshift.hooks.Tracker`."""
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)

    def excerpts(self, step: int, excerpts: Sequence[Excerpt]) -> None:
        """See :class:`styleshift.hooks.Tracker`."""
        for excerpt in excerpts if self._options.excerpts else ():
            name = f"{excerpt.direction}/{excerpt.stage}"
            self._writer.add_image(name, excerpt.picture, step, dataformats="HWC")
            self._writer.add_audio(name, excerpt.audio[None].clip(-1, 1), step, excerpt.sample_rate)
        self._writer.flush()

    def close(self) -> None:
        """See :class:`styleshift.hooks.Tracker`."""
        self._writer.close()


def _summary_writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError(
            f"the tracker tensorboard cannot be used: {error}", "pip install 'styleshift[tensorboard]'"
        ) from error
    return SummaryWriter


def _check_tensorboard(options: TensorBoardOptions) -> None:
    _summary_writer()


Options = Mapping[str, Mapping[str, Any]]
"""Of trackers, by their names, then by key, as text or plain values."""

ChosenTracker = tuple[TrackerSpec, Any]
"""A tracker and its options."""


def check_trackers(names: Sequence[str], options: Options) -> list[ChosenTracker]:
    """Find out before the work what cannot be used.

    Raises:
        PluginError: there is no tracker of a name.
        ConfigError: there are options of a tracker that is not named, or it has no such option.
        StyleshiftError: a tracker cannot be used here.
    """
    for name in options:
        if name not in names:
            raise ConfigError(
                f"there are options of the tracker {name}, which is not used", f"`tracker={name}`"
            )
    return [_usable(name, options) for name in names]


def _usable(name: str, options: Options) -> ChosenTracker:
    from styleshift.hooks.registry import load_registry

    spec, config = load_registry().trackers.configured(name, options.get(name, {}))
    spec.check(config)
    return spec, config


def usable_trackers(names: Iterable[str], options: Options, reporter: Reporter) -> list[ChosenTracker]:
    """Those of a run's trackers that can be used now; a warning for each that cannot.

    A run that is gone on with must not wait for a package that was there when it began.
    """
    usable = []
    for name in names:
        try:
            usable.append(_usable(name, options))
        except StyleshiftError as error:
            reporter.warn(_without(name, error))
    return usable


def resumed_trackers(
    run: dict[str, Any], names: Sequence[str] | None, options: Options | None, reporter: Reporter
) -> list[ChosenTracker]:
    """Those that are asked for, which ``run`` then says, or else those of the run that can be used now."""
    if names is not None or options is not None:
        run["tracker_options"] = dict(options or {})
    kept = run.setdefault("tracker_options", {})
    if names is None:
        return usable_trackers(run.setdefault("trackers", []), kept, reporter)
    run["trackers"] = list(names)
    return check_trackers(names, kept)


def _without(name: str, error: Exception) -> str:
    """What becomes of a training whose tracker fails."""
    told = error.message if isinstance(error, StyleshiftError) else f"{type(error).__name__}: {error}"
    first = (told.splitlines() or [""])[0]
    return f"training goes on without the tracker {name}: {first}"


class Trackers:
    """The trackers of a run.

    One that raises is left out from then on, with a warning.

    Args:
        chosen: as :func:`check_trackers` gives them.
        folder: ``runs/<name>``.
        run: what ``run.json`` holds.
        reporter: who is told.

    Raises:
        ConfigError: a tracker cannot be used here.
    """

    def __init__(
        self, chosen: Iterable[ChosenTracker], folder: Path, run: Mapping[str, Any], reporter: Reporter
    ) -> None:
        self._trackers: dict[str, Tracker] = {}
        self._reporter = reporter
        try:
            for spec, config in chosen:
                self._trackers[spec.name] = spec.build(config, folder, run)
        except BaseException:
            self.close()
            raise

    def figures(self, step: int, figures: Mapping[str, float]) -> None:
        """Hand them to every tracker."""
        self._each(lambda tracker: tracker.figures(step, figures))

    def excerpts(self, step: int, excerpts: Sequence[Excerpt]) -> None:
        """Hand them to every tracker."""
        self._each(lambda tracker: tracker.excerpts(step, excerpts))

    def close(self) -> None:
        """Close every tracker."""
        self._each(lambda tracker: tracker.close())

    def _each(self, call: Callable[[Tracker], None]) -> None:
        for name, tracker in list(self._trackers.items()):
            try:
                call(tracker)
            except Exception as error:  # a stranger's code, and perhaps a network, may raise anything
                del self._trackers[name]
                self._reporter.warn(_without(name, error))


@hookimpl
def styleshift_trackers() -> Iterable[TrackerSpec]:
    """``tensorboard``."""
    summary = "losses, scores, spectrogram pictures and audio for TensorBoard (styleshift[tensorboard])"
    return [TrackerSpec("tensorboard", summary, TensorBoard, _check_tensorboard, TensorBoardOptions)]
