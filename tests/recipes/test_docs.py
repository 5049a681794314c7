"""The guide to training and the settings there are."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from styleshift.networks import options
from styleshift.recipes import ScheduleConfig, load_recipe
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
    guide = (repository / "docs" / "reference" / "recipes.md").read_text("utf-8")
    missing = [item.name for item in fields(kind) if f"`{item.name}`" not in guide]
    assert missing == []


def test_the_values_of_the_schedule_are_those_of_the_recipes(repository: Path) -> None:
    guide = (repository / "docs" / "reference" / "recipes.md").read_text("utf-8")
    rows = re.findall(
        r"^\| `(\w+)` \| (\S+) \| (\S+) \| ",
        guide[guide.index("### `[schedule]`") :],
        re.MULTILINE,
    )
    said = {key: (small.strip("`"), seed.strip("`")) for key, small, seed in rows}
    recipes = [load_recipe(name).schedule for name in ("small", "seed")]
    assert said == {
        item.name: tuple(
            f"{value:g}" if isinstance(value, float) else str(value).lower()
            for value in (getattr(schedule, item.name) for schedule in recipes)
        )
        for item in fields(ScheduleConfig)
    }


def test_every_table_has_a_heading(repository: Path) -> None:
    guide = (repository / "docs" / "reference" / "recipes.md").read_text("utf-8")
    assert [table for table in TABLES if f"### `[{table}]`" not in guide] == []
