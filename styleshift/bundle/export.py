"""One direction of a trained run becomes one ONNX file, compared with PyTorch before it is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.bundle.card import ModelCard
from styleshift.bundle.load import Bundle, check_model, load_bundle
from styleshift.bundle.metadata import BundleMetadata, fit_name
from styleshift.bundle.origin import provenance_of
from styleshift.bundle.parity import compare
from styleshift.bundle.settings import ExportSettings
from styleshift.bundle.trace import trace
from styleshift.errors import BundleError
from styleshift.system.files import atomic_path
from styleshift.training.directions import ends_of

if TYPE_CHECKING:
    from torch import nn

    from styleshift.training.checkpoint import TrainedModel
    from styleshift.training.translator import Translator


@dataclass(frozen=True, slots=True)
class Exported:
    """One model file that was made.

    Attributes:
        bundle: the file, read back and checked.
        parity: greatest difference from PyTorch, in natural-log units, over all compared shapes.
        replaced: a file of that name was there before.
    """

    bundle: Bundle
    parity: float
    replaced: bool

    @property
    def path(self) -> Path:
        """The file."""
        return self.bundle.path

    @property
    def source(self) -> str:
        """The domain that goes in."""
        return self.bundle.metadata.source

    @property
    def target(self) -> str:
        """The domain that comes out."""
        return self.bundle.metadata.target

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "path": str(self.path),
            "source": self.source,
            "target": self.target,
            "digest": self.bundle.digest,
            "parity": self.parity,
            "replaced": self.replaced,
        }


def export_bundle(
    trained: TrainedModel,
    direction: str,
    path: Path,
    *,
    others: Sequence[TrainedModel] = (),
    settings: ExportSettings | None = None,
    card: ModelCard | None = None,
    behind: Callable[[Translator], nn.Module] | None = None,
) -> Exported:
    """Write one direction of ``trained`` to ``path``.

    The file appears under its name only when it was compared with PyTorch, at four lengths and two batch
    sizes, and read back; otherwise nothing is left behind. The same checkpoint gives the same bytes.

    Args:
        trained: what :func:`styleshift.training.checkpoint.load_trained` returns.
        direction: ``x2y`` or ``y2x``.
        path: of the file; its folder is made.
        others: runs that give their mean with this one; see :class:`styleshift.training.ensemble.Ensemble`.
        settings: of the export, which the model notes whole; its licence and its strength are of them.
        card: what a person wants to know of the model.
        behind: puts filters behind a generator, such as :class:`styleshift.bundle.postfilter.Postfilter`.

    Raises:
        ParityError: the exported graph computes something else than PyTorch does.
        BundleError: the generator cannot be exported, or the file cannot be written.
    """
    from styleshift.audio.level import REFERENCE_LEVEL_DB
    from styleshift.training.ensemble import Ensemble

    source, target = ends_of(direction, trained.domains)
    whole = trained.translators[direction]
    metadata = BundleMetadata(
        source=fit_name(source),
        target=fit_name(target),
        spectrogram=trained.spectrogram,
        reference_level_db=REFERENCE_LEVEL_DB,
        window_frames=trained.window_frames,
        time_multiple=trained.time_multiple,
        pitch=whole.front.target() if whole.front else None,
        source_voice=whole.voice.means() if whole.voice else None,
        percussion=whole.drums.target() if whole.drums else None,
        recipe=trained.recipe.to_dict(),
        provenance=provenance_of((trained, *others), direction, settings),
        licence=settings.licence if settings else "",
        strength=settings.strength if settings else 1.0,
        card=card or ModelCard(),
        requires=tuple(
            {item["package"]: dict(item) for one in (*others, trained) for item in one.requires}.values()
        ),
    )
    alone = [each.translators[direction].without_front() for each in (trained, *others)]
    members: list[nn.Module] = [behind(each) if behind else each for each in alone]
    generator = Ensemble(members) if others else members[0]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replaced = path.exists()
        # Before the work: a folder that cannot be written to is found out at once.
        with atomic_path(path) as partial:
            model = trace(generator, metadata)
            for key, text in metadata.to_props().items():
                model.metadata_props.add(key=key, value=text)
            check_model(model, metadata)
            partial.write_bytes(model.SerializeToString(deterministic=True))
            parity = compare(generator, partial, metadata)
            load_bundle(partial)
    except OSError as error:
        raise BundleError(
            f"cannot write {path}: {error.strerror or error}", "choose another `output`"
        ) from error
    return Exported(load_bundle(path), parity, replaced)
