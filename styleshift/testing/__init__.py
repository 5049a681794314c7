"""The contract checks that a plugin author runs; the built-ins run them too.

Each takes a record, uses it as styleshift would, and raises :class:`ContractError` with a plain sentence
where it breaks what the author's guide (docs/reference/plugin-hooks.md) promises. In a test of a plugin::

    from styleshift.testing import check_generator, check_plugin

    def test_contract():
        registry = check_plugin("my_package")
        check_generator(registry.generators.get("my-generator"))
"""

from styleshift.testing.contract import ContractError
from styleshift.testing.discriminator import check_discriminator
from styleshift.testing.domain import check_domain
from styleshift.testing.engine import check_engine
from styleshift.testing.experiment import (
    check_augmentation,
    check_loss,
    check_metric,
    check_models,
    check_recipe,
)
from styleshift.testing.generator import check_generator
from styleshift.testing.plugin import check_plugin
from styleshift.testing.runtime import check_runtime
from styleshift.testing.tracker import check_tracker
from styleshift.testing.vocoder import check_vocoder

__all__ = [
    "ContractError",
    "check_augmentation",
    "check_discriminator",
    "check_domain",
    "check_engine",
    "check_generator",
    "check_loss",
    "check_metric",
    "check_models",
    "check_plugin",
    "check_recipe",
    "check_runtime",
    "check_tracker",
    "check_vocoder",
]
