"""What a run over a library did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.tracks import IS_MADE, MADE, Figures, Sums, Track, TrackOutcome
from styleshift.words import listed

_HINTS = 5  # the most frequent ones; `report.jsonl` has each file's


@dataclass(slots=True)
class LibraryResult:
    """What a run did. What it knows of each file lies in the plan's table, for there may be a million.

    Attributes:
        plan: what was to be done.
        stopped: it was asked to stop before its end.
        fatal: the failure that ended it before its end.
        took: seconds.
        report: ``report.jsonl``, beside which ``report.html`` lies; None: one recording, or it could not be
            written.
    """

    plan: LibraryPlan
    stopped: bool = False
    fatal: TrackOutcome | None = None
    took: float = 0.0
    report: Path | None = None

    @property
    def outcomes(self) -> Mapping[str, TrackOutcome]:
        """By job name, in the order of the plan; files that were not reached are absent."""
        return _Outcomes(self.plan)

    @property
    def again(self) -> dict[str, str]:
        """By job name, why a file that was converted already is converted again, reached or not."""
        return {
            track.name: track.again
            for track, *_ in self.plan.tracks.ends("WHERE again != '' ORDER BY number")
        }

    @property
    def report_place(self) -> str:
        """Where ``report.jsonl`` is, in words; empty: nowhere."""
        if self.report is None:
            return ""
        return f"{self.plan.place}/{self.report.name}" if self.plan.send else str(self.report)

    def of(self, *status: str, most: int = -1) -> list[TrackOutcome]:
        """The outcomes of these statuses, or the first ones."""
        return list(self.each(*status, most=most))

    def each(self, *status: str, most: int = -1) -> Iterator[TrackOutcome]:
        """As :meth:`of`, one at a time, for there may be a million."""
        where = f"WHERE {_among(status)} ORDER BY number LIMIT ?"
        return (_outcome(*each) for each in self.plan.tracks.ends(where, *status, most))

    def count(self, *status: str) -> int:
        """How many files have these statuses."""
        return sum(self._sum(each).files for each in status)

    @property
    def unlike(self) -> Iterator[TrackOutcome]:
        """Of the files that are converted now, those of which something changed or was lost."""
        where = f"WHERE {IS_MADE} AND unlike ORDER BY number"
        return (_outcome(*each) for each in self.plan.tracks.ends(where))

    @property
    def unlike_told(self) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
        """Name of each of those, what of it is lost, and what changed."""
        return (
            (each.name, each.result.get("lost", ()), each.result.get("changed", ())) for each in self.unlike
        )

    @property
    def warnings(self) -> Iterator[tuple[str, str]]:
        """Name and sentence of each warning of the files that are converted now."""
        # Of a million files few have any: only theirs are read.
        where = f'WHERE {IS_MADE} AND instr(result, \'"warnings": ["\') ORDER BY number'
        for track, _, figures in self.plan.tracks.ends(where):
            for sentence in figures.read().get("warnings", ()):
                yield track.name, sentence

    @property
    def count_unlike(self) -> int:
        """How many of those there are."""
        return sum(self._sum(each).unlike for each in MADE)

    @property
    def again_counts(self) -> list[tuple[str, int]]:
        """How many files were converted again, by reason, the most frequent first."""
        return self.plan.tracks.again()

    @property
    def hints(self) -> list[tuple[str, str]]:
        """How many files failed or were left out, why, and what to try: once for the same."""
        return [
            *count_hints((each.reason, each.hint, each.name) for each in self.each("failed")),
            *own_hint(self.count("left out")),
        ]

    @property
    def seconds(self) -> float:
        """Music that this run converted, in seconds."""
        return self._sum("done").seconds

    @property
    def seconds_there(self) -> float:
        """Music that is converted now, by this run or by earlier ones, in seconds."""
        return self._sum("done").seconds + self._sum("unchanged").seconds

    def _sum(self, status: str) -> Sums:
        return self.plan.tracks.sums().get(status, Sums())


def own_hint(count: int) -> list[tuple[str, str]]:
    """As :attr:`LibraryResult.hints`, of so many files that were left out as styleshift made them."""
    return [(f"{count} made by styleshift, left out", "try `include_own`")] if count else []


def count_hints(failures: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """As :attr:`LibraryResult.hints`, of reasons, hints and names.

    Where not all files of a reason ask for the same, the number says so: ``21 of 26 damaged``. One alone is
    named: ``1 of 26 damaged (a.wav)``.
    """
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for reason, hint, name in failures:
        counts[reason, hint] += 1
        first.setdefault((reason, hint), name)
    whole: Counter[str] = Counter()
    for (reason, _), count in counts.items():
        whole[reason] += count
    hints: dict[str, list[tuple[str, int]]] = {}
    for (reason, hint), count in counts.most_common():
        if hint:
            hints.setdefault(hint, []).append((reason, count))
    frequent = sorted(hints.items(), key=lambda each: -sum(count for _, count in each[1]))[:_HINTS]
    return [
        (
            listed(
                [
                    f"{count}{f' of {whole[why]}' * (count < whole[why])} {why}"
                    + (f" ({_one_line(first[why, hint])})" if count == 1 else "")
                    for why, count in reasons
                ]
            ),
            hint,
        )
        for hint, reasons in frequent
    ]


def _one_line(name: str) -> str:
    return name.replace("\n", "\\n").replace("\r", "\\r")


class _Outcomes(Mapping[str, TrackOutcome]):
    def __init__(self, plan: LibraryPlan) -> None:
        self._tracks = plan.tracks

    def __len__(self) -> int:
        return int(self._tracks.value("count(*)", "WHERE status != ''"))

    def __iter__(self) -> Iterator[str]:
        return (track.name for track, *_ in self._tracks.ends("WHERE status != '' ORDER BY number"))

    def __getitem__(self, name: str) -> TrackOutcome:
        number = self._tracks.number(name)
        for each in self._tracks.ends("WHERE number = ? AND status != ''", number):
            return _outcome(*each)
        raise KeyError(name)


def _outcome(track: Track, end: TrackOutcome, figures: Figures) -> TrackOutcome:
    return end._replace(result=figures.read())


def _among(status: tuple[str, ...]) -> str:
    return f"status IN ({', '.join('?' * len(status))})"
