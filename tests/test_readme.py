"""Every command that README.md and docs/ show exists, with the options they show."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest
import typer

from styleshift.cli.app import app
from styleshift.user_settings import UserSettings

REPOSITORY = Path(__file__).parent.parent
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]


def shown_commands(page: Path, program: str) -> list[str]:
    """The lines of code blocks (fenced or indented) that call ``program``, comments cut off."""
    lines = page.read_text("utf-8").splitlines()
    found, fenced = [], False
    for line in lines:
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            text = re.sub(r"\s#.*", "", line).strip().removeprefix("$ ")
            if text.startswith(program + " "):
                found.append(text)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shown_styleshift_commands_exist(page: Path) -> None:
    top = typer.main.get_command(app)
    for line in shown_commands(page, "styleshift"):
        command, words = top, shlex.split(line)[1:]
        while words and getattr(command, "commands", None):
            if words[0].startswith("-"):
                break
            assert words[0] in command.commands, f"{page.name}: {line}"
            command = command.commands[words.pop(0)]
        known = {"--help", "-h"}
        for parameter in command.params:
            known.update(getattr(parameter, "opts", []), getattr(parameter, "secondary_opts", []))
        for word in words:
            if word.startswith("-") and not re.fullmatch(r"-?\d+(\.\d+)?", word):
                assert word.split("=")[0] in known, f"{page.name}: {line}: {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shown_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    for line in shown_commands(page, "make"):
        for word in shlex.split(line)[1:]:
            if "=" not in word:
                assert word in targets, f"{page.name}: {line}"


def test_readme_shows_the_commands_that_people_come_for() -> None:
    readme = REPOSITORY / "README.md"
    shown = "\n".join(shown_commands(readme, "styleshift") + shown_commands(readme, "make"))
    for line in (
        "make demo",
        "make test",
        "styleshift precompute ./audio",
        "styleshift train --domains classical country",
        "styleshift export",
        "styleshift convert ./library --to classical",
    ):
        assert line in shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_settings_page_holds_every_setting_with_its_default() -> None:
    text = (REPOSITORY / "docs" / "reference" / "settings.md").read_text("utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert tomllib.loads(shown) == asdict(UserSettings())
