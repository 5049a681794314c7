"""The guide to training and the settings there are."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from styleshift.networks import options
from styleshift.recipes.schema import TABLES

NETWORKS = (
    options.SeedGeneratorOptions,
    options.ResizeGeneratorOptions,
    options.OneDimensionalGeneratorOptions,
    options.TwoOneTwoGeneratorOptions,
    options.ResidualGeneratorOptions,
    options.SeedDiscriminatorOptions,
    options.PatchDiscriminatorOptions,
)


@pytest.mark.parametrize("kind", [*TABLES.values(), *NETWORKS], ids=lambda kind: kind.__name__)
def test_every_setting_is_in_the_guide(kind: type, repository: Path) -> None:
    guide = (repository / "docs" / "training.md").read_text("utf-8")
    missing = [item.name for item in fields(kind) if f"`{item.name}`" not in guide]
    assert missing == []


def test_every_table_has_a_heading(repository: Path) -> None:
    guide = (repository / "docs" / "training.md").read_text("utf-8")
    assert [table for table in TABLES if f"### `[{table}]`" not in guide] == []
