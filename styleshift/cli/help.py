"""What ``--help`` shows, beyond what typer does by itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from typer.core import TyperCommand, TyperGroup

from styleshift.cli import flags


class _NoTypeOfFlags:
    """A flag takes no value, so its help names no type (typer writes ``<bool>`` beside it)."""

    def get_params(self, context: Any) -> list[Any]:
        parameters: list[Any] = super().get_params(context)  # type: ignore[misc]
        for parameter in parameters:
            if getattr(parameter, "is_flag", False) and parameter.metavar is None:
                parameter.metavar = ""
        return parameters


class Command(_NoTypeOfFlags, TyperCommand):
    """A command of styleshift."""

    def invoke(self, context: Any) -> Any:
        """As typer does, and let what is said name this command's flags."""
        flags.begin(" ".join(context.command_path.split()[1:]))
        return super().invoke(context)


class Group(_NoTypeOfFlags, TyperGroup):
    """``styleshift`` itself, or a command with commands of its own."""


def text_of(command: Callable[..., None]) -> str:
    """Its docstring with each paragraph in one line, for the terminal to wrap."""
    return "\n\n".join(" ".join(part.split()) for part in (inspect.getdoc(command) or "").split("\n\n"))
