"""Puts the commands together, and is the one place that catches errors."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import typer

from styleshift import __version__
from styleshift.cli import convert, evaluate, export, flags, models, plugins, precompute, studio, train
from styleshift.cli.help import Group, add_command
from styleshift.cli.usage import CommandLineError, in_words
from styleshift.errors import (
    EXIT_BUG,
    EXIT_NOTHING_TO_DO,
    EXIT_OK,
    EXIT_SIGINT,
    EXIT_SIGPIPE,
    EXIT_USAGE,
    StyleshiftError,
)
from styleshift.system.environment import DEBUG_VARIABLE, debugging
from styleshift.system.interrupt import Interrupted

app = typer.Typer(
    name="styleshift",
    cls=Group,
    help="Learn the style of one collection of recordings and give it to another.",
    epilog="Start with: styleshift convert song.flac --to piano, by a model that comes with it; or with: "
    "styleshift precompute ./audio, where each sub-folder of ./audio holds one style.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"styleshift {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", help="Print the version.", callback=_version, is_eager=True
    ),
) -> None:
    """Learn the style of one collection of recordings and give it to another."""


add_command(app, "precompute", precompute.precompute, precompute.EXAMPLES)
add_command(app, "train", train.train, train.EXAMPLES)
add_command(app, "export", export.export, export.EXAMPLES)
add_command(app, "convert", convert.convert, convert.EXAMPLES)
add_command(app, "evaluate", evaluate.evaluate, evaluate.EXAMPLES)
add_command(app, "studio", studio.studio, studio.EXAMPLES)
app.add_typer(models.app, name="models")
app.add_typer(plugins.app, name="plugins")


def run() -> None:
    """Run the command of ``sys.argv`` and exit with the documented code; see :mod:`styleshift.errors`."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        # A file name that this terminal cannot show is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if "--debug" in sys.argv:
        os.environ[DEBUG_VARIABLE] = "1"  # worker processes are to know it, too
    debug = debugging()
    try:
        try:
            code = app(standalone_mode=False, prog_name="styleshift")  # also of `python -m styleshift`
        finally:
            sys.stdout.flush()  # a reader that has gone is noticed here, not while Python shuts down
        if code == EXIT_SIGINT:  # what typer makes of Ctrl-C
            _say("interrupted")
        sys.exit(code if isinstance(code, int) else EXIT_OK)
    except BrokenPipeError:
        _nobody_listens()
    except SystemExit as error:
        # Typer and rich make an exit with code 1 of it.
        if isinstance(error.__context__, BrokenPipeError):
            _nobody_listens()
        raise
    except StyleshiftError as error:
        if debug:
            raise
        # What is not there as a path may be an option that was typed in a path's place.
        typed = error.exit_code in (EXIT_USAGE, EXIT_NOTHING_TO_DO)
        _tell(error, flags.misplaced_options(sys.argv[1:]) if typed else "")
        if getattr(error, "at_once", False):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(error.exit_code)
        sys.exit(error.exit_code)
    except CommandLineError as error:
        if type(error).__name__ != "NoArgsIsHelpError":  # the help is shown already
            _tell(in_words(error, sys.argv[1:]))
        sys.exit(EXIT_USAGE)
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        sys.exit(EXIT_SIGINT)
    except OSError as error:  # this machine's doing, not ours; most often it is stdout that takes no more
        if debug:
            raise
        _drop_output()
        named = f"{error.filename}: " if error.filename is not None else ""
        _say(f"error: {named}{error.strerror or error}")
        _say("  try: check that this place can be written to and has space; --debug shows where it failed")
        sys.exit(EXIT_USAGE)
    except Exception as error:
        if debug:
            raise
        _say(f"error: this is a bug in styleshift: {type(error).__name__}: {error}")
        _say("  try: run the same command with --debug, and report what it prints")
        sys.exit(EXIT_BUG)


def _nobody_listens() -> None:
    """End as a program does that SIGPIPE ends, as in ``styleshift plugins list | head -1``."""
    _drop_output()
    sys.exit(EXIT_SIGPIPE)


def _drop_output() -> None:
    """What is still in the buffer of stdout goes nowhere, instead of failing again at the very end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _open_what_is_closed() -> None:
    """Streams that the caller closed (``>&-``) lead nowhere.

    Python has None in their place, and the next file that is opened would get their number, with whatever a
    library prints in it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            os.set_inheritable(opened, True)
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115


def _tell(error: StyleshiftError, better: str = "") -> None:
    """An error, and its hint or a better one."""
    stopped = isinstance(error, Interrupted)  # which is what was asked for, and no error
    _say(f"{'' if stopped else 'error: '}{flags.in_flags(error.message)}")
    if hint := better or flags.in_flags(error.hint):
        before = "" if hint.startswith("did you mean") else "next: " if stopped else "try: "
        _say(f"  {before}{hint}")


def _say(text: str) -> None:
    """Lines to stderr, without markup or control characters, whatever a file name holds."""
    from styleshift.words import printable

    for line in text.split("\n"):
        print(printable(line), file=sys.stderr)
