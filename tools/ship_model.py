"""Puts an exported model among those that ship: with a card, a licence, and none of the maker's own paths.

    python tools/ship_model.py MODEL.onnx --card CARD.toml --licence TEXT [--strength NUMBER] [--shelf FOLDER]

Afterwards `make reference` writes its card into the documentation.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx

from styleshift.bundle.card import read_card
from styleshift.bundle.load import load_bundle
from styleshift.bundle.names import file_name
from styleshift.models.verify import write_checksums
from styleshift.system.files import atomic_path
from styleshift.workspace import shipped_models

MOST_BYTES = 12_000_000


def ship(
    source: Path, card: Path, licence: str, *, strength: float = 1.0, folder: Path | None = None
) -> Path:
    """Write a model into the folder of those that ship, and list it.

    Args:
        source: as `styleshift export` wrote it.
        card: TOML; see :func:`styleshift.bundle.card.read_card`.
        licence: what others may do with it.
        strength: how much of its change is kept where nobody says otherwise.
        folder: another folder than the package's own.
    """
    folder = folder or shipped_models()
    metadata = load_bundle(source).metadata
    metadata = replace(
        metadata,
        card=read_card(card, metadata.source, metadata.target),
        licence=licence,
        strength=strength,
        provenance=without_paths(metadata.provenance),
        recipe=without_paths(metadata.recipe),
    )
    model = onnx.load(source)
    del model.metadata_props[:]
    for key, text in metadata.to_props().items():
        model.metadata_props.add(key=key, value=text)
    target = folder / f"{file_name(metadata.source)}-to-{file_name(metadata.target)}.onnx"
    data = model.SerializeToString(deterministic=True)
    if len(data) >= MOST_BYTES:
        raise SystemExit(f"{source} has {len(data) / 1e6:.1f} MB; a model that ships has less than 12")
    with atomic_path(target) as partial:
        partial.write_bytes(data)
        load_bundle(partial)
    write_checksums(folder)
    return target


def without_paths(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values without those that name a place on the maker's machine."""
    return {key: _without_paths(value) for key, value in values.items() if not _is_path(value)}


def _without_paths(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_paths(value)
    if isinstance(value, list):
        return [_without_paths(each) for each in value if not _is_path(each)]
    return value


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and ("/" in value or "\\" in value)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Put an exported model among those that ship.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--licence", required=True)
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--shelf", type=Path, help="another folder than the package's own")
    words = parser.parse_args()
    print(ship(words.model, words.card, words.licence, strength=words.strength, folder=words.shelf))


if __name__ == "__main__":
    main()
