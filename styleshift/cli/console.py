"""What a person sees: progress and sentences on stderr, results on stdout, JSON lines where asked for."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from styleshift.cli.flags import in_flags
from styleshift.progress import Reporter, Task
from styleshift.system.lines import plain
from styleshift.words import printable

# Characters around each cell, and that a column of names has at least where narrow columns stand beside it.
_PADDING, _LEAST_WIDTH = 3, 24

# Without a terminal there is no bar; a line now and then tells that the work goes on.
LINE_SECONDS = 30.0


def _figures(figures: Mapping[str, float | str]) -> str:
    return "  ".join(
        f"{name} {value if isinstance(value, str) else format(value, '.3g')}"
        for name, value in figures.items()
    )


def _count(done: float, total: float | None, unit: str) -> str:
    return f"{done:.0f}{'' if total is None else f'/{total:.0f}'} {unit}".rstrip()


class _LineTask(Task):
    def __init__(self, say: Callable[[str], None], label: str, total: float | None, unit: str) -> None:
        self._say = say
        self._label, self._total, self._unit = label, total, unit
        self._done = 0.0
        self._figures: Mapping[str, float | str] = {}
        self._spoke = time.monotonic()

    def advance(self, amount: float = 1.0, **figures: float | str) -> None:
        self._done += amount
        if figures:  # they come now and then, and hardly ever when a line is due
            self._figures = figures
        now = time.monotonic()
        if now - self._spoke >= LINE_SECONDS:
            self._spoke = now
            count = _count(self._done, self._total, self._unit)
            self._say(f"{self._label}: {count}  {_figures(self._figures)}".rstrip())


class _BarTask(Task):
    def __init__(self, progress: Progress, label: str, total: float | None, unit: str) -> None:
        self._progress = progress
        self._total = total
        self._unit = unit
        self._done = 0.0
        self._id: TaskID = progress.add_task(
            "", total=total, label=Text(printable(label)), count=Text(self._count()), figures=Text("")
        )

    def _count(self) -> str:
        # Tasks with and without an end share one display, so each writes its own count.
        return printable(_count(self._done, self._total, self._unit))

    def advance(self, amount: float = 1.0, **figures: float | str) -> None:
        self._done += amount
        update: dict[str, Any] = {"count": Text(self._count())}
        if figures:
            update["figures"] = Text(printable(_figures(figures)))
        self._progress.update(self._id, advance=amount, **update)

    def __enter__(self) -> Task:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.refresh()
        self._progress.remove_task(self._id)
        if not self._progress.tasks:
            self._progress.stop()


class TerminalReporter(Reporter):
    """The reporter of the command line.

    Args:
        json_lines: results go to stdout as JSON lines, and tables are not shown.
        quiet: only warnings.
        verbose: details as well.
    """

    def __init__(self, *, json_lines: bool = False, quiet: bool = False, verbose: bool = False) -> None:
        self.json_lines = json_lines
        self.quiet = quiet
        self.verbose = verbose
        self.asked_by = "" if verbose else "-v"
        self.console = Console(stderr=True, highlight=False)
        self._progress: Progress | None = None

    def task(self, label: str, total: float | None = None, unit: str = "") -> Task:
        """A bar on a terminal, a line now and then elsewhere, nothing under ``--quiet``."""
        if self.quiet:
            return Task()
        if not self.console.is_terminal:
            return _LineTask(self.info, label, total, unit)
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.fields[label]}", markup=False),
                BarColumn(bar_width=20),
                TextColumn("{task.fields[count]}", markup=False),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                # On a narrow screen these are cut, and nothing else.
                TextColumn(
                    "{task.fields[figures]}", markup=False, table_column=Column(ratio=1, no_wrap=True)
                ),
                console=self.console,
                transient=True,
                expand=True,
            )
        return _BarTask(self._progress, label, total, unit)

    @property
    def width(self) -> int:
        """Characters that a line of a result has room for; where there is no terminal, 80."""
        return Console().width

    def phase(self, label: str, total: float | None = None, unit: str = "") -> Task:
        """As :meth:`task`; without a terminal its name is a line at once."""
        if not self.quiet and not self.console.is_terminal:
            self.info(label)
        return self.task(label, total, unit)

    def info(self, text: str) -> None:
        """Unless quiet."""
        if not self.quiet:
            self._line(text)

    def detail(self, text: str) -> None:
        """With ``-v``."""
        if self.verbose and not self.quiet:
            self._line(text, style="dim")

    def warn(self, text: str) -> None:
        """Always."""
        self._line(f"warning: {text}", style="yellow")

    def event(self, kind: str, /, **fields: Any) -> None:
        """One JSON line on stdout under ``--json``."""
        if self.json_lines:
            sys.stdout.write(json.dumps({"event": kind, **fields}, default=plain) + "\n")
            sys.stdout.flush()

    def advice(self, text: str) -> str:
        """With the command's flags."""
        return in_flags(text)

    def _line(self, text: str, style: str = "") -> None:
        # Each sentence on its own line, unwrapped, with no markup read into it.
        lines = [printable(line) for line in in_flags(text).split("\n")]
        self.console.print(Text("\n".join(lines), style=style), soft_wrap=True)

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        whole: Collection[str] = (),
        narrow: Collection[str] = (),
    ) -> None:
        """A result table on stdout; nothing under ``--json`` (send :meth:`event` as well) or ``--quiet``.

        Args:
            title: above it; may be empty.
            columns: their heads.
            rows: their cells.
            whole: columns whose cells are neither cut nor broken, however narrow the screen is.
            narrow: columns as wide as their longest word, which leaves room for the others. Those for which
                there is none follow in further tables, beside the other columns again.
        """
        if self.json_lines or self.quiet:
            return
        cells = [[printable(cell) for cell in row] for row in rows]
        widths = {
            place: max(map(len, " ".join([column, *(row[place] for row in cells)]).split()), default=1)
            for place, column in enumerate(columns)
            if column in narrow
        }
        console = Console(highlight=False)
        others = len(columns) - len(widths)
        for part in _parts(widths, console.width - 1 - others * _LEAST_WIDTH):
            table = Table(title=title, title_justify="left")
            shown = [place for place in range(len(columns)) if place not in widths or place in part]
            for place in shown:
                whole_here = columns[place] in whole
                table.add_column(columns[place], no_wrap=whole_here, overflow="fold", width=widths.get(place))
            for row in cells:
                table.add_row(*(Text(row[place]) for place in shown))
            console.print(table)
            title = ""

    def result(self, text: str) -> None:
        """A result line on stdout, for people; nothing under ``--json`` or ``--quiet``."""
        if not self.json_lines and not self.quiet:
            print("\n".join(printable(line) for line in text.split("\n")))


def _parts(widths: Mapping[int, int], room: int) -> Iterator[list[int]]:
    """Columns in as few groups as have room beside each other; one empty group where there are none."""
    part, taken = list[int](), 0
    for place, width in widths.items():
        if part and taken + width + _PADDING > room:
            yield part
            part, taken = [], 0
        part.append(place)
        taken += width + _PADDING
    yield part
