"""Recipes: one TOML file describes one experiment whole."""

from styleshift.recipes.schedule import ScheduleConfig, WarmStartConfig, budget
from styleshift.recipes.schema import Recipe, list_recipes, load_recipe, recipe_keys
from styleshift.recipes.settings import (
    ComponentConfig,
    DataConfig,
    LossConfig,
    OptimiserConfig,
)

__all__ = [
    "ComponentConfig",
    "DataConfig",
    "LossConfig",
    "OptimiserConfig",
    "Recipe",
    "ScheduleConfig",
    "WarmStartConfig",
    "budget",
    "list_recipes",
    "load_recipe",
    "recipe_keys",
]
