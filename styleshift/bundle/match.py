"""What an export measures on the workspace's recordings, and what it then changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from styleshift.bundle.postfilter import Postfilter
from styleshift.bundle.quiet import QuietLimit
from styleshift.bundle.settings import ExportSettings
from styleshift.bundle.smoothing import Smoothing
from styleshift.bundle.spectrum import match_spectrum
from styleshift.bundle.variance import VarianceFilter, match_variance
from styleshift.corpus import Corpus, CropSampler
from styleshift.errors import CorpusError
from styleshift.progress import Reporter
from styleshift.training.directions import DIRECTIONS
from styleshift.workspace import Workspace

if TYPE_CHECKING:
    from styleshift.training.checkpoint import TrainedModel


def match(
    workspace: Workspace,
    trained: TrainedModel,
    run: str,
    settings: ExportSettings,
    smoothing: Smoothing | None,
    quiet: QuietLimit | None,
    reporter: Reporter,
) -> dict[str, VarianceFilter]:
    """Match the spectrum of a run's conversions, then their variance, as asked.

    A spectrum is measured behind smoothing and the limit, which change it. A variance is measured without
    smoothing, which is not made up for: what it takes away was not wanted.

    Args:
        workspace: where the spectrograms are.
        trained: its scales are shifted in place.
        run: its name.
        settings: of the export.
        smoothing: of the export.
        quiet: of the export.
        reporter: receives progress.

    Returns:
        What spreads envelopes, by direction; nothing where that is not asked for.

    Raises:
        ConfigError: the compression is none in which a spectrum or a variance can be matched.
        CorpusError: the spectrograms are absent, damaged, or made with other settings than the run's.
    """
    asked = [name for name in ("match_spectrum", "match_variance") if getattr(settings, name)]
    corpora = [Corpus.open(workspace.spectrograms / domain) for domain in trained.domains]
    for corpus in corpora:
        if difference := corpus.config.difference(trained.spectrogram):
            raise CorpusError(
                f"the spectrograms of {corpus.domain} do not fit run {run} ({difference})",
                f"`styleshift precompute` with `recipe={trained.recipe.name}` replaces them; or leave out "
                + " and ".join(f"`{name}`" for name in asked),
            )
    found = {}
    for direction, pair in zip(DIRECTIONS, (corpora, corpora[::-1]), strict=True):
        translator = trained.translators[direction]
        with reporter.phase(f"measuring conversions to {pair[1].domain}"):
            for name in asked:
                source, target = (CropSampler(corpus, trained.window_frames, seed=0) for corpus in pair)
                if name == "match_spectrum":
                    whole = Postfilter(translator, smoothing=smoothing, quiet=quiet)
                    translator.target.shift(match_spectrum(whole, source, target, trained.spectrogram))
                else:
                    limited = Postfilter(translator, quiet=quiet)
                    found[direction] = match_variance(limited, source, target, trained.spectrogram)
    return found
