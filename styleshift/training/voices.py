"""What a run is told that would leave voices at their pitch."""

from __future__ import annotations

from styleshift.corpus import Corpus, CropSampler
from styleshift.errors import ConfigError
from styleshift.recipes import Recipe
from styleshift.voice.speech import CROP_SECONDS, SpeechListener

_CROPS = 20  # of each domain, which take 0.15 s
_ENOUGH = 0.4  # of them, where a domain is speech; see styleshift.voice.speech


def voices_hint(corpora: tuple[Corpus, Corpus], recipe: Recipe) -> str:
    """The sentence that names the recipe for voices; empty where it is of no use.

    Args:
        corpora: of both domains.
        recipe: of the run.

    Raises:
        CorpusError: an array is missing or damaged.
    """
    if recipe.pitch.shift:
        return ""
    try:
        listener = SpeechListener(recipe.spectrogram)
    except ConfigError:  # nothing can be said of such spectrograms
        return ""
    if not all(_speech(corpus, listener) for corpus in corpora):
        return ""
    x, y = (corpus.domain for corpus in corpora)
    return (
        f"hint: {x} and {y} both sound like voices; `recipe=voice` moves their pitch first "
        "(`styleshift precompute` `recipe=voice` comes before it)"
    )


def _speech(corpus: Corpus, listener: SpeechListener) -> bool:
    """Whether somebody speaks in enough crops of a domain."""
    frames = round(CROP_SECONDS * corpus.config.frame_rate)
    crops = CropSampler(corpus, frames, seed=0).batch(_CROPS)[:, 0].transpose(0, 2, 1)
    return sum(listener.speaks(crop) for crop in crops) > _ENOUGH * _CROPS
