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
    for page in (card_text(model, "convert it"), card_markdown(model, usage="convert it")):
        places = []
        # In this order: what a musician asks, the figures, how it was made, whose the material was.
        for said in (
            "Folk tunes",
            "trills",
            "up to 8.0 kHz (16000 samples a second)",
            "CC0",
            "convert it",
            "10.5",
            "12 pairs",
            "small, an hour",
            "Ten tunes",
            "make it",
            "Ada, CC0",
        ):
            assert said in page
            places.append(page.index(said))
        assert places == sorted(places)
    assert "| unchanged | 10.5 |  |\n| converted | 6.1 | .95 |" in card_markdown(model)
    table = "  what       lsd   p\n  unchanged  10.5\n  converted  6.1   .95\n"
    assert f"{table}  lower is better: lsd; higher is better: p\n" in card_text(model)


def test_where_pictures_are_is_said_of_what_ships_alone(models: ModuleType, tmp_path: Path) -> None:
    own = _model(models, tmp_path)
    shipped = replace(own, place="shipped")
    page = "explanation/shipped-models.md#country-to-classical"
    text = " ".join(card_text(shipped).split())
    assert (
        " pictures in the documentation: explanation/shipped-models.md, section Country to classical " in text
    )
    assert "docs/" not in text, "which an installed package lacks"
    assert f"](../{page})" in card_markdown(shipped)
    for said in (card_text(own), card_markdown(own)):
        assert "shipped-models" not in said


def test_a_spread_is_explained_below_the_table_that_has_one(models: ModuleType, tmp_path: Path) -> None:
    model = _model(models, tmp_path)
    seeds = replace(CARD, scores=(*CARD.scores, {"what": "three seeds", "lsd": "6.2±.1"}))
    spread = replace(model, metadata=replace(model.metadata, card=seeds))
    for show in (card_text, card_markdown):
        assert "higher is better: p; ±: mean and standard deviation\n" in show(spread)
        assert "±" not in show(model)


def test_what_is_not_said_has_no_heading(models: ModuleType, tmp_path: Path) -> None:
    path = models.make_model(tmp_path / "a.onnx")
    bare = ShelvedModel(path, "user", models.metadata())
    assert "##" not in card_markdown(bare)
    text = card_text(bare)
    assert "licence   not said" in text
    for heading in ("bad at", "to convert", "measured", "material", "credits"):
        assert heading not in text


def test_lines_fit_the_screen_and_go_on_below_their_text(models: ModuleType, tmp_path: Path) -> None:
    long = replace(CARD, bad_at=("trills and " * 20,), material="ten tunes " * 30)
    metadata = replace(models.metadata(), card=long)
    path = models.make_model(tmp_path / "a-to-b.onnx", props=metadata.to_props())
    usage = "styleshift convert ./FOLDER --model " + "x" * 80
    for width, most in ((60, 60), (80, 80), (300, 100)):
        lines = card_text(ShelvedModel(path, "user", metadata), usage, width).split("\n")
        assert f"  {usage}" in lines  # to be copied, so it is not broken
        others = [line for line in lines if usage not in line and str(path) not in line]
        assert max(map(len, others)) <= most
        assert max(map(len, others)) > most - 12
        (bad,) = [index for index, line in enumerate(lines) if line.startswith("  - trills")]
        assert lines[bad + 1].startswith("    ")
        assert lines[bad + 1][4] != " "
        (material,) = [index for index, line in enumerate(lines) if line.startswith("  material  ten")]
        assert lines[material + 1].startswith(" " * 12 + "t")


def test_what_export_changed_is_said_in_plain_words(models: ModuleType, tmp_path: Path) -> None:
    model = _model(models, tmp_path)
    provenance = {
        "generator_share": 0.5,
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
        "settings the mean of 3 runs, a (seed 0, step 500), b (seed 1, step 400+500) and c; keeps 50% "
        "of what its network changes; smoothed by 0.15 along time; adds little where a recording is 20 dB "
        "or more below its level; its envelopes vary more like its target's; strength 0.8 material"
    ) in " ".join(card_text(told).split())
    for noted in ({"smooth_frames": -0.08}, {"export": {"smooth_frames": -0.08, "checkpoint": "best"}}):
        told = replace(model, metadata=replace(model.metadata, provenance=noted))
        assert "  settings  sharpened by 0.08 along time\n" in card_text(told)
    assert "settings" not in card_text(model)
