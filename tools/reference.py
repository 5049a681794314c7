"""Write the reference pages that follow from the code: ``make reference``.

    docs/reference/commands.md    every command, argument and option, as ``--help`` shows them
    docs/reference/models.md      the cards of the models that ship
    docs/reference/recipes.md     every key of a recipe, and every option of the built-in networks
    docs/reference/plugin-examples.md   a whole plugin of each kind, as `plugins new` writes it
    docs/reference/formats.md     every audio format, and the name of every tag in each family of tags

A test holds the pages to the code (tests/test_reference.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from styleshift.audio.formats import TABLE
from styleshift.audio.tags.table import FIELDS, INVOLVED, PAIRS
from styleshift.cli.app import app
from styleshift.hooks.registry import load_registry
from styleshift.models.card_page import card_markdown
from styleshift.models.shelf import models_in
from styleshift.recipes import Recipe, list_recipes, load_recipe
from styleshift.recipes.schema import TABLES, recipe_keys
from styleshift.scaffold.package import KINDS, module_text
from styleshift.validation import Setting, describe
from styleshift.words import listed
from styleshift.workspace import shipped_models

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "<!-- Written by tools/reference.py: change the code, then run `make reference`. -->"


def pages() -> dict[str, str]:
    """The text of each page, by its name in docs/reference."""
    return {
        "commands.md": commands_page(),
        "models.md": models_page(),
        "recipes.md": recipes_page(),
        "formats.md": formats_page(),
        "plugin-examples.md": plugin_examples_page(),
    }


def plugin_examples_page() -> str:
    """The code of a package of each kind."""
    parts = [
        NOTE,
        "# Plugin examples",
        "One whole plugin of each kind, as `styleshift plugins new KIND NAME` writes it, with "
        "`pyproject.toml`, a test and a README beside it. [Plugin hooks](plugin-hooks.md) says what each "
        "record promises.",
    ]
    for kind, summary in KINDS.items():
        text = module_text(kind, f"my-{kind}").strip()
        parts += [f"## {kind}", sentence(summary), f"```python\n{text}\n```"]
    return joined(parts)


def formats_page() -> str:
    """The table of audio formats, and that of tags."""
    formats = ["| format | extensions | read | written by `--format same` as |", "|---|---|---|---|"]
    for row in TABLE:
        endings = " ".join(f"`{end}`" for end in row.extensions)
        needs = "" if row.reader == "soundfile" else "with `styleshift[m4a]`"
        same = "itself"
        if row.becomes:
            same = "FLAC if lossless, else M4A" if row.lossless is None else row.becomes.upper()
        formats.append(f"| {row.name} | {endings} | {needs or 'yes'} | {same} |")
    tags = ["| Vorbis comment (FLAC, Ogg, Opus) | ID3 (MP3, WAV, AIFF) | MP4 |", "|---|---|---|"]
    paired = {*PAIRS, *(total for total, _, _ in PAIRS.values())}
    rows = [
        (each.name, each.id3 or f"TXXX:{each.name}", mp4_name(each.name, each.mp4))
        for each in FIELDS
        if each.name not in paired
    ]
    rows += [
        (f"{number}, {total}", frame, atom or "`©mvi`, `©mvc`")
        for number, (total, frame, atom) in PAIRS.items()
    ]
    rows += [
        ("performer", "TMCL", mp4_name("performer", "")),
        (", ".join(INVOLVED), "TIPL", "under their own names"),
        ("metadata_block_picture, FLAC pictures", "APIC", "covr (JPEG, PNG, BMP)"),
        ("chapter000, chapter000name, ...", "CHAP, CTOC", "chapters"),
        ("any other", "TXXX under its own name", "free-form under its own name"),
    ]
    tags += [f"| {name} | {frame} | {atom} |" for name, frame, atom in sorted(rows[:-1])]
    tags.append(f"| {' | '.join(rows[-1])} |")
    untagged = listed([row.name.upper() for row in TABLE if not row.tagged])
    return joined(
        [
            NOTE,
            "# Formats and tags",
            "What a file is, is judged by what is in it, not by its name. In a folder, files with one of "
            "these extensions are opened, and of files without an extension those whose first bytes are of a "
            "recording (not raw AAC or AC-3); in a store, names alone are looked at.",
            "\n".join(formats),
            "## Tags",
            "Between files of one family (ID3, Vorbis comments, MP4) the whole block is copied: every "
            "frame and field, in its order and version. Between families each field goes by this table, with "
            "all of its values. APEv2, ASF (WMA), RIFF INFO, the summary of a W64, Matroska, Lyrics3v2, CAF "
            "and AU tags (the last two with `styleshift[m4a]`) are read into the same fields, and so is an "
            "ID3v2.4 tag at the end of a file. "
            "What the target cannot hold is named in the report. Our line is one more comment.",
            "By that comment a conversion is known where it is a source: `convert` and `precompute` leave "
            f"it out. {untagged} are written without tags, and so without it: of outputs in them the journal "
            "alone knows whose they are.",
            "Where a file has several systems of tags, all are read into one view: for each field one wins, "
            "the others fill in what it lacks. First comes the container's own (Vorbis comments, MP4, ASF, "
            "APEv2, Matroska), then ID3v2, an APEv2 tag on an MP3, tags at the end, ID3v1, and last the text "
            "chunks of WAV and AIFF and the summary of a W64. What another system says differently is named, "
            "as in `title of the INFO list: Dance`, unless the output has that system, too: MP3 to MP3 keeps "
            "several ID3v2 tags, APEv2 and ID3v1, WAV to WAV, AIFF to AIFF and W64 to W64 their chunks.",
            "ReplayGain, R128 gains, AcoustID fingerprints and an encoder's notes are left out and named: "
            "they are no longer true once the sound is another.",
            "\n".join(tags),
            "## Chunks and blocks",
            "WAV to WAV, AIFF to AIFF and W64 to W64, every chunk is kept (`bext`, `iXML`, `cue`, `smpl`, "
            "...), those that count samples as long as the sample rate stays; the loudspeaker mask of a WAV, "
            "too. Those of a W64 are written before the sound, for libsndfile plays what lies behind it. "
            "FLAC to FLAC, `CUESHEET` and `APPLICATION` blocks are kept, and a new seek table is made.",
        ]
    )


def mp4_name(name: str, atom: str) -> str:
    """A field's place in an MP4."""
    return atom if atom and not atom.startswith(":") else f"----:com.apple.iTunes:{atom[1:] or name.upper()}"


def models_page() -> str:
    """The cards of the models that ship."""
    models = list(models_in(shipped_models(), "shipped"))
    parts = [
        NOTE,
        "# Models that ship",
        "`convert --to NAME` finds these without training anything. `styleshift models show NAME` shows the "
        "same; [Find, check and share models](../how-to/models.md) has more.",
    ]
    if not models:
        parts.append("This version ships no models.")
    for model in models:
        usage = f"styleshift convert ./library --from {model.metadata.source} --to {model.metadata.target}"
        parts.append(card_markdown(model, 2, usage).strip())
    return joined(parts)


def commands_page() -> str:
    """Every command with its arguments and options."""
    top: Any = typer.main.get_command(app)
    parts = [
        NOTE,
        "# Commands",
        "`styleshift COMMAND --help` shows the same on your screen. Results go to stdout, progress and "
        "messages to stderr. [Settings](settings.md) gives options a default of your own.",
    ]
    for name, command in top.commands.items():
        parts += command_parts(f"styleshift {name}", command)
    return joined(parts)


def command_parts(name: str, command: Any, level: int = 2) -> list[str]:
    """A command's heading, help, usage, options and examples, then those of the commands below it."""
    below = getattr(command, "commands", {})
    parts = [f"{'#' * level} {name}", *(command.help or "").strip().split("\n\n")]
    if not below:
        parts += [f"```text\n{usage(name, command)}\n```", options_table(command)]
        examples = [line for line in (command.epilog or "").splitlines() if "styleshift " in line]
        parts += ["Examples:", "```sh\n" + "\n".join(examples) + "\n```"] if examples else []
    for sub_name, sub_command in below.items():
        parts += command_parts(f"{name} {sub_name}", sub_command, level + 1)
    return parts


def usage(name: str, command: Any) -> str:
    """The first line of the help."""
    arguments = [
        each.metavar or each.name.upper() for each in command.params if is_argument(each) and not each.hidden
    ]
    return " ".join([name, "[OPTIONS]", *arguments])


def options_table(command: Any) -> str:
    """Arguments, then options, one a row."""
    rows = ["| option | value | what it does |", "|---|---|---|"]
    shown = [each for each in command.params if not each.hidden]
    for each in sorted(shown, key=lambda one: not is_argument(one)):
        names = [each.metavar or each.name.upper()] if is_argument(each) else each.opts
        takes_value = not is_argument(each) and not each.is_flag
        value = " or ".join(f"`{one}`" for one in str(each.metavar).split("|")) if takes_value else ""
        rows.append(f"| {', '.join(f'`{each}`' for each in names)} | {value} | {cell(meaning(each))} |")
    return "\n".join(rows)


def meaning(parameter: Any) -> str:
    """Its help with what is required and what is the default, as the terminal shows it."""
    text = str(parameter.help or "")
    if parameter.required:
        text += " Required."
    elif parameter.show_default and parameter.default not in (None, False, ""):
        text += (
            f" Default: `{parameter.default:g}`."
            if isinstance(parameter.default, float)
            else (f" Default: `{parameter.default}`.")
        )
    return text


def recipes_page() -> str:
    """Every key of a recipe, with the values of the recipes that ship, and the options of the networks."""
    recipes = [load_recipe(name) for name in list_recipes(installed=False)]
    keys = recipe_keys()
    parts = [
        NOTE,
        "# Recipes",
        "A recipe is one TOML file that describes a whole experiment. `--recipe NAME` takes one that ships "
        "with styleshift, `--recipe my.toml` one of yours, and `--set table.key=value` changes one value. "
        "What a file leaves out is as in `seed`. [Train a model](../how-to/train.md#choose-a-recipe) helps "
        "to choose.",
        "\n".join(f"- `{recipe.name}`: {recipe.summary}" for recipe in recipes),
    ]
    for table, kind in TABLES.items():
        rows = [each for each in keys if each.key.startswith(f"{table}.")]
        parts += [f"## `[{table}]`", first_line(kind), settings_table(rows, recipes)]
    parts += [
        "## `[generator]`",
        "`name` chooses the network; the other keys are its options. `styleshift plugins list` shows all "
        "that are installed.",
    ]
    generators = {name: one.spec for name, one in load_registry().generators.entries().items()}
    for name, spec in generators.items():
        parts += [f"### Generator `{name}`", sentence(spec.summary), settings_table(describe(spec.config))]
    parts += ["## `[discriminator]`", "`name` chooses the network; the other keys are its options."]
    for name, entry in load_registry().discriminators.entries().items():
        told = sentence(entry.spec.summary)
        parts += [f"### Discriminator `{name}`", told, settings_table(describe(entry.spec.config))]
    parts += [
        "## `[losses.NAME]`",
        "A further loss from a [plugin](plugin-hooks.md#losses), by its name: `weight` (1 if left out) and "
        "the loss's own options. `--set losses.NAME.weight=0.5` adds one to any recipe.",
        "## `[augmentations.NAME]`",
        "A further augmentation from a [plugin](plugin-hooks.md#augmentations), by its name, with its "
        "options. It comes after those of `[data]`.",
    ]
    return joined(parts)


def settings_table(rows: list[Setting], recipes: Sequence[Recipe] = ()) -> str:
    """Settings, one a row, with the value that each recipe gives or else the default."""
    columns = [f"`{recipe.name}`" for recipe in recipes] or ["default"]
    lines = [f"| key | {' | '.join(columns)} | may be | what it does |", "|---" * (len(columns) + 3) + "|"]
    for row in rows:
        table, _, key = row.key.rpartition(".")
        values = [getattr(getattr(recipe, table), key) for recipe in recipes] or [row.default]
        shown = " | ".join(f"`{toml(value)}`" for value in values)
        lines.append(f"| `{key}` | {shown} | {cell(limits(row))} | {cell(row.help)} |")
    return "\n".join(lines)


def limits(setting: Setting) -> str:
    """What it may be; a bound that only keeps nonsense out is not worth a word."""
    return re.sub(r"from (\S+) to (?:2147483648|1e\+06)", r"\1 or more", setting.limits or setting.type)


def toml(value: Any) -> str:
    """A plain value as a recipe has it."""
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value) if isinstance(value, bool | list | tuple) else str(value)


def first_line(kind: type) -> str:
    """Of a docstring."""
    return (kind.__doc__ or "").strip().split("\n")[0].replace("``", "`")


def sentence(text: str) -> str:
    """A summary with a capital and a full stop."""
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def is_argument(parameter: Any) -> bool:
    """Named by its place and not by dashes."""
    return bool(parameter.param_type_name == "argument")


def cell(text: str) -> str:
    """Text in a cell of a table."""
    return text.replace("|", "\\|")


def joined(parts: list[str]) -> str:
    """Paragraphs as one page."""
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write all pages."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
