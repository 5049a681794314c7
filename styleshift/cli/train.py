"""``styleshift train``: learn both directions between two domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from styleshift.cli.options import DEVICE, TRACKER_OPTIONS, WORKSPACE, named_values, option
from styleshift.cli.usage import number, whole
from styleshift.errors import UsageError
from styleshift.workspace import setting

if TYPE_CHECKING:
    from styleshift.cli.console import TerminalReporter

EXAMPLES = """\
styleshift train --domains country classical
styleshift train --domains violin piano --minutes 30
styleshift train --domains violin piano --recipe seed --set data.crop_frames=256 --name plain
styleshift train --resume
"""


def _both(context: typer.Context, domains: tuple[str, str] | None) -> tuple[str, str] | None:
    """Two names; an option's name in the place of one means that it was forgotten."""
    options = {option for parameter in context.command.params for option in parameter.opts}
    forgotten = [name for name in domains or () if name in options or name.startswith("--")]
    if domains and forgotten:
        raise UsageError(
            f"--domains takes two names, but {forgotten[0]!r} is given for one",
            "styleshift train --domains A B",
        )
    return domains


def train(
    reporter: TerminalReporter,
    domains: tuple[str, str] | None = option(
        "--domains A B",
        "The two styles to learn (not needed if the workspace holds only two).",
        callback=_both,
    ),
    recipe: str | None = option("--recipe NAME|FILE", "A recipe by name, or a .toml file (default: small)."),
    overrides: list[str] | None = option(
        "--set TABLE.KEY=VALUE", "Change one recipe setting, for example generator.channels=32. Repeatable."
    ),
    name: str | None = option("--name NAME", "Name of the run (default: A-B)."),
    steps: int | None = option(
        "--steps N",
        "Stop after N steps (default: as the recipe says; 4000 for small).",
        parser=whole("--steps", 1),
    ),
    minutes: float | None = option(
        "--minutes NUMBER",
        "Stop after this many minutes of training instead (default: no limit).",
        parser=number("--minutes", 0.01),
    ),
    device: str | None = DEVICE,
    tracker: list[str] | None = option(
        "--tracker NAME",
        "Also log the run to this tracker, for example tensorboard (default: none). Repeatable.",
    ),
    tracker_options: list[str] | None = TRACKER_OPTIONS,
    seed: int = option("--seed N", "Random seed.", 0, parser=whole("--seed", 0)),
    resume: bool = option(
        "--resume", "Continue the run --name, or the most recent one. Needs no other options."
    ),
    workspace: str | None = WORKSPACE,
) -> None:
    """Train a model that converts between two styles, in both directions.

    Preparing takes a minute or two: a classifier is trained to judge the conversions, and similar frames of
    the two styles are matched. After that you can stop with Ctrl-C at any time; --resume continues.
    """
    import os
    from contextlib import ExitStack

    # Before torch is imported: threads that wait must not spin, or a training beside other work comes to a
    # near standstill (measured with two threads on two busy cores: 0.03 against 0.25 steps a second).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from styleshift.cli.console import TerminalReporter
    from styleshift.hooks.registry import warn_of_plugins
    from styleshift.remote.workspace import fetch_workspace, shared_workspace
    from styleshift.training.find import PAGE_FILE, which_is_exported
    from styleshift.training.ranks import rank_and_world_size

    if follows := rank_and_world_size()[0] > 0:  # torchrun started it, and another process reports
        reporter = TerminalReporter(quiet=True)
    warn_of_plugins(reporter)
    chosen_device = str(setting("device", device))
    shown_with = named_values(tracker_options, "--tracker-option")
    if resume:
        given = {"--domains": domains, "--recipe": recipe, "--set": overrides}
        clash = [option for option, value in given.items() if value]
        if clash:
            raise UsageError(
                f"{clash[0]} is not given together with --resume: a run keeps what it began with",
                "styleshift train --resume, or leave out --resume to start a new run",
            )
    if not follows:
        name = _named(workspace, name, domains, resume, reporter)
    reads = ["spectrograms"] if domains is None else [f"spectrograms/{domain}" for domain in domains]
    runs = ["runs"] if name is None else [f"runs/{name}"]
    with ExitStack() as stack:
        if follows:  # the first one sends, and has the name
            place = fetch_workspace(workspace, [*reads, *runs], reporter)
        else:
            place = stack.enter_context(
                shared_workspace(workspace, reads, runs, f"run-{name}", reporter, now_and_then=True)
            )
        if resume:
            with reporter.phase("loading PyTorch"):
                from styleshift.training.run import resume_run
            result = resume_run(
                place,
                name,
                steps=steps,
                minutes=minutes,
                device=chosen_device,
                trackers=tracker or None,
                tracker_options=shown_with or None,
                reporter=reporter,
            )
        else:
            from styleshift.recipes import budget, load_recipe

            changes = [*(overrides or []), *budget(steps, minutes)]
            chosen = load_recipe(str(setting("recipe", recipe)), changes)
            with reporter.phase("loading PyTorch"):
                from styleshift.training.run import start_run
            result = start_run(
                place,
                domains,
                chosen,
                name=name,
                seed=seed,
                device=chosen_device,
                trackers=tracker or (),
                tracker_options=shown_with,
                reporter=reporter,
            )
    if follows:
        return
    reporter.event("trained", **result.to_dict())
    reporter.result(f"trained {result.run} to step {result.step}: {result.folder}")
    reporter.info(f"see and hear it: {result.folder / PAGE_FILE}")
    if said := which_is_exported(place, result.folder):
        reporter.info(said)
    reporter.info("next: styleshift export")


def _named(
    workspace: str | None,
    name: str | None,
    domains: tuple[str, str] | None,
    resume: bool,
    reporter: TerminalReporter,
) -> str | None:
    """The run's name, which has to be known where the workspace is in a store: nobody else may work on it."""
    from styleshift.remote import is_remote
    from styleshift.remote.workspace import fetch_workspace
    from styleshift.training.find import find_run, free_name

    if name is not None or not is_remote(setting("workspace", workspace)):
        return name
    if resume:
        return find_run(fetch_workspace(workspace, ["runs"], reporter)).name
    place = fetch_workspace(workspace, ["runs"] if domains else ["runs", "spectrograms"], reporter)
    if domains is None:
        from styleshift.training.sources import choose_domains

        domains = choose_domains(place, None)
    return free_name(place, domains).name
