"""A card goes into a model and comes back; one file serves both directions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from styleshift.bundle.card import ModelCard, read_card
from styleshift.bundle.load import read_metadata
from styleshift.bundle.metadata import BundleMetadata
from styleshift.errors import BundleError, ConfigError


def test_a_direction_adds_to_what_both_share(tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text(
        'summary = "a test"\ncredits = ["Ada, CC0"]\n["violin to piano"]\nbad_at = ["trills"]\n'
        'scores = [{what = "converted", lsd = "6.1"}]\n'
    )
    there = read_card(tmp_path / "card.toml", "violin", "piano")
    assert there == ModelCard(
        summary="a test",
        credits=("Ada, CC0",),
        scores=({"what": "converted", "lsd": "6.1"},),
        bad_at=("trills",),
    )
    back = read_card(tmp_path / "card.toml", "piano", "violin")
    assert back == ModelCard(summary="a test", credits=("Ada, CC0",))


@pytest.mark.parametrize(
    ("text", "said"),
    [('sumary = "x"', "sumary"), ("summary = 3", "summary"), ("summary =", "not TOML")],
)
def test_a_card_that_is_none_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "card.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_card(tmp_path / "card.toml", "a", "b")


def test_a_card_comes_back_from_the_models_metadata(models: ModuleType, tmp_path: Path) -> None:
    card = ModelCard(summary="ein Prüfstück", scores=({"what": "a", "lsd": "6"},), bad_at=("x",))
    props = replace(models.metadata(), card=card).to_props()
    assert all(text.isascii() for text in props.values())
    assert read_metadata(models.make_model(tmp_path / "a.onnx", props=props)).card == card
    assert read_metadata(models.make_model(tmp_path / "b.onnx")).card == ModelCard()


def test_a_newer_card_keeps_what_is_known_and_a_wrong_one_is_refused(models: ModuleType) -> None:
    props = models.metadata().to_props()
    newer = BundleMetadata.from_props({**props, "styleshift.card": '{"summary": "s", "smell": "none"}'})
    assert newer.card == ModelCard(summary="s")
    with pytest.raises(BundleError, match="summary"):
        BundleMetadata.from_props({**props, "styleshift.card": '{"summary": 3}'})
