"""Recipes: one TOML file describes one experiment whole."""

from styleshift.recipes.schema import (
    ComponentConfig,
    DataConfig,
    LossConfig,
    OptimiserConfig,
    Recipe,
    ScheduleConfig,
    WarmStartConfig,
    list_recipes,
    load_recipe,
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
