"""Runs the four commands on material of its own, then writes a page to listen to.

PYTHONPATH=tools python -m demo [FOLDER] [--minutes M]
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from demo.material import LIBRARY, STYLES, make
from styleshift.errors import EXIT_SIGINT, StyleshiftError, UsageError
from styleshift.hooks.registry import DISABLE_VARIABLE
from styleshift.system.environment import processors
from styleshift.user_settings import UserSettings

PAGE = "listen.html"
_MARK = ".made-by-styleshift-demo"
_MADE = ("audio", "library", f"library-{STYLES[1]}", "styleshift-workspace")
# For a few hundred steps at most: five times the usual rate. After 100 steps the distance to the guitar had
# fallen from 203 to 34, at the usual rate to 74.
_SHORT = ("--set", "optimiser.generator_lr=1e-3", "--set", "optimiser.discriminator_lr=1e-3")
# What a model that ships can make of an accordion, the best first: it holds its notes as a violin does.
_TASTES = (("violin", "piano"), ("piano", "violin"), ("country", "classical"))
# The demo shows what the defaults do, in a workspace of its own, whatever the person's own settings say; a
# device may be named.
_KEPT_SETTINGS = ("STYLESHIFT_DEVICE", "STYLESHIFT_SIMD", "STYLESHIFT_DEBUG", DISABLE_VARIABLE)


def run(folder: Path, minutes: float) -> Path:
    """Make the material, run the four commands in ``folder``, write the page.

    Args:
        folder: made where it does not exist; what an earlier demo left there is replaced.
        minutes: of training.

    Returns:
        The page.

    Raises:
        UsageError: the folder holds something that is not from a demo, or cannot be written.
        CalledProcessError: one of the commands failed; it has said why.
    """
    began = time.monotonic()
    _prepare(folder)
    _say("Making recordings of two instruments, and a small library to convert.")
    made = make(folder)
    first, second = STYLES
    _say(
        f"  audio/{first} {made[first] / 60:.1f} min, audio/{second} {made[second] / 60:.1f} min; "
        f"library: {len(LIBRARY)} other tunes on the {first}, {made['library'] / 60:.1f} min"
    )
    taste = _taste(folder)
    _command(folder, "precompute", "audio")
    trained = _command(folder, "train", "--domains", first, second, "--minutes", f"{minutes:g}", *_SHORT)
    _command(folder, "export")
    converted = _command(folder, "convert", "library", "--to", second)
    page = _page(folder, made, trained, converted, taste)
    _say(
        f"\nDone in {(time.monotonic() - began) / 60:.1f} minutes. Listen, and look:\n"
        f"  {page}\n"
        f"The library in its new style: {folder / f'library-{second}'}\n"
        f"{minutes:g} minutes of training only show what happens; ten to fifteen sound better. In {folder}:\n"
        f"  styleshift train --domains {first} {second} --name longer --minutes 15\n"
        "  styleshift export\n"
        f"  styleshift convert library --to {second}"
    )
    return page


def _taste(folder: Path) -> list[tuple[str, Path, Path]]:
    """The first tune through a model that ships: something to hear before anything is trained.

    Returns:
        Its name on the page, the source and the conversion; nothing where no fitting model ships.
    """
    from styleshift.models.shelf import models_in
    from styleshift.workspace import shipped_models

    there = {
        (model.metadata.source, model.metadata.target) for model in models_in(shipped_models(), "shipped")
    }
    wanted = next((pair for pair in _TASTES if pair in there), None)
    if wanted is None:
        return []
    source, target = wanted
    tune = folder / "library" / LIBRARY[0].path
    heard = folder / f"{tune.stem} ({target}).flac"
    _say(f"\nFirst one of the tunes through a model that comes with styleshift, to the {target}.")
    _command(
        folder,
        "convert",
        str(tune.relative_to(folder)),
        "--from",
        source,
        "--to",
        target,
        "--output",
        heard.name,
    )
    _say(f"Listen: {heard}")
    return [(f"{tune.stem}, to the {target} by a model that ships", tune, heard)]


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / _MARK
        if any(folder.iterdir()) and not mark.exists():
            raise UsageError(
                f"the folder {str(folder)!r} is not empty, and not from an earlier demo",
                "name another folder: make demo DEMO=FOLDER",
            )
        mark.touch()
        for name in _MADE:
            if (folder / name).exists():
                shutil.rmtree(folder / name)
        for file in (folder / PAGE, *folder.glob(f"{Path(LIBRARY[0].path).stem} (*).flac")):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"the folder {str(folder)!r} cannot be used: {error.strerror or error}") from error


def _command(folder: Path, *words: str) -> float:
    """Run one command as a person would type it; seconds it took."""
    _say(f"\n$ styleshift {shlex.join(words)}")
    began = time.monotonic()
    installed = Path(sys.executable).with_name("styleshift")
    program = [str(installed)] if installed.exists() else [sys.executable, "-m", "styleshift"]
    subprocess.run([*program, *words], cwd=folder, env=_environment(), check=True)
    return time.monotonic() - began


def _environment() -> dict[str, str]:
    """Of the commands: every setting at its default, so that no configuration file is asked."""
    settings = {f"STYLESHIFT_{key.upper()}": str(value) for key, value in asdict(UserSettings()).items()}
    for name, value in os.environ.items():
        if not name.startswith("STYLESHIFT_") or name in _KEPT_SETTINGS:
            settings[name] = value
    return settings


def _page(
    folder: Path,
    made: dict[str, float],
    trained: float,
    converted: float,
    taste: list[tuple[str, Path, Path]],
) -> Path:
    from styleshift.evaluation.figures import in_words
    from styleshift.evaluation.folders import evaluate_folders
    from styleshift.evaluation.page import Pair, write_page

    first, second = STYLES
    _say("\nMeasuring, and writing the page.")
    result = evaluate_folders(
        folder / f"library-{second}",
        target=folder / "audio" / second,
        source=folder / "library",
        source_style=folder / "audio" / first,
    )
    figures = dict(result.files)
    facts = {
        "learned from": f"{made[first] / 60:.1f} min of {first}, {made[second] / 60:.1f} min of {second}, "
        "different tunes",
        "training": f"{trained / 60:.1f} min on {processors()} cores",
        "converting": f"{made['library'] / 60:.1f} min of music in {converted:.0f} s",
        "distance to the style": f"{result.mean['fd_source']:.0f} before, {result.mean['fd']:.0f} after",
        "what was measured": result.verdict,
    }
    page = folder / PAGE
    notes = write_page(
        page,
        title=f"From {first} to {second}",
        pairs=[
            Pair(name, source, converted_path, in_words(figures.get(name, {})))
            for name, source, converted_path in [*result.pairs, *taste]
        ],
        facts=facts,
        source_name=first.capitalize(),
        converted_name="Converted",
    )
    for note in [*notes, result.verdict]:
        _say(f"  {note}")
    return page


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Command line of the demonstration."""
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="Run the four commands on material made on the spot."
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("demo"), help="default: ./demo")
    parser.add_argument("--minutes", type=float, default=2.0, help="of training; default: 2")
    words = parser.parse_args()
    try:
        run(words.folder.resolve(), words.minutes)
    except StyleshiftError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode if error.returncode > 0 else 128 - error.returncode)
    except KeyboardInterrupt:
        sys.exit(EXIT_SIGINT)


if __name__ == "__main__":
    main()
