"""styleshift: learn the style of one collection of recordings and give it to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from styleshift.conversion.api import Model, convert_file, convert_library, forecast_library, load_model
    from styleshift.conversion.settings import ConvertSettings

__version__ = "0.1.0"
__all__ = [
    "ConvertSettings",
    "Model",
    "__version__",
    "convert_file",
    "convert_library",
    "forecast_library",
    "load_model",
]


def __getattr__(name: str) -> Any:
    """Import what is heavy when it is asked for."""
    if name in __all__:
        from styleshift.conversion import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
