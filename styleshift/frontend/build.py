"""What the extension was built with, and which instruction set it uses."""

from __future__ import annotations

import os
from typing import Any

from styleshift import __version__
from styleshift.errors import ConfigError
from styleshift.frontend import _native

SIMD_VARIABLE = "STYLESHIFT_SIMD"


def choose_variant(name: str) -> None:
    """Make all later calls use one SIMD variant; do not call while another thread computes.

    Args:
        name: ``baseline``, ``avx2`` or ``avx512``.

    Raises:
        ConfigError: this build or machine has not got it; the message lists those there are.
    """
    try:
        _native.select_variant(name)
    except ValueError as error:
        raise ConfigError(str(error), f"unset {SIMD_VARIABLE} to use the fastest one") from None


def build_info() -> dict[str, Any]:
    """How the extension was built.

    Returns:
        ``version``; ``simd``, the variant in use; ``simd_available``, those that this machine runs, slowest
        first; ``simd_compiled``, those in this build; ``compiler``; ``flags``, ``avx2_flags`` and
        ``avx512_flags``; ``sanitizer``, empty in a normal build.
    """
    return {
        "version": __version__,
        "simd": _native.chosen_variant(),
        "simd_available": _native.available_variants(),
        "simd_compiled": _native.compiled_variants(),
        **_native.build,
    }


def release_memory() -> int:
    """Hand memory kept for later results back to the system.

    Arrays of 1 MiB and more that the front end made and nobody refers to any more are kept, up to 256 MiB:
    new memory costs the system more time than filling it costs us. The system may take their pages itself
    when it runs short (MADV_FREE).

    Returns:
        Bytes handed back.
    """
    kept = _native.kept_result_memory()
    _native.drop_result_memory()
    return kept


if os.environ.get(SIMD_VARIABLE):
    choose_variant(os.environ[SIMD_VARIABLE])
