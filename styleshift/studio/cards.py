"""Models as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from styleshift.models.shelf import ShelvedModel, list_models
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
        "provenance": {key: _told(value) for key, value in metadata.provenance.items()},
    }


def _told(value: Any) -> str:
    """A value of a model's provenance for people: no braces, no endless digits."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_told(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " / ".join(map(_told, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
