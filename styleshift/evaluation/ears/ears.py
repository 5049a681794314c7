"""Those that are installed, asked together."""

from __future__ import annotations

import numpy as np

from styleshift.evaluation.ears.speaker import SpeakerEncoder
from styleshift.evaluation.ears.tagger import TAGS, Tagger
from styleshift.evaluation.ears.transcriber import Transcriber, agreement
from styleshift.evaluation.features import Array, Array64
from styleshift.evaluation.figures import Figures, Tags

MOST_TAGS = 8
# Pieces of 3 s that the tagger hears, evenly spread: of a recording, and of a whole style.
_OF_RECORDING, _OF_STYLE = 10, 100


class Ears:
    """What the installed ones say of conversions of one style.

    Args:
        speech: voices are compared; pitches and instruments are not.

    Attributes:
        missing: packages that would say more and are not installed.
    """

    def __init__(self, speech: bool) -> None:
        self._transcriber = None if speech else Transcriber.find()
        self._tagger = None if speech else Tagger.find()
        self._encoder = SpeakerEncoder.find() if speech else None
        of_music = {"basic-pitch": self._transcriber, "musicnn": self._tagger}
        asked = {"resemblyzer": self._encoder} if speech else of_music
        self.missing = [package for package, ear in asked.items() if ear is None]
        self._voices: list[Array64] = []
        self._pieces: dict[str, list[Array]] = {}
        self._said: dict[str, list[Array64]] = {}

    def learn(self, mono: Array, of: str = "style") -> None:
        """Hear a recording of the target style, or of what the conversions are made from (``source``)."""
        if self._encoder is not None and of == "style":
            self._voices.append(self._encoder.embed(mono))
        if self._tagger is not None:
            self._pieces.setdefault(of, []).append(self._tagger.pieces(mono))

    def figures(self, mono: Array, truth: Array | None, source: Array | None) -> Figures:
        """Of a conversion, and the same of its source, the ceiling or the start; ``[samples]`` each."""
        found: Figures = {}
        for name, wave in (("", mono), ("_source", source)):
            if wave is None:
                continue
            if self._transcriber is not None and truth is not None:
                pair = self._transcriber.pitches(wave), self._transcriber.pitches(truth)
                found[f"f1{name}"], found[f"jaccard{name}"] = agreement(*pair)
            if self._encoder is not None and self._voices:
                mean = np.mean(self._voices, axis=0)
                cosine = self._encoder.embed(wave) @ mean / max(float(np.linalg.norm(mean)), 1e-9)
                found[f"likeness{name}"] = float(cosine)
        for name, wave in (("source", source), ("conversion", mono), ("truth", truth)):
            if wave is not None and self._tagger is not None:
                said = self._tagger.probabilities(self._tagger.pieces(wave), _OF_RECORDING)
                self._said.setdefault(name, []).append(said)
        return found

    def tags(self) -> Tags:
        """The tags that tell the style from the source best, the clearest first; none without a tagger.

        Means over what :meth:`figures` was given and :meth:`learn` has heard. Where no source is known, the
        conversions stand for it: then these are the tags that they still miss.
        """
        if self._tagger is None or not self._said:
            return {}
        learned = {
            name: self._tagger.probabilities(np.concatenate(pieces), _OF_STYLE)
            for name, pieces in self._pieces.items()
        }
        mean = learned | {name: np.mean(said, axis=0) for name, said in self._said.items()}
        apart = np.abs(mean["style"] - mean.get("source", mean["conversion"]))
        names = [name for name in ("source", "conversion", "truth", "style") if name in mean]
        return {
            TAGS[place]: {name: float(mean[name][place]) for name in names}
            for place in np.argsort(-apart, kind="stable")[:MOST_TAGS]
        }
