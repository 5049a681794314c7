"""How a command is added: what its ``--help`` shows, the options that all have, and who hears of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from inspect import Parameter
from typing import Any, get_type_hints

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from styleshift.cli import flags
from styleshift.cli.options import OUTPUT


class _NoTypes:
    """A flag takes no value, an argument has its name: their help shows no type (typer adds ``<bool>``)."""

    def get_params(self, context: Any) -> list[Any]:
        parameters: list[Any] = super().get_params(context)  # type: ignore[misc]
        for parameter in parameters:
            if getattr(parameter, "is_flag", False) and parameter.metavar is None:
                parameter.metavar = ""
            if isinstance(parameter, TyperArgument):
                parameter.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
        return parameters


class Command(_NoTypes, TyperCommand):
    """A command of styleshift."""

    def invoke(self, context: Any) -> Any:
        """As typer does, and let what is said name this command's flags."""
        flags.begin(" ".join(context.command_path.split()[1:]))
        return super().invoke(context)


class Group(_NoTypes, TyperGroup):
    """``styleshift`` itself, or a command with commands of its own."""


def group(name: str, meaning: str, examples: str) -> typer.Typer:
    """A command with commands of its own, such as ``styleshift models``."""
    epilog = _with_heading(examples)
    return typer.Typer(name=name, cls=Group, help=meaning, epilog=epilog, no_args_is_help=True)


def add_command(app: typer.Typer, name: str, run: Callable[..., None], examples: str) -> None:
    """Add a command to ``app``; see :func:`reporting` for what ``run`` takes.

    Args:
        app: ``styleshift`` itself, or a group of commands.
        name: with its group's, such as ``"models list"``.
        run: the command; its docstring is its help.
        examples: shown below the help.
    """
    command = reporting(run)
    # Each paragraph in one line, for the terminal to wrap.
    text = "\n\n".join(" ".join(part.split()) for part in (inspect.getdoc(run) or "").split("\n\n"))
    app.command(name.split()[-1], cls=Command, help=text, epilog=_with_heading(examples))(command)
    flags.declare(name, command)


def reporting(run: Callable[..., None]) -> Callable[..., None]:
    """The same command with ``--json``, ``-q``, ``-v`` and ``--debug`` in the place of its ``reporter``."""
    # Only at run time does it need the class, whose module takes time to import.
    hints = get_type_hints(run, localns={"TerminalReporter": Any}) | dict.fromkeys(OUTPUT, bool)
    own = [each for each in inspect.signature(run).parameters.values() if each.name != "reporter"]
    shared = [Parameter(name, Parameter.KEYWORD_ONLY, default=flag) for name, flag in OUTPUT.items()]

    def command(*, json: bool, quiet: bool, verbose: bool, debug: bool, **given: Any) -> None:
        from styleshift.cli.console import TerminalReporter

        run(**given, reporter=TerminalReporter(json_lines=json, quiet=quiet, verbose=verbose))

    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [each.replace(annotation=hints[each.name]) for each in (*own, *shared)]
    )
    command.__annotations__ = hints
    return command


def _with_heading(examples: str) -> str:
    return "\n\n".join(["Examples:", *examples.splitlines()])
