"""What ``styleshift precompute`` shows of what was done, or would be."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from styleshift.words import reasoned, spoken

if TYPE_CHECKING:
    from styleshift.cli.console import TerminalReporter
    from styleshift.corpus import PrecomputeResult

# Recordings that are left out for the same are named so far; a hundred lines would hide all others.
_SHOWN = 3


def show_result(
    result: PrecomputeResult, usable: list[str], recipe: str | None, reporter: TerminalReporter
) -> None:
    """What is there now, what was left out, and the command that comes next.

    Args:
        result: of the run.
        usable: the styles that have recordings.
        recipe: that was named, if any.
        reporter: shows it.
    """
    heads = ["new", "kept", "removed", "left out"]
    if result.dry_run:
        heads = ["to look at", "kept", "to remove", "unusable"]
    rows = []
    for domain in result.domains:
        counts = (domain.added, domain.kept, domain.removed, len(domain.rejected))
        rows.append((domain.name, domain.tracks, spoken(3600 * domain.hours), *counts))
        reporter.event("domain", **domain.to_dict())
    reporter.table("spectrograms", ["domain", "tracks", "audio", *heads], rows)
    _show_left_out(result, reporter)
    reporter.event("precompute", **result.to_dict())
    if result.dry_run:
        reporter.result(f"dry run: {result.planned} recordings found, nothing written")
    elif result.computed_hours:
        reporter.result(f"{spoken(3600 * result.computed_hours)} of audio read in {spoken(result.seconds)}")
    elif result.tracks:
        reporter.result("everything is up to date")
    if len(usable) > 1 and not result.dry_run:
        words = ["--domains", *usable[:2], *(["--recipe", recipe] if recipe else [])]
        reporter.result(f"next: styleshift train {shlex.join(words)}")


def _show_left_out(result: PrecomputeResult, reporter: TerminalReporter) -> None:
    """The first few of those that are left out for the same, how many more, and once what to try."""
    say = reporter.warn if reporter.quiet else reporter.result
    same: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for domain in result.domains:
        for item in domain.rejected:
            why = (item.reason, item.hint, "" if item.hint else item.message)
            same.setdefault(why, []).append((f"{domain.name}/{item.name}", item.message))
    for (reason, hint, _), files in same.items():
        # To say that there is one more takes as much room as to name it.
        shown = files if reporter.verbose or len(files) <= _SHOWN + 1 else files[:_SHOWN]
        alone = f"; {reporter.advice(hint)}" if hint and len(files) == 1 else ""
        for name, message in shown:
            say(f"left out: {name}: {reasoned(reason, message)}{alone}")
        if more := len(files) - len(shown):
            say(f"left out: {more} more: {reason}; -v names them")
        if hint and len(files) > 1:
            say(f"{len(files)} {reason}: {reporter.advice(hint)}")
