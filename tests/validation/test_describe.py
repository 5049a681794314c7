"""What a class of settings takes, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from styleshift.recipes import Recipe, recipe_keys
from styleshift.validation import Setting, describe


@dataclass(frozen=True)
class Plain:
    size: int = 3
    steps: Literal[1, 2] = 1
    place: Path = Path("a")
    names: tuple[str, ...] = ("x",)
    limit: float | None = None
    made: int = field(default=7, init=False)


class Model(BaseModel):
    low: float = Field(0.5, ge=0, description="How low.")
    high: int = Field(4, lt=9, multiple_of=2)
    on: bool = True


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        (
            Plain,
            [
                Setting("size", "whole number", 3, "", ""),
                Setting("steps", "choice", 1, "1, 2", ""),
                Setting("place", "path", Path("a"), "", ""),
                Setting("names", "list", ("x",), "", ""),
                Setting("limit", "number or none", None, "", ""),
            ],
        ),
        (
            Model,
            [
                Setting("low", "number", 0.5, "from 0", "How low."),
                Setting("high", "whole number", 4, "below 9 in steps of 2", ""),
                Setting("on", "true or false", True, "", ""),
            ],
        ),
    ],
)
def test_dataclasses_and_models_are_described_alike(kind: type, rows: list[Setting]) -> None:
    assert describe(kind) == rows


def test_every_recipe_key_is_described() -> None:
    rows = {row.key: row for row in recipe_keys()}
    tables = Recipe().to_dict()
    components = ("generator", "discriminator")
    keys = {f"{name}.{key}" for name, table in tables.items() if isinstance(table, dict) for key in table}
    assert set(rows) == {key for key in keys if not key.startswith(components)} | {"name", "summary"}
    assert all(row.help.endswith(".") for row in rows.values())
    assert rows["data.mute"].limits == "from 0 to 1"
    assert rows["schedule.steps"].default == 20_000
