"""What an export is asked to make, apart from the workspace: every option, in one place."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from styleshift.bundle.limits import GENERATOR_SHARE, KEEP_QUIET, SMOOTHING, STRENGTH
from styleshift.errors import ConfigError
from styleshift.validation import settings, validate

_ALWAYS_NOTED = ("checkpoint", "strength")


@settings
class ExportSettings:
    """The options of an export; ``styleshift export`` has a flag for each, and a model notes them.

    Raises:
        ConfigError: an option that there is not, a value of another type or out of range, or the variance of
            an ensemble is to be matched.
    """

    run: str | None = None
    """Name of the run; None takes the one trained last."""
    ensemble: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Names of further runs of these domains, such as those of other seeds: a model gives the mean of what
    all of them make; see :class:`styleshift.training.ensemble.Ensemble`."""
    checkpoint: str = "best"
    """Of each run `best`, `last` or a step; steps joined by `+` (`2000+last`) for their mean."""
    output: str | Path | None = None
    """Folder for the models; None takes that of the workspace."""
    licence: str = ""
    """What others may do with the models."""
    card: str | Path | None = None
    """TOML file that tells people about them; see :func:`styleshift.bundle.card.read_card`."""
    strength: float = Field(default=1.0, ge=STRENGTH[0], le=STRENGTH[1])
    """How much of their change a conversion keeps by default; 1 is all of it."""
    generator_share: float = Field(default=1.0, ge=GENERATOR_SHARE[0], le=GENERATOR_SHARE[1])
    """How much of what the generator changes is kept, 0.1 to 1; what is done in front of it stays whole. See
    :class:`styleshift.bundle.restraint.Restraint`."""
    match_spectrum: bool = False
    """Bring the mean spectrum of each direction's conversions to its target's, measured on the workspace's
    recordings; see :func:`styleshift.bundle.spectrum.match_spectrum`."""
    match_variance: bool = False
    """Make the envelopes of conversions vary more as their target's do; see
    :func:`styleshift.bundle.variance.match_variance`. Of one run alone: a mean of several varies less than
    each of them."""
    smooth_frames: float = Field(default=0.0, ge=SMOOTHING[0], le=SMOOTHING[1])
    """How far each log magnitude is moved towards that of the frame before and of that after: a conversion
    that flickers becomes steadier. 0 leaves it, 0.3 is the most; down to -0.1 it is moved away from them,
    which gives back to the mean of an `ensemble` what it lacks in movement."""
    smooth_bins: float = Field(default=0.0, ge=SMOOTHING[0], le=SMOOTHING[1])
    """The same towards the bins below and above."""
    keep_quiet: Annotated[float, Field(ge=KEEP_QUIET[0], le=KEEP_QUIET[1])] | None = None
    """So many dB or more below a recording's level little is added; see
    :class:`styleshift.bundle.quiet.QuietLimit`. 5 to 60; None: no limit."""

    def __post_init__(self) -> None:
        steps = self.checkpoint.split("+")
        if self.checkpoint != "best" and not all(step == "last" or step.isdecimal() for step in steps):
            raise ConfigError(
                f"checkpoint is {self.checkpoint!r}; it may be best, last or a step such as 2000",
                "steps joined by +, such as 2000+last, give the mean of their weights",
            )
        if self.match_variance and self.ensemble:
            raise ConfigError(
                "the variance of an `ensemble` cannot be matched: a mean of runs varies less than each of "
                "them",
                "leave out `match_variance`; `smooth_frames=-0.08` gives a mean back some movement",
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a model to note: checkpoint, strength, and what is not as by default.

        A model may go to strangers, so it tells of no folders of its maker's machine: the one that it was
        written to, in which it is found anyway, and that of a card whose path was whole.
        """
        plain = asdict(ExportSettings())
        values = {
            key: value
            for key, value in asdict(self).items()
            if key in _ALWAYS_NOTED or (value != plain[key] and key != "output")
        }
        if self.card:
            card = Path(self.card)
            values["card"] = card.name if card.is_absolute() else card.as_posix()
        if self.ensemble:
            values["ensemble"] = list(self.ensemble)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ExportSettings:
        """The inverse of :meth:`to_dict`, of any file: what no export takes is passed over."""
        kept: dict[str, Any] = {}
        for key in (field.name for field in fields(cls) if field.name in values):
            try:
                validate(cls, {**kept, key: values[key]}, "export")
            except ConfigError:
                continue
            kept[key] = values[key]
        return validate(cls, kept, "export")

    def options(self) -> list[str]:
        """Those that are not as they are by default, as options are written: `` `run=first` ``."""
        words, plain = [], ExportSettings()
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if value is True:
                words.append(f"`{name}`")
            elif value != getattr(plain, name):
                every = value if isinstance(value, tuple) else (value,)
                words += [f"`{name}={shlex.quote(str(each))}`" for each in every]
        return words
