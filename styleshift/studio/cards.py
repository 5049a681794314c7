"""Models as the page shows them."""

from __future__ import annotations

from typing import Any

from styleshift.models.shelf import ShelvedModel, find_named, list_models
from styleshift.workspace import Workspace


def all_cards(place: Workspace) -> dict[str, Any]:
    """The card of every model that ``convert`` finds, and what is wrong with files that are none."""
    unreadable: list[str] = []
    return {
        "models": [card(model) for model in list_models(place, unreadable.append)],
        "unreadable": unreadable,
    }


def card(model: ShelvedModel) -> dict[str, Any]:
    """One model with its card and origin."""
    metadata = model.metadata
    return {
        **model.to_dict(),
        **metadata.card.to_dict(),
        "recipe_name": str(metadata.recipe.get("name", "")),
        "strength": metadata.strength,
        "sample_rate": metadata.spectrogram.sample_rate,
        "provenance": {key: str(value) for key, value in metadata.provenance.items()},
    }


def model_named(place: Workspace, name: str) -> ShelvedModel:
    """See :func:`styleshift.models.shelf.find_named`."""
    return find_named(place, name)
