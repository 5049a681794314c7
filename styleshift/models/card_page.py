"""A model's card as text for a terminal and as a page of the documentation."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from styleshift.bundle.metadata import BundleMetadata
from styleshift.bundle.origin import members_of, noted_settings, steps_of
from styleshift.models.shelf import ShelvedModel
from styleshift.words import listed

_PICTURES = "explanation/shipped-models.md"
"""Page of the documentation that has a section with pictures for each model that ships."""

# Longer lines are hard to read, and shorter ones hold no word.
_WIDEST, _NARROWEST = 100, 40

_EXPORTED_WITH = {
    "generator_share": "keeps {:.0%} of what its network changes",
    "smooth_frames": "{how} by {:g} along time",
    "smooth_bins": "{how} by {:g} along frequency",
    "keep_quiet": "adds little where a recording is {:g} dB or more below its level",
    "match_spectrum": "has its target's mean spectrum",
    "match_variance": "its envelopes vary more like its target's",
}


def card_text(model: ShelvedModel, usage: str = "", width: int = 80) -> str:
    """The card as plain lines: what a musician asks first, then figures, then how it was made.

    Args:
        model: whose card.
        usage: a command that uses the model; empty: none is shown.
        width: characters that a line has room for. Commands and tables are not broken: they are copied.
    """
    metadata, card = model.metadata, model.metadata.card
    width = min(width, _WIDEST)
    lines = [f"{model.name}: {metadata.source} to {metadata.target}", *_wrapped(card.summary, width)]
    if card.bad_at:
        lines += ["", "bad at", *_bullets(card.bad_at, width)]
    facts = {
        "hears": _hears(metadata),
        "licence": metadata.licence or "not said",
        "file": f"{model.path} ({model.path.stat().st_size / 1e6:.1f} MB, {model.place})",
    }
    lines += ["", *_labelled(facts, width)]
    if usage:
        lines += ["", "to convert a folder, or one recording", f"  {usage}"]
    if card.scores:
        lines += ["", "measured", *_columns(card.scores)]
        lines += _wrapped(_legend(card.scores), width, "  ") + _wrapped(card.scores_note, width, "  ")
    if pictures := pictures_of(model):
        # Where this is installed, the documentation is not: its page is named, no path.
        page, section = pictures.split("#")
        where = f"in the documentation: {page}, section {section.replace('-', ' ').capitalize()}"
        lines += ["", "pictures", *_wrapped(where, width, "  ")]
    made = {
        "recipe": str(card.recipe or metadata.recipe.get("name") or ""),
        "settings": _settings(metadata),
        "material": card.material,
    }
    told = _labelled(made, width) + ([f"  {'anew by':<9} {card.made_by}"] if card.made_by else [])
    if told:
        lines += ["", "how it was made", *told]
    if card.credits:
        lines += ["", "credits", *_bullets(card.credits, width)]
    return "\n".join(lines)


def pictures_of(model: ShelvedModel) -> str:
    """Where the documentation has pictures of what a model does: a page and its section; empty: nowhere."""
    if model.place != "shipped":
        return ""
    return f"{_PICTURES}#{model.metadata.source}-to-{model.metadata.target}"


def _hears(metadata: BundleMetadata) -> str:
    rate = metadata.spectrogram.sample_rate
    return f"up to {rate / 2000:.1f} kHz ({rate} samples a second); what lies above is the recording's own"


def _labelled(facts: Mapping[str, str], width: int) -> list[str]:
    """A fact a line, those that are empty left out; what goes on is below its text, not its name."""
    below = " " * 12
    lines = (_wrapped(text, width, f"  {name:<9} ", below) for name, text in facts.items() if text)
    return [line for each in lines for line in each]


def _bullets(texts: Sequence[str], width: int) -> list[str]:
    return [line for text in texts for line in _wrapped(text, width, "  - ", "    ")]


def _wrapped(text: str, width: int, first: str = "", then: str | None = None) -> list[str]:
    """Lines of whole words, so that paths and addresses can be copied; none for no text."""
    return textwrap.wrap(
        text,
        max(width, _NARROWEST),
        initial_indent=first,
        subsequent_indent=first if then is None else then,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _settings(metadata: BundleMetadata) -> str:
    """What ``export`` was told to change; a stranger's file may say anything in their place."""
    of = noted_settings(metadata.provenance)
    numbers = {key: of[key] for key in _EXPORTED_WITH if isinstance(of.get(key), int | float) and of[key]}
    said = [
        _EXPORTED_WITH[key].format(abs(number), how="smoothed" if number > 0 else "sharpened")
        for key, number in numbers.items()
    ]
    if len(members := members_of(metadata.provenance)) > 1:
        said = [f"the mean of {len(members)} runs, {listed([_member(each) for each in members])}", *said]
    said += [f"strength {metadata.strength:g}"] if metadata.strength != 1 else []
    return "; ".join(said)


def _member(run: Mapping[str, Any]) -> str:
    """One run of a mean, with its seed and its step where the file tells them."""
    facts = [("seed", str(run.get("seed", ""))), ("step", steps_of(run))]
    told = ", ".join(f"{name} {value}" for name, value in facts if value)
    return f"{run.get('run')} ({told})" if told else str(run.get("run"))


def card_markdown(model: ShelvedModel, level: int = 1, usage: str = "") -> str:
    """The card as a part of the documentation, in Markdown.

    Args:
        model: whose card.
        level: of headings, of its title.
        usage: a command that uses the model; empty: none is shown.
    """
    metadata, card = model.metadata, model.metadata.card
    title, part = "#" * level, "#" * (level + 1)
    parts = [f"{title} {metadata.source.capitalize()} to {metadata.target}", card.summary]
    if card.bad_at:
        parts += ["It is bad at:", "\n".join(f"- {what}" for what in card.bad_at)]
    parts += [
        f"It hears {_hears(metadata)}.",
        f"Licence: {metadata.licence or 'not said'}. {model.path.stat().st_size / 1e6:.1f} MB.",
        *([f"    {usage}"] if usage else []),
    ]
    if card.scores:
        heads = _heads(card.scores)
        table = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
        table += [f"| {' | '.join(row.get(head, '') for head in heads)} |" for row in card.scores]
        parts += [f"{part} Measured", "\n".join(table), _legend(card.scores), card.scores_note]
    if pictures := pictures_of(model):
        parts.append(f"[Pictures of what it does](../{pictures}), and what is still wrong in them.")
    for heading, text in (("Recipe", card.recipe), ("Material", card.material)):
        if text:
            parts += [f"{part} {heading}", text]
    if card.made_by:
        parts += ["To make one like it:", f"    {card.made_by}"]
    if card.credits:
        parts += [f"{part} Credits", "\n".join(f"- {credit}" for credit in card.credits)]
    return "\n\n".join(filter(None, parts)) + "\n"


_SPREAD = "±"
# Figures of `styleshift evaluate` by which way is better.
_LOWER, _HIGHER = ("lsd", "mcd", "fd", "f0"), ("chr", "ons", "p", "likeness", "heard")


def _legend(rows: Sequence[Mapping[str, str]]) -> str:
    heads = _heads(rows)
    ways = (("lower", _LOWER), ("higher", _HIGHER))
    found = [(way, [name for name in names if name in heads]) for way, names in ways]
    said = [f"{way} is better: {', '.join(names)}" for way, names in found if names]
    if any(_SPREAD in cell for row in rows for cell in row.values()):
        said.append(f"{_SPREAD}: mean and standard deviation")
    return "; ".join(said)


def _heads(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Every column, in the order in which rows bring them."""
    return list(dict.fromkeys(head for row in rows for head in row))


def _columns(rows: Sequence[Mapping[str, str]]) -> list[str]:
    heads = _heads(rows)
    cells = [heads, *([row.get(head, "") for head in heads] for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(heads))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
