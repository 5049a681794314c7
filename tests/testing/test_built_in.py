"""What is built in keeps the contracts that plugins are held to.

Of styleshift.testing.
"""

from __future__ import annotations

import numpy as np
import pytest

from styleshift.testing import (
    check_discriminator,
    check_domain,
    check_generator,
    check_plugin,
    check_runtime,
    check_tracker,
    check_vocoder,
)


def test_the_built_in_plugins_import_nothing_heavy():
    from styleshift.hooks.registry import BUILT_IN_MODULES

    for module in BUILT_IN_MODULES:
        check_plugin(module)


@pytest.mark.parametrize("name", ["griffin-lim", "source-phase", "pghi"])
def test_the_built_in_vocoders_keep_the_contract(name):
    check_vocoder(check_plugin("styleshift.vocoders.plugin").vocoders.get(name))


def test_the_built_in_runtime_keeps_the_contract():
    check_runtime(check_plugin("styleshift.runtimes.plugin").runtimes.get("onnxruntime"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"), [("seed", {"blocks": 2}), ("residual", {"levels": 2, "bands": 64})]
)
def test_the_built_in_generators_keep_the_contract(name, options):
    spec = check_plugin("styleshift.networks.plugin").generators.get(name)
    check_generator(spec, {"channels": 4, **options}, export=name != "seed")


@pytest.mark.parametrize("name", ["seed", "patch"])
def test_the_built_in_discriminators_keep_the_contract(name):
    spec = check_plugin("styleshift.networks.plugin").discriminators.get(name)
    check_discriminator(spec, {"channels": 2})


def test_the_built_in_tracker_keeps_the_contract():
    pytest.importorskip("tensorboard")
    check_tracker(check_plugin("styleshift.training.trackers").trackers.get("tensorboard"))


def test_the_built_in_domain_keeps_the_contract(tmp_path):
    import soundfile

    for name in ("piano/a.wav", "piano/deep/b.flac", "violin/a.ogg"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        tone = 0.3 * np.sin(np.arange(22050 * 2) * 0.05)
        soundfile.write(file, np.stack([tone, tone], axis=1), 22050)
    spec = check_plugin("styleshift.audio.domain").domains.get("folders")
    found = check_domain(spec, tmp_path)
    assert {name: [item.name for item in items] for name, items in found.items()} == {
        "piano": ["a.wav", "deep/b.flac"],
        "violin": ["a.ogg"],
    }
