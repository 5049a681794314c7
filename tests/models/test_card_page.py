"""A card is shown whole, in words and as a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

from styleshift.bundle.card import ModelCard
from styleshift.models.card_page import card_markdown, card_text
from styleshift.models.shelf import ShelvedModel

CARD = ModelCard(
    summary="Folk tunes, sung by reeds.",
    material="Ten tunes.",
    credits=("Ada, CC0",),
    recipe="small, an hour",
    made_by="make it",
    scores=({"what": "unchanged", "lsd": "10.5"}, {"what": "converted", "lsd": "6.1", "p": ".95"}),
    scores_note="12 pairs",
    bad_at=("trills",),
)


def _model(models: ModuleType, folder: Path) -> ShelvedModel:
    metadata = replace(models.metadata(), card=CARD, licence="CC0")
    path = models.make_model(folder / "a-to-b.onnx", props=metadata.to_props())
    return ShelvedModel(path, "user", metadata)


def test_both_have_every_part(models: ModuleType, tmp_path: Path) -> None:
    model = _model(models, tmp_path)
    for page in (card_text(model), card_markdown(model)):
        for said in (
            "Folk tunes",
            "Ten tunes",
            "Ada, CC0",
            "small, an hour",
            "make it",
            "12 pairs",
            "trills",
        ):
            assert said in page
    assert "| unchanged | 10.5 |  |\n| converted | 6.1 | .95 |" in card_markdown(model)
    table = "  what       lsd   p\n  unchanged  10.5\n  converted  6.1   .95\n"
    assert f"{table}  lower is better: lsd; higher is better: p\n" in card_text(model)


def test_what_is_not_said_has_no_heading(models: ModuleType, tmp_path: Path) -> None:
    path = models.make_model(tmp_path / "a.onnx")
    bare = ShelvedModel(path, "user", models.metadata())
    assert "##" not in card_markdown(bare)
    assert "licence   not said" in card_text(bare)


def test_what_export_changed_is_said_in_plain_words(models: ModuleType, tmp_path: Path) -> None:
    model = _model(models, tmp_path)
    provenance = {
        "smooth_frames": 0.15,
        "smooth_bins": 0.0,
        "keep_quiet": 20.0,
        "match_spectrum": "?",
        "match_variance": True,
        "members": [
            {"run": "a", "seed": 0, "step": 500},
            {"run": "b", "seed": 1, "step": 500, "mean_of": [400, 500]},
            {"run": "c"},
        ],
    }
    told = replace(model, metadata=replace(model.metadata, provenance=provenance, strength=0.8))
    assert (
        "  settings  the mean of 3 runs, a (seed 0, step 500), b (seed 1, step 400+500) and c; smoothed by "
        "0.15 along time; adds little where a recording is 20 dB or more below its level; "
        "its envelopes vary more like its target's; strength 0.8\n"
    ) in card_text(told)
    told = replace(model, metadata=replace(model.metadata, provenance={"smooth_frames": -0.08}))
    assert "  settings  sharpened by 0.08 along time\n" in card_text(told)
    assert "settings" not in card_text(model)
