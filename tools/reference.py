"""Write the reference pages that follow from the code: ``make reference``.

    docs/reference/commands.md    every command, argument and option, as ``--help`` shows them

A test holds the pages to the code (tests/test_reference.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from styleshift.cli.app import app

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "<!-- Written by tools/reference.py: change the code, then run `make reference`. -->"


def pages() -> dict[str, str]:
    """The text of each page, by its name in docs/reference."""
    return {"commands.md": commands_page()}


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
