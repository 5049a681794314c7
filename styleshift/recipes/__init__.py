"""Recipes: one TOML file describes one experiment whole."""

from styleshift.recipes.schema import Recipe, list_recipes, load_recipe
from styleshift.recipes.settings import (
    ComponentConfig,
    DataConfig,
    LossConfig,
    OptimiserConfig,
    ScheduleConfig,
    WarmStartConfig,
)

__all__ = [
    "ComponentConfig",
    "DataConfig",
    "LossConfig",
    "OptimiserConfig",
    "Recipe",
    "ScheduleConfig",
    "WarmStartConfig",
    "list_recipes",
    "load_recipe",
]
