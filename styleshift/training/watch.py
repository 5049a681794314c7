"""Says in plain words, while a run goes on, that it goes wrong or no further; ends it where wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from styleshift.evaluation.judge import Kind
from styleshift.training.judging import Verdict

GOES_WRONG: tuple[Kind, ...] = ("copies", "collapsed", "music lost")
TWICE = 2
"""Judgements in a row that say the same before it is a warning: one alone may be a swing."""
STANDSTILL = 6
"""Judgements without a better one after which it is said that the run goes no further."""


class Watch:
    """Looks at the judgements of a run, one after the other.

    Args:
        patience: judgements without a better one after which the run has had enough; 0 is no end.
        names: what to call the directions, such as ``violin to piano``.
    """

    def __init__(self, patience: int, names: Mapping[str, str]) -> None:
        self._patience = patience
        self._names = names
        self._row: dict[str, tuple[str, int]] = {}
        self._best, self._best_step, self._since = -1.0, 0, 0

    def look(self, step: int, verdict: Verdict, *, counts: bool) -> list[str]:
        """Take in one judgement.

        Args:
            step: of the state that was judged.
            verdict: on it.
            counts: False while the run cannot be expected to get better, as in its warm start.

        Returns:
            Sentences to warn with; each trouble is told of when it begins, not at every judgement.
        """
        found = []
        # What step 0 does, nobody has taught it.
        for direction, part in verdict.directions.items() if step else ():
            kind, times = self._row.get(direction, ("", 0))
            times = times + 1 if kind == part.kind else 1
            self._row[direction] = (part.kind, times)
            if times == TWICE and part.kind in GOES_WRONG:
                found.append(f"step {step}, {self._names[direction]}: {part.verdict}")
        if verdict.score > self._best:
            self._best, self._best_step, self._since = verdict.score, step, 0
        elif counts:
            self._since += 1
            stands = f"no judgement was better than that of step {self._best_step} ({self._best:.2f} of 1)"
            if self.enough:
                many = f"{self._since} judgement{'s' * (self._since != 1)}"
                found.append(f"step {step}: {stands} in {many}, so the run ends here")
            elif self._since == STANDSTILL:
                found.append(
                    f"step {step}: {stands} since; more steps may not help. Ctrl-C ends the run, and "
                    f"`styleshift export` takes step {self._best_step}"
                )
        return found

    def last_words(self, verdict: Verdict) -> list[str]:
        """What is wrong with the last state of a run."""
        return [
            f"{self._names[direction]}: {part.verdict}"
            for direction, part in verdict.directions.items()
            if part.kind in GOES_WRONG
        ]

    @property
    def enough(self) -> bool:
        """The run has gone without a better judgement for as long as its patience."""
        return 0 < self._patience <= self._since

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` needs to go on as if nothing had been; fit for JSON."""
        row = {direction: list(value) for direction, value in self._row.items()}
        return {"row": row, "best": self._best, "best_step": self._best_step, "since": self._since}

    def restore(self, state: Mapping[str, Any]) -> None:
        """The inverse of :meth:`state`; a run that had had enough and goes on all the same counts anew."""
        self._row = {direction: (kind, times) for direction, (kind, times) in state["row"].items()}
        self._best, self._best_step = float(state["best"]), int(state["best_step"])
        self._since = int(state["since"])
        if self.enough:
            self._since = 0
