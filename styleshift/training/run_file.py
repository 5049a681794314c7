"""What a run says of itself, in ``run.json``; reading it needs no PyTorch."""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift import __version__
from styleshift.errors import CheckpointError
from styleshift.training.find import RUN_FILE

if TYPE_CHECKING:
    from styleshift.recipes import Recipe
    from styleshift.training.sources import Pair


def read_run(run_dir: Path) -> dict[str, Any]:
    """``run.json``: name, domains, recipe, seed, provenance, the plugin packages it requires.

    Raises:
        CheckpointError: missing or damaged.
    """
    path = run_dir / RUN_FILE
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        values["recipe"], values["domains"], values["seed"], values["provenance"]
        values.setdefault("requires", [])  # the first runs did not write it down
        gone = values["recipe"].pop("retrieval", {})
        keeps_frames = bool(gone.get("frames"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{run_dir} is no run that can be used: {error}", "start one with `styleshift train`"
        ) from error
    if keeps_frames:
        raise CheckpointError(
            f"{run_dir} keeps frames of its target (`retrieval.frames`), which this version does not",
            "use the version that it was made with, or train anew: `phones.by` took its place",
        )
    return values


def run_requirements(recipe: Recipe) -> list[dict[str, str]]:
    """The plugin packages that this recipe needs: for its networks, losses, augmentations and metrics."""
    from styleshift.hooks.registry import load_registry
    from styleshift.hooks.requirements import requirements_of

    registry = load_registry()
    return requirements_of(
        [
            registry.generators.entry(recipe.generator.name),
            registry.discriminators.entry(recipe.discriminator.name),
            *(registry.losses.entry(name) for name in recipe.losses),
            *(registry.augmentations.entry(name) for name in recipe.augmentations),
            *(registry.metrics.entry(name) for name in recipe.schedule.content),
        ]
    )


def run_provenance(corpora: Pair, where: str, seed: int) -> dict[str, Any]:
    """What a run was begun with, and when.

    Args:
        corpora: what it learns from.
        where: the device, in words.
        seed: of its random number generators.
    """
    import torch

    return {
        "styleshift": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": where,
        "seed": seed,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "corpora": {
            corpus.domain: {"digest": corpus.digest, "hours": corpus.hours, "tracks": len(corpus.tracks)}
            for corpus in corpora
        },
    }
