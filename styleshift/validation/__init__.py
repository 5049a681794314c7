"""Settings of every kind are declared as typed fields and checked by pydantic, here and nowhere else.

Recipes, the options of plugins, the user's settings and the metadata of a model go through this. What is
wrong with a value becomes the two lines of a :class:`~styleshift.errors.ConfigError`.
"""

from styleshift.validation.check import settings, validate
from styleshift.validation.describe import Setting, describe, schema_of

__all__ = ["Setting", "describe", "schema_of", "settings", "validate"]
