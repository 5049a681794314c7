"""One direction of a trained run becomes one ONNX file, compared with PyTorch before it is kept."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.bundle.card import ModelCard
from styleshift.bundle.load import Bundle, check_model, load_bundle
from styleshift.bundle.metadata import INPUT_NAME, OUTPUT_NAME, BundleMetadata, fit_name
from styleshift.bundle.origin import provenance_of
from styleshift.errors import BundleError, ParityError
from styleshift.system.files import atomic_path
from styleshift.training.directions import ends_of

if TYPE_CHECKING:
    import numpy as np
    import onnx
    from torch import Tensor, nn

    from styleshift.arrays import Float32Array
    from styleshift.training.checkpoint import TrainedModel
    from styleshift.training.retrieval import Retrieval

# Natural-log units: 1e-3 is 0.009 dB. Exports of the built-in generators come out near 3e-6.
PARITY_TOLERANCE = 1e-3


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
    licence: str = "",
    card: ModelCard | None = None,
    strength: float = 1.0,
) -> Exported:
    """Write one direction of ``trained`` to ``path``.

    The file appears under its name only when it was compared with PyTorch, at four lengths and two batch
    sizes, and read back; otherwise nothing is left behind. The same checkpoint gives the same bytes.

    Args:
        trained: what :func:`styleshift.training.checkpoint.load_trained` returns.
        direction: ``x2y`` or ``y2x``.
        path: of the file; its folder is made.
        others: runs that give their mean with this one; see :class:`styleshift.training.ensemble.Ensemble`.
        licence: what others may do with the model.
        card: what a person wants to know of the model.
        strength: how much of its change is kept where nobody says otherwise; 1 is all of it.

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
        percussion=whole.drums.target() if whole.drums else None,
        recipe=trained.recipe.to_dict(),
        provenance=provenance_of((trained, *others), direction),
        licence=licence,
        strength=strength,
        card=card or ModelCard(),
        requires=tuple(
            {item["package"]: dict(item) for one in (*others, trained) for item in one.requires}.values()
        ),
    )
    generator: nn.Module = whole.without_front()
    if others:
        generator = Ensemble([generator, *(other.translators[direction].without_front() for other in others)])
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


def trace(generator: nn.Module, metadata: BundleMetadata) -> onnx.ModelProto:
    """The generator as an ONNX graph for any batch and any number of frames that fits; no metadata yet.

    Raises:
        BundleError: PyTorch cannot export it.
    """
    import torch

    frames = max(metadata.window_frames, 4 * metadata.time_multiple)
    example = torch.zeros(2, 1, metadata.spectrogram.bins, frames)
    with _quiet():
        try:
            program = torch.onnx.export(
                _Named(generator).eval(),
                (example,),
                dynamo=True,
                external_data=False,
                input_names=[INPUT_NAME],
                output_names=[OUTPUT_NAME],
                dynamic_shapes={INPUT_NAME: {0: "batch", 3: "frames"}},
                verbose=False,
            )
        except Exception as error:  # the exporter raises many types of its own
            raise BundleError(
                f"PyTorch cannot export this generator: {type(error).__name__}: {str(error).splitlines()[0]}",
                "a generator must take any batch size and any number of frames",
            ) from error
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    _clean(model, metadata.spectrogram.bins)
    return model


def compare(generator: nn.Module, path: Path, metadata: BundleMetadata) -> float:
    """Greatest difference between PyTorch and ONNX Runtime on the CPU, in natural-log units.

    Compared are the training length, a shorter, a longer and an odd one, with one and with two in a batch.

    Raises:
        ParityError: it is above :data:`PARITY_TOLERANCE`, or the graph fails at one of the shapes.
    """
    import numpy as np

    from styleshift.hooks.records import NoOptions
    from styleshift.hooks.registry import load_registry

    session = load_registry().runtimes.get("onnxruntime").build(NoOptions(), path, "cpu", 1)
    random = np.random.default_rng(0)
    step, window = metadata.time_multiple, metadata.window_frames
    shapes = [
        (1, window),
        (2, max(4 * step, window // 2 // step * step)),
        (2, window + 3 * step),
        (1, 2 * window),
    ]
    worst = 0.0
    # Which frame of a table is nearest may hang on the last bit, and is no fault: other sounds are tried.
    retrieval = getattr(generator, "retrieval", None)
    tries = 1 if retrieval is None else 8
    for batch, frames in shapes:
        shape = (batch, 1, metadata.spectrogram.bins, frames)
        sounds = (_sound(retrieval, shape, random) for _ in range(tries))
        worst = max(worst, _compare(generator, session, sounds))
    return worst


def _compare(generator: nn.Module, session: Any, sounds: Iterator[Float32Array]) -> float:
    """The difference on the first sound on which it is small enough; raises as :func:`compare`."""
    import numpy as np
    import torch

    difference = float("nan")
    for log_magnitude in sounds:
        batch, _, _, frames = log_magnitude.shape
        with torch.inference_mode():
            expected = generator(torch.from_numpy(log_magnitude)).numpy()
        try:
            found = session.run(log_magnitude)
        except Exception as error:  # ONNX Runtime raises many types of its own
            raise ParityError(
                f"the exported model fails on {batch} x {frames} frames: {str(error).splitlines()[0]}"
            ) from error
        if found.shape != expected.shape or found.shape != log_magnitude.shape:
            raise ParityError(
                f"the exported model turns {log_magnitude.shape} into {found.shape}; "
                f"PyTorch into {expected.shape}"
            )
        difference = float(np.max(np.abs(found - expected)))
        if difference <= PARITY_TOLERANCE:  # which NaN is not
            return difference
    raise ParityError(
        f"the exported model differs from PyTorch by {difference:.2g} at {batch} x {frames} "
        f"frames; {PARITY_TOLERANCE:g} is allowed",
        "report this with the recipe; the run itself is intact",
    )


def _sound(retrieval: Retrieval | None, shape: tuple[int, ...], random: np.random.Generator) -> Float32Array:
    """What graphs are compared on: magnitudes that span orders of magnitude, and some silent frames."""
    import numpy as np

    if retrieval is None:
        sound = np.abs(random.standard_normal(shape)) * np.exp(random.uniform(-6, 4, (*shape[:3], 1)))
        log_magnitude = np.log1p(sound)
    else:
        # Of noise all frames are as far from it as others, and the last bit decides which one is nearest.
        starts = random.integers(len(retrieval.table.keys), size=shape[0])
        crops = [retrieval.excerpt(shape[3], int(start)).numpy() for start in starts]
        log_magnitude = np.stack(crops)[:, None]
    log_magnitude[..., : shape[3] // 8] = 0
    made: Float32Array = log_magnitude.astype(np.float32)
    return made


def _Named(generator: nn.Module) -> nn.Module:  # noqa: N802 - reads as the class it returns
    from torch import nn

    class Named(nn.Module):
        """Gives the input the name that the file shows, whatever the generator calls it."""

        def __init__(self) -> None:
            super().__init__()
            self.generator = generator

        def forward(self, log_magnitude: Tensor) -> Tensor:
            converted: Tensor = self.generator(log_magnitude)
            return converted

    return Named()


def _clean(model: onnx.ModelProto, bins: int) -> None:
    """Take out what the exporter noted of this machine's files, and say the shapes in our words."""
    graph = model.graph
    parts: list[Any] = [model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info]
    parts += [*graph.initializer, *model.functions, *(node for each in model.functions for node in each.node)]
    for part in parts:
        part.doc_string = ""
        del part.metadata_props[:]
    for value in (*graph.input, *graph.output):
        shape = value.type.tensor_type.shape
        del shape.dim[:]
        for size in ("batch", 1, bins, "frames"):
            shape.dim.add(**{"dim_param" if isinstance(size, str) else "dim_value": size})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's notes to its developers from the user's screen."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
