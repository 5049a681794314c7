"""What a model file says about itself, and how that is stored in ONNX ``metadata_props``."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from styleshift.errors import BundleError, ConfigError
from styleshift.frontend.config import SpectrogramConfig

FORMAT_VERSION = 1
PREFIX = "styleshift."
INPUT_NAME = "log_magnitude"
OUTPUT_NAME = "converted"

# Longer windows than this are no training length but a damaged file.
_LONGEST_WINDOW = 1 << 20
_LONGEST_NAME = 100
_CONTROL = ("Cc", "Zl", "Zp")  # control characters, and what else begins a new line


@dataclass(frozen=True, slots=True)
class BundleMetadata:
    """Everything that conversion needs besides the graph, and where the model came from.

    Attributes:
        source: the domain that goes in.
        target: the domain that comes out.
        spectrogram: front-end settings; the graph maps ``[batch, 1, spectrogram.bins, frames]`` float32 log
            magnitudes, compressed as these say, to the same. Normalisation is inside the graph.
        reference_level_db: gated level, in dBFS, to which a recording is scaled before the graph sees it.
        window_frames: frames of the training crops: the length that conversion hands over at a time.
        time_multiple: ``frames`` must be a multiple of this.
        recipe: the whole recipe of the training, as plain tables.
        provenance: run, step, corpora, versions; free-form plain values.
        licence: what others may do with the model; empty where its maker did not say.
        requires: plugin packages that trained it, as ``{"package": ..., "version": ...}``; the graph itself
            runs without them.
        format_version: of this description.
    """

    source: str
    target: str
    spectrogram: SpectrogramConfig
    reference_level_db: float
    window_frames: int
    time_multiple: int
    recipe: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    requires: tuple[Mapping[str, str], ...] = ()
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        """Refuse values that conversion could not work with."""
        for name in ("source", "target", "licence"):
            if not isinstance(getattr(self, name), str):
                raise BundleError(f"{name} is {getattr(self, name)!r}; it must be text")
        if not self.source or not self.target:
            raise BundleError("the model does not name the domains that it converts between")
        for name in (self.source, self.target):
            # Folders are named after them, and a terminal shows them.
            if name != fit_name(name):
                raise BundleError(
                    f"the domain name {name[:40]!r} cannot be used: it may have up to {_LONGEST_NAME} "
                    "characters, and no control characters"
                )
        for name, low, high in (("time_multiple", 1, 4096), ("window_frames", 1, _LONGEST_WINDOW)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise BundleError(f"{name} is {value!r}; it must be a whole number from {low} to {high}")
        if self.window_frames % self.time_multiple:
            raise BundleError(
                f"window_frames {self.window_frames} is no multiple of time_multiple {self.time_multiple}"
            )
        level = self.reference_level_db
        if not isinstance(level, int | float) or isinstance(level, bool) or not -120 <= level <= 0:
            raise BundleError(f"reference_level_db is {level!r}; it must be from -120 to 0")

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
            "recipe": dict(self.recipe),
            "provenance": dict(self.provenance),
            "licence": self.licence,
            "requires": [dict(item) for item in self.requires],
        }
        return {PREFIX + key: json.dumps(value) for key, value in values.items()}

    @classmethod
    def from_props(cls, props: Mapping[str, str]) -> BundleMetadata:
        """The inverse of :meth:`to_props`; keys without the prefix ``styleshift.`` are left alone.

        Raises:
            BundleError: metadata missing, of a newer version, or out of range; the message says which.
        """
        mine = {key.removeprefix(PREFIX): text for key, text in props.items() if key.startswith(PREFIX)}
        if "format_version" not in mine:
            raise BundleError("it carries no styleshift metadata", "use a model made by `styleshift export`")
        values = {key: _json(key, text) for key, text in mine.items()}
        version = values["format_version"]
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise BundleError(f"its format_version is {version!r}; it must be a whole number from 1")
        if version > FORMAT_VERSION:
            raise BundleError(
                f"it has format version {version}; this styleshift reads up to {FORMAT_VERSION}",
                "pip install --upgrade styleshift",
            )
        needed = ("source", "target", "spectrogram", "reference_level_db", "window_frames", "time_multiple")
        for key in needed:
            if key not in values:
                raise BundleError(f"its metadata lacks {PREFIX}{key}", "export the model again")
        for key, kind in (("spectrogram", dict), ("recipe", dict), ("provenance", dict), ("requires", list)):
            if not isinstance(values.get(key, kind()), kind):
                raise BundleError(f"its metadata {PREFIX}{key} is not a {kind.__name__}")
        try:
            spectrogram = SpectrogramConfig.from_dict(values["spectrogram"])
        except (ConfigError, TypeError) as error:
            raise BundleError(f"its spectrogram settings cannot be used: {error}") from error
        return cls(
            source=values["source"],
            target=values["target"],
            spectrogram=spectrogram,
            reference_level_db=values["reference_level_db"],
            window_frames=values["window_frames"],
            time_multiple=values["time_multiple"],
            recipe=values.get("recipe", {}),
            provenance=values.get("provenance", {}),
            licence=values.get("licence", ""),
            requires=tuple(item for item in values.get("requires", []) if isinstance(item, dict)),
            format_version=version,
        )


def fit_name(domain: str) -> str:
    """A domain's name as a model may hold it: no control characters, at most 100 characters."""
    return "".join("_" if unicodedata.category(c) in _CONTROL else c for c in domain)[:_LONGEST_NAME]


def _json(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"its metadata {PREFIX}{key} is no JSON: {text[:40]!r}") from error
