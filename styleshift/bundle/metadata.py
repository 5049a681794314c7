"""What a model file says about itself, and how that is stored in ONNX ``metadata_props``."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from pydantic import Field

from styleshift.bundle.card import ModelCard
from styleshift.bundle.limits import STRENGTH
from styleshift.errors import BundleError, ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.frontend.percussion import PercussionDamping
from styleshift.validation import settings, validate
from styleshift.voice.equaliser import VoiceMeans
from styleshift.voice.pitch import PitchTarget

FORMAT_VERSION = 1
PREFIX = "styleshift."
INPUT_NAME = "log_magnitude"
OUTPUT_NAME = "converted"

# Longer windows than this are no training length but a damaged file.
_LONGEST_WINDOW = 1 << 20
_LONGEST_NAME = 100
_CONTROL = ("Cc", "Zl", "Zp")  # control characters, and what else begins a new line


_TABLES: dict[str, Callable[[dict[str, Any]], object]] = {
    "spectrogram": SpectrogramConfig.from_dict,
    "pitch": lambda values: PitchTarget(**values),
    "source_voice": lambda values: validate(VoiceMeans, values, "source_voice"),
    "percussion": lambda values: PercussionDamping(**values),
    "card": ModelCard.from_dict,
}


@settings
class BundleMetadata:
    """Everything that conversion needs besides the graph, and where the model came from."""

    source: str
    """The domain that goes in."""
    target: str
    """The domain that comes out."""
    spectrogram: SpectrogramConfig
    """Front-end settings; the graph maps `[batch, 1, spectrogram.bins, frames]` float32 log magnitudes,
    compressed as these say, to the same. Normalisation is inside the graph."""
    reference_level_db: float = Field(ge=-120, le=0)
    """Gated level, in dBFS, to which a recording is scaled before the graph sees it."""
    window_frames: int = Field(ge=1, le=_LONGEST_WINDOW)
    """Frames of the training crops: the length that conversion hands over at a time."""
    time_multiple: int = Field(ge=1, le=4096)
    """The graph takes a multiple of this many frames."""
    pitch: PitchTarget | None = None
    """Voices are moved to this pitch in front of the graph; none: left as they are."""
    source_voice: VoiceMeans | None = None
    """Each recording is equalised in front of the graph, to have a voice like these; none: it is not."""
    percussion: PercussionDamping | None = None
    """Drums are damped in front of the graph; none: left as they are."""
    strength: float = Field(default=1.0, ge=STRENGTH[0], le=STRENGTH[1])
    """How much of the graph's change is kept where nobody says otherwise; 1 is all of it."""
    recipe: Mapping[str, Any] = Field(default_factory=dict)
    """The whole recipe of the training, as plain tables."""
    provenance: Mapping[str, Any] = Field(default_factory=dict)
    """Run, step, corpora, versions; free-form plain values."""
    licence: str = ""
    """What others may do with the model; empty where its maker did not say."""
    card: ModelCard = Field(default_factory=ModelCard)
    """What a person wants to know of it."""
    requires: tuple[Mapping[str, str], ...] = ()
    """Plugin packages that trained it, as `{"package": ..., "version": ...}`; the graph itself runs without
    them."""
    format_version: int = Field(default=FORMAT_VERSION, ge=1)
    """Of this description."""

    def __post_init__(self) -> None:
        if not self.source or not self.target:
            raise ConfigError("it does not name the domains it converts between")
        for name in (self.source, self.target):
            # Folders are named after them, and a terminal shows them.
            if name != fit_name(name):
                raise ConfigError(
                    f"the domain name {name[:40]!r} cannot be used: it may have up to {_LONGEST_NAME} "
                    "characters, and no control characters"
                )
        if self.source_voice is not None:
            if self.pitch is None:
                raise ConfigError("it has a source_voice and no pitch, without which no voice is looked for")
            self.source_voice.require(self.spectrogram)
        if self.window_frames % self.time_multiple:
            raise ConfigError(
                f"window_frames {self.window_frames} is not a multiple of time_multiple {self.time_multiple}"
            )

    def to_props(self) -> dict[str, str]:
        """Text by key, each value JSON in ASCII, for ``ModelProto.metadata_props``.

        A folder's name may be no UTF-8, which protobuf refuses; escaped by JSON it comes back as it was.
        """
        values: dict[str, Any] = {
            "format_version": self.format_version,
            "source": self.source,
            "target": self.target,
            "spectrogram": self.spectrogram.to_dict(),
            "reference_level_db": self.reference_level_db,
            "window_frames": self.window_frames,
            "time_multiple": self.time_multiple,
            "pitch": None if self.pitch is None else asdict(self.pitch),
            "recipe": dict(self.recipe),
            "provenance": dict(self.provenance),
            "licence": self.licence,
            "requires": [dict(item) for item in self.requires],
        }
        if self.source_voice is not None:
            values["source_voice"] = asdict(self.source_voice)
        if self.percussion is not None:
            values["percussion"] = asdict(self.percussion)
        if self.strength != 1:
            values["strength"] = self.strength
        if card := self.card.to_dict():
            values["card"] = card
        return {PREFIX + key: json.dumps(value) for key, value in values.items()}

    @classmethod
    def from_props(cls, props: Mapping[str, str]) -> BundleMetadata:
        """The inverse of :meth:`to_props`; keys without the prefix ``styleshift.`` are left alone.

        Raises:
            BundleError: metadata missing, of a newer version, or out of range; the message says which.
        """
        mine = {key.removeprefix(PREFIX): text for key, text in props.items() if key.startswith(PREFIX)}
        if "format_version" not in mine:
            raise BundleError("it has no styleshift metadata", "use a model made by `styleshift export`")
        values = {key: _json(key, text) for key, text in mine.items()}
        version = values["format_version"]
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise BundleError(
                f"it has format version {version}; this styleshift reads up to {FORMAT_VERSION}",
                "pip install --upgrade styleshift",
            )
        known = {field.name for field in fields(cls)}
        try:
            for key, table in _TABLES.items():
                if isinstance(values.get(key), dict):
                    values[key] = table(values[key])
            if isinstance(values.get("requires"), list):
                values["requires"] = tuple(values["requires"])
            return cls(**{key: value for key, value in values.items() if key in known})
        except ConfigError as error:
            raise BundleError(
                f"its metadata cannot be used: {error.message}", "export the model again"
            ) from error


def fit_name(domain: str) -> str:
    """A domain's name as a model may hold it: no control characters, at most 100 characters."""
    return "".join("_" if unicodedata.category(c) in _CONTROL else c for c in domain)[:_LONGEST_NAME]


def _json(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"its metadata {PREFIX}{key} is not JSON: {text[:40]!r}") from error
